#!/usr/bin/env python3
"""Which precinct each 311 request of Boston's 2015 lies in, computed without GridWall, for its tests to compare with.

Run once, outside the project, with Python 3.11 and shapely 2.2.0 (GEOS 3.14.1):

    python3 -m venv venv && venv/bin/pip install shapely==2.2.0
    venv/bin/python make_boston_locate.py tickets_2015.csv.gz precincts.geojson boston_locate.csv.gz

One line per row of the tickets, in their order: `code,flags`. The code is empty outside all precincts. Flags: `o` in the
interior of two or more precincts, `e` within 1 mm of an edge of some precinct (there rounding may decide).

The rule: interior of one precinct -> it; of several -> the lowest code, then feature order; in none but on boundaries -> the
lowest code, then feature order; else none. Geometry is taken as it is; a ring that crosses itself counts by the even-odd
rule (`make_valid`, linework).
"""

import csv
import gzip
import json
import math
import sys

import numpy as np
import shapely

EDGE_M = 1e-3
BATCH = 20_000


def main(tickets_path, precincts_path, out_path):
    with open(precincts_path, encoding="utf-8") as f:
        features = json.load(f)["features"]
    order = sorted(range(len(features)), key=lambda i: (features[i]["properties"]["WDPCT"].encode(), i))
    codes = [features[i]["properties"]["WDPCT"] for i in order]
    raw = [shapely.geometry.shape(features[i]["geometry"]) for i in order]
    invalid = [codes[i] for i, g in enumerate(raw) if not g.is_valid]
    grounds = np.array([g if g.is_valid else shapely.make_valid(g) for g in raw])
    shapely.prepare(grounds)
    tree = shapely.STRtree(grounds)

    with gzip.open(tickets_path, "rt", encoding="utf-8", errors="replace", newline="") as f:
        points = np.array([(float(r["LONGITUDE"]), float(r["LATITUDE"])) for r in csv.DictReader(f)])

    # Metres by one scale are enough to tell whether an edge is within a millimetre.
    lat = math.radians(points[:, 1].mean())
    scale = np.array([111_412.84 * math.cos(lat) - 93.5 * math.cos(3 * lat), 111_132.92 - 559.82 * math.cos(2 * lat)])
    edges_m = shapely.STRtree([shapely.transform(g.boundary, lambda c: c * scale) for g in raw])

    lines, outside, several, near = [], 0, 0, 0
    for start in range(0, len(points), BATCH):
        batch = points[start : start + BATCH]
        geometries = shapely.points(batch)
        inside = [[] for _ in batch]
        touching = [[] for _ in batch]
        for p, g in zip(*tree.query(geometries, predicate="intersects")):
            (inside if grounds[g].contains_properly(geometries[p]) else touching)[p].append(g)
        at_edge = set(edges_m.query(shapely.points(batch * scale), predicate="dwithin", distance=EDGE_M)[0].tolist())
        for p in range(len(batch)):
            found = min(inside[p], default=min(touching[p], default=None))
            flags = ("o" if len(inside[p]) > 1 else "") + ("e" if p in at_edge else "")
            outside += found is None
            several += len(inside[p]) > 1
            near += p in at_edge
            lines.append(f"{'' if found is None else codes[found]},{flags}\n")

    with open(out_path, "wb") as f, gzip.GzipFile(filename="", mode="wb", fileobj=f, mtime=0) as z:
        z.write(("code,flags\n" + "".join(lines)).encode())
    print(f"rows {len(lines)}, outside {outside}, in two or more {several}, within 1 mm of an edge {near}")
    print(f"precincts {len(codes)}, invalid {invalid}, shapely {shapely.__version__}, GEOS {shapely.geos_version}")


if __name__ == "__main__":
    main(*sys.argv[1:])
