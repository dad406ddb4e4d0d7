/**
 * The colours of the map, in one place. Both ramps are straight lines of lightness in OKLCH, resampled to equal steps of
 * OKLab distance, so that equal steps of the quantity look equal. They stay muted: saturated colour belongs to alarms.
 * `tests/ramp.test.ts` holds golden values.
 */
import { color } from '@/style/tokens';

/** Red, green, blue 0 … 255 and alpha 0 … 255. */
export type Rgba = readonly [number, number, number, number];

interface Lch {
  l: number;
  c: number;
  h: number;
}

type Lab = readonly [number, number, number];

function toLab({ l, c, h }: Lch): Lab {
  const angle = (h * Math.PI) / 180;
  return [l, c * Math.cos(angle), c * Math.sin(angle)];
}

/** OKLab to 8-bit sRGB (Björn Ottosson, 2020), clipped to the gamut. */
function labToRgb([L, a, b]: Lab): [number, number, number] {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  const [r, g, bl] = linear.map((v) => {
    const x = Math.min(1, Math.max(0, v));
    return Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055));
  });
  return [r ?? 0, g ?? 0, bl ?? 0];
}

function mix(stops: readonly Lch[], t: number): Lch {
  const x = Math.min(1, Math.max(0, t)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(x));
  const [p, q] = [stops[i], stops[i + 1]];
  if (!p || !q) throw new Error('a ramp needs two stops');
  const f = x - i;
  return { l: p.l + (q.l - p.l) * f, c: p.c + (q.c - p.c) * f, h: p.h + (q.h - p.h) * f };
}

/** `n` colours along the stops, equally far from each other in OKLab. */
function evenly(stops: readonly Lch[], n: number): [number, number, number][] {
  const fine = 2048;
  const path = Array.from({ length: fine + 1 }, (_, i) => toLab(mix(stops, i / fine)));
  const travelled = [0];
  for (let i = 1; i <= fine; i += 1) {
    const [p, q] = [path[i - 1], path[i]];
    if (p && q) travelled.push((travelled[i - 1] ?? 0) + Math.hypot(q[0] - p[0], q[1] - p[1], q[2] - p[2]));
  }
  const total = travelled[fine] ?? 1;
  let at = 0;
  return Array.from({ length: n }, (_, i) => {
    const want = (total * i) / (n - 1);
    while (at < fine && (travelled[at] ?? 0) < want) at += 1;
    return labToRgb(path[at] ?? [0, 0, 0]);
  });
}

/** Heat: night violet → mauve → rose → sand. */
const heatStops: readonly Lch[] = [
  { l: 0.27, c: 0.05, h: 290 },
  { l: 0.4, c: 0.095, h: 318 },
  { l: 0.54, c: 0.115, h: 358 },
  { l: 0.69, c: 0.105, h: 402 },
  { l: 0.83, c: 0.085, h: 432 },
  { l: 0.94, c: 0.06, h: 452 },
];

/** Time left, late side: clay, brightest when latest. The first stop is "due now". */
const lateStops: readonly Lch[] = [
  { l: 0.4, c: 0.008, h: 40 },
  { l: 0.6, c: 0.075, h: 42 },
  { l: 0.8, c: 0.1, h: 58 },
];

/** Time left, ample side: sea. */
const ampleStops: readonly Lch[] = [
  { l: 0.4, c: 0.008, h: 200 },
  { l: 0.46, c: 0.03, h: 210 },
  { l: 0.58, c: 0.05, h: 205 },
];

/** A difference, on the side of less: slate. The first stop is "the same". */
const lessStops: readonly Lch[] = [
  { l: 0.4, c: 0.006, h: 250 },
  { l: 0.58, c: 0.07, h: 250 },
  { l: 0.78, c: 0.085, h: 245 },
];

/** A difference, on the side of more: ochre. */
const moreStops: readonly Lch[] = [
  { l: 0.4, c: 0.006, h: 90 },
  { l: 0.58, c: 0.075, h: 85 },
  { l: 0.8, c: 0.1, h: 92 },
];

/** 256 colours without alpha; index 0 is the low end. */
export const heatColors = evenly(heatStops, 256);

/** 256 colours, 0 = one span late, 128 = due now, 255 = one span to go. */
export const timeLeftColors = [...evenly(lateStops, 128).reverse(), ...evenly(ampleStops, 128)];

/** 256 colours of a difference, 0 = least, 128 = the same, 255 = most. Blue and yellow: told apart whatever one's eyes. */
export const diffColors = [...evenly(lessStops, 128).reverse(), ...evenly(moreStops, 128)];

/** How many of the lowest heat values fade in from the ground. */
const fadeIn = 56;

/** Byte → colour of the heat raster: 0 is nothing, the low end fades in so that no edge shows. */
export const heatLut: readonly Rgba[] = heatColors.map(([r, g, b], i) => {
  const t = Math.min(1, i / fadeIn);
  return [r, g, b, Math.round(225 * (t * t * (3 - 2 * t)))];
});

/** Byte → colour of the time-left raster: 0 is nothing; late is opaque, ample time recedes. */
export const timeLeftLut: readonly Rgba[] = timeLeftColors.map(([r, g, b], i) => [r, g, b, i === 0 ? 0 : Math.round(i < 128 ? 225 - 45 * (i / 128) : 180 - 60 * ((i - 128) / 127))]);

/** CSS colour. */
export function css([r, g, b]: readonly [number, number, number] | Rgba): string {
  return `rgb(${r},${g},${b})`;
}

/** `n` stops of a ramp as CSS colours, for legends and for map expressions. */
export function sample(colors: readonly (readonly [number, number, number])[], n: number): string[] {
  return Array.from({ length: n }, (_, i) => css(colors[Math.round(((colors.length - 1) * i) / (n - 1))] ?? [0, 0, 0]));
}

/** Colours of owners: Okabe and Ito's eight, muted for a dark ground and for lying under text. */
export const ownerColors: readonly string[] = [color('owner-0'), color('owner-1'), color('owner-2'), color('owner-3'), color('owner-4'), color('owner-5'), color('owner-6'), color('owner-7')];

/** Statutory colours of alarms: the only saturated ones on the wall. */
export const alarmColors: Readonly<Record<string, string>> = { red: color('alarm-red'), orange: color('alarm-orange'), yellow: color('alarm-yellow'), blue: color('alarm-blue') };
