#!/usr/bin/env python3
"""Expected results of edits of a subdivision, computed by shapely (GEOS), which shares no code with GridWall.

    pip install shapely==2.2.0
    python3 tests/expected/make_topology_edits.py

writes topology_edits.json.gz beside it: cases made at random (seed below), each with cells on the integer grid (units of
1e-9 degree from an origin), one edit, and what shapely makes of it: twice the area of every cell afterwards, and places with
the cell they lie in (-1 for none), all of them at least 100 units from every border. Tolerances belong to the test.
"""
import gzip, json, math, random
from pathlib import Path
from shapely.geometry import LineString, Point, Polygon
from shapely.ops import split, unary_union

random.seed(20261124)
SIDE = 2_000_000
# Smaller pieces are rounding; no case has pieces between this and a hundred thousand times as much.
DUST = 1e4


def bent(a, b):
    n = random.randint(0, 4)
    out = []
    for k in range(1, n + 1):
        t = k / (n + 1)
        j = lambda: random.randint(-SIDE // 30, SIDE // 30)
        out.append((round(a[0] + (b[0] - a[0]) * t) + j(), round(a[1] + (b[1] - a[1]) * t) + j()))
    return out


def grid(columns, rows):
    j = lambda: random.randint(-SIDE // 6, SIDE // 6)
    corner = {(x, y): (x * SIDE + j(), y * SIDE + j()) for x in range(columns + 1) for y in range(rows + 1)}
    flat = {k: bent(corner[k], corner[(k[0] + 1, k[1])]) for k in corner if k[0] < columns}
    up = {k: bent(corner[k], corner[(k[0], k[1] + 1)]) for k in corner if k[1] < rows}
    cells = []
    for x in range(columns):
        for y in range(rows):
            ring = [corner[(x, y)], *flat[(x, y)], corner[(x + 1, y)], *up[(x + 1, y)], corner[(x + 1, y + 1)]]
            ring += [*reversed(flat[(x, y + 1)]), corner[(x, y + 1)], *reversed(up[(x, y)])]
            cells.append(Polygon(ring))
    if not all(c.is_valid for c in cells):
        return grid(columns, rows)
    # Some are joined, so that cells have many shapes, and holes when a cell is surrounded.
    for _ in range(random.randint(0, 3)):
        a = random.randrange(len(cells))
        near = [i for i in range(len(cells)) if i != a and cells[a].intersection(cells[i]).length > 0]
        for b in sorted(random.sample(near, min(len(near), random.randint(1, 3))), reverse=True):
            cells[a] = cells[a].union(cells[b])
            cells.pop(b)
            a -= a > b
    return cells


def star(cx, cy, r, n):
    out = []
    for k in range(n):
        a = 2 * math.pi * k / n
        q = r * random.uniform(0.4, 1.0)
        out.append((round(cx + q * math.cos(a)), round(cy + q * math.sin(a))))
    return Polygon(out)


def polygons(g):
    if g.geom_type == "Polygon":
        return [g]
    return [p for p in g.geoms if p.geom_type == "Polygon"] if hasattr(g, "geoms") else []


def rings(g):
    return [[[[int(x), int(y)] for x, y in r.coords[:-1]] for r in [p.exterior, *p.interiors]] for p in polygons(g)]


def places(after, count=40):
    """Places away from every border, with the index of their cell."""
    lines = [p.boundary for g in after for p in polygons(g)]
    box = unary_union([g.envelope for g in after]).bounds
    found = []
    while len(found) < count:
        p = Point(random.randint(int(box[0]), int(box[2])), random.randint(int(box[1]), int(box[3])))
        if min(l.distance(p) for l in lines) < 100:
            continue
        found.append([int(p.x), int(p.y), next((i for i, g in enumerate(after) if g.contains(p)), -1)])
    return found


def case(cells, edit, after):
    return {"cells": [rings(c) for c in cells], "edit": edit,
            "area2": [round(2 * g.area) for g in after], "parts": [sum(p.area > DUST for p in polygons(g)) for g in after], "places": places(after)}


cases = []
while sum(c["edit"]["kind"] == "split" for c in cases) < 60:
    cells = grid(4, 3)
    k = random.randrange(len(cells))
    x0, y0, x1, y1 = cells[k].bounds
    line = [(random.randint(int(x0), int(x1)), int(y0) - 50_000)]
    for _ in range(random.randint(0, 3)):
        line.append((random.randint(int(x0), int(x1)), random.randint(int(y0), int(y1))))
    line.append((random.randint(int(x0), int(x1)), int(y1) + 50_000))
    if not LineString(line).is_simple:
        continue
    pieces = sorted(polygons(split(cells[k], LineString(line))), key=lambda p: -p.area)
    edit = {"kind": "split", "cell": k, "line": line, "pieces": len(pieces)}
    if len(pieces) == 2 and pieces[1].area < 1e10:
        continue
    after = cells[:k] + [pieces[0]] + cells[k + 1:] + [pieces[1]] if len(pieces) == 2 else cells
    cases.append(case(cells, edit, after))
while sum(c["edit"]["kind"] == "merge" for c in cases) < 40:
    cells = grid(4, 3)
    a, b = random.sample(range(len(cells)), 2)
    common = cells[a].intersection(cells[b]).length > 0
    edit = {"kind": "merge", "cell": a, "with": b, "neighbours": common}
    # The one that goes up in the other is left out of what is expected.
    after = [cells[a].union(cells[b]) if i == a else c for i, c in enumerate(cells) if i != b] if common else cells
    cases.append(case(cells, edit, after))
while sum(c["edit"]["kind"] == "transfer" for c in cases) < 80:
    cells = grid(4, 3)
    k = random.randrange(len(cells))
    x0, y0, x1, y1 = cells[k].bounds
    area = star(random.randint(int(x0), int(x1)), random.randint(int(y0), int(y1)), random.randint(SIDE // 3, SIDE * 2), random.randint(3, 12))
    others = unary_union([c for i, c in enumerate(cells) if i != k])
    if not area.is_valid or area.intersection(others).area < 1e10 or area.intersection(cells[k]).area < 1e10:
        continue
    after = [c.difference(area) for c in cells]
    if any(g.is_empty for i, g in enumerate(after) if i != k):
        continue
    # (Not the union with what was cut off: its new corners would not lie on the old border exactly.)
    after[k] = cells[k].union(area).intersection(unary_union(cells))
    if any(DUST < p.area < 100_000 * DUST for g in after for p in polygons(g)):
        continue
    cases.append(case(cells, {"kind": "transfer", "cell": k, "area": rings(area)[0]}, after))
while sum(c["edit"]["kind"] == "overlaps" for c in cases) < 60:
    # Not an edit: cells that lie on each other. The first has the ground.
    cells = [star(random.randint(0, 3 * SIDE), random.randint(0, 3 * SIDE), random.randint(SIDE // 2, SIDE * 2), random.randint(3, 14)) for _ in range(random.randint(2, 9))]
    if not all(c.is_valid for c in cells):
        continue
    after, taken = [], Polygon()
    for c in cells:
        after.append(c.difference(taken))
        taken = taken.union(c)
    if any(DUST < p.area < 100_000 * DUST for g in after for p in polygons(g)):
        continue
    cases.append(case(cells, {"kind": "overlaps"}, after))
out = Path(__file__).with_name("topology_edits.json.gz")
with gzip.GzipFile(out, "wb", mtime=0) as f:
    f.write(json.dumps(cases, separators=(",", ":")).encode())
print(len(cases), "cases,", out.stat().st_size, "bytes")
