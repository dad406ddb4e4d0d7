#!/usr/bin/env python3
"""Writes assets/ramps/{heat,time_left}.json: the colour ramps that the native pictures and the web map share.

Both are paths through the perceptually uniform OKLab space, sampled at equal steps of arc length, so that equal
differences of the value look like equal differences of the colour. Run it from anywhere; the same bytes come out every time.
assets/ramps/owners.json is written by hand; its test is in the wall-render crate.
"""
import json
import math
import pathlib

OUT = pathlib.Path(__file__).resolve().parent.parent / "assets" / "ramps"


def to_srgb(lightness, a, b):
    """OKLab to 8-bit sRGB (Ottosson 2020); a colour outside sRGB is an error, not a clipped colour."""
    l_, m_, s_ = (
        (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3,
        (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3,
        (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3,
    )
    linear = (
        4.0767416621 * l_ - 3.3077115913 * m_ + 0.2309699292 * s_,
        -1.2684380046 * l_ + 2.6097574011 * m_ - 0.3413193965 * s_,
        -0.0041960863 * l_ - 0.7034186147 * m_ + 1.7076147010 * s_,
    )
    out = []
    for c in linear:
        if not -1e-4 <= c <= 1.0001:
            raise SystemExit(f"outside sRGB: L={lightness:.3f} a={a:.3f} b={b:.3f} -> {linear}")
        c = min(max(c, 0.0), 1.0)
        c = 12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055
        out.append(round(c * 255))
    return out


def lch(lightness, chroma, hue_deg):
    h = math.radians(hue_deg)
    return (lightness, chroma * math.cos(h), chroma * math.sin(h))


def catmull_rom(knots, t):
    """Point at t in 0..1 of a smooth curve through the knots (OKLab triples)."""
    n = len(knots) - 1
    i = min(int(t * n), n - 1)
    u = t * n - i
    p = [knots[max(i - 1, 0)], knots[i], knots[i + 1], knots[min(i + 2, n)]]
    return tuple(
        0.5 * (2 * b + (c - a) * u + (2 * a - 5 * b + 4 * c - d) * u * u + (3 * b - a - 3 * c + d) * u**3)
        for a, b, c, d in zip(*p)
    )


def evenly(knots, count):
    """`count` colours at equal arc length along the curve through the knots, both ends included."""
    fine = [catmull_rom(knots, i / 4096) for i in range(4097)]
    far = [0.0]
    for a, b in zip(fine, fine[1:]):
        far.append(far[-1] + math.dist(a, b))
    out, k = [], 0
    for i in range(count):
        want = far[-1] * i / (count - 1)
        while k < 4095 and far[k + 1] < want:
            k += 1
        u = (want - far[k]) / (far[k + 1] - far[k])
        out.append(to_srgb(*(a + (b - a) * u for a, b in zip(fine[k], fine[k + 1]))))
    return out


# Heat, quiet to busy: slate just above the ground, teal, sea green, pale straw. Muted, and free of the reds, oranges,
# yellows and blues that belong to alarms.
HEAT = [
    lch(0.275, 0.030, 250),
    lch(0.385, 0.058, 228),
    lch(0.500, 0.076, 205),
    lch(0.620, 0.086, 182),
    lch(0.740, 0.088, 158),
    lch(0.850, 0.086, 128),
    lch(0.945, 0.062, 104),
]

# Time left, index 0 = long overdue, middle = due now, last = plenty of time. Overdue is a muted copper, due now a pale
# neutral, time in hand sinks into dark steel blue: warm against cold, which red-green blindness does not mix up.
OVERDUE = [lch(0.500, 0.135, 32), lch(0.610, 0.118, 42), lch(0.730, 0.080, 58), lch(0.860, 0.022, 85)]
IN_HAND = [lch(0.860, 0.022, 85), lch(0.660, 0.055, 232), lch(0.475, 0.070, 240), lch(0.310, 0.045, 245)]


def write(name, colours):
    OUT.mkdir(parents=True, exist_ok=True)
    rows = [", ".join(json.dumps(c, separators=(",", ":")) for c in colours[i : i + 8]) for i in range(0, len(colours), 8)]
    (OUT / name).write_text("[\n  " + ",\n  ".join(rows) + "\n]\n")


write("heat.json", evenly(HEAT, 256))
write("time_left.json", evenly(OVERDUE, 128) + evenly(IN_HAND, 128))
