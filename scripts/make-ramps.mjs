#!/usr/bin/env node
// Writes assets/ramps/*.json: the colours of heat, time left, differences and owners that the web map and the native pictures share.
// The same bytes come out every time; a test compares them with what is committed.
//
// Ramps are straight lines of lightness in OKLCH, resampled to equal steps of OKLab distance, so that equal steps of the quantity
// look equal. They stay muted: saturated colour belongs to alarms. Owners' colours are lines of ui/src/style/tokens.css.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);

function toLab({ l, c, h }) {
  const angle = (h * Math.PI) / 180;
  return [l, c * Math.cos(angle), c * Math.sin(angle)];
}

/** OKLab to 8-bit sRGB (Björn Ottosson, 2020), clipped to the gamut. */
function labToRgb([L, a, b]) {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s, -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s];
  return linear.map((v) => {
    const x = Math.min(1, Math.max(0, v));
    return Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055));
  });
}

function mix(stops, t) {
  const x = Math.min(1, Math.max(0, t)) * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(x));
  const [p, q, f] = [stops[i], stops[i + 1], x - i];
  return { l: p.l + (q.l - p.l) * f, c: p.c + (q.c - p.c) * f, h: p.h + (q.h - p.h) * f };
}

/** `n` colours along the stops, equally far from each other in OKLab. */
function evenly(stops, n) {
  const fine = 2048;
  const path = Array.from({ length: fine + 1 }, (_, i) => toLab(mix(stops, i / fine)));
  const travelled = [0];
  for (let i = 1; i <= fine; i += 1) {
    const [p, q] = [path[i - 1], path[i]];
    travelled.push(travelled[i - 1] + Math.hypot(q[0] - p[0], q[1] - p[1], q[2] - p[2]));
  }
  let at = 0;
  return Array.from({ length: n }, (_, i) => {
    const want = (travelled[fine] * i) / (n - 1);
    while (at < fine && travelled[at] < want) at += 1;
    return labToRgb(path[at]);
  });
}

/** Night violet → mauve → rose → sand. */
const heat = [
  { l: 0.27, c: 0.05, h: 290 },
  { l: 0.4, c: 0.095, h: 318 },
  { l: 0.54, c: 0.115, h: 358 },
  { l: 0.69, c: 0.105, h: 402 },
  { l: 0.83, c: 0.085, h: 432 },
  { l: 0.94, c: 0.06, h: 452 },
];
/** Time left, late side: clay, brightest when latest. The first stop is "due now". */
const late = [
  { l: 0.4, c: 0.008, h: 40 },
  { l: 0.6, c: 0.075, h: 42 },
  { l: 0.8, c: 0.1, h: 58 },
];
/** Time left, ample side: sea. */
const ample = [
  { l: 0.4, c: 0.008, h: 200 },
  { l: 0.46, c: 0.03, h: 210 },
  { l: 0.58, c: 0.05, h: 205 },
];
/** A difference, on the side of less: slate. The first stop is "the same". */
const less = [
  { l: 0.4, c: 0.006, h: 250 },
  { l: 0.58, c: 0.07, h: 250 },
  { l: 0.78, c: 0.085, h: 245 },
];
/** A difference, on the side of more: ochre. */
const more = [
  { l: 0.4, c: 0.006, h: 90 },
  { l: 0.58, c: 0.075, h: 85 },
  { l: 0.8, c: 0.1, h: 92 },
];

/** The owners' colours of the sheet of colours. */
function owners() {
  const sheet = readFileSync(new URL('ui/src/style/tokens.css', root), 'utf8');
  const found = [...sheet.matchAll(/--owner-(\d): #([0-9a-f]{6});/g)].sort((a, b) => a[1] - b[1]);
  return found.map(([, , hex]) => [0, 2, 4].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)));
}

/** Name of a file → its colours. */
export const ramps = {
  /** 256 colours, 0 = the low end. */
  heat: evenly(heat, 256),
  /** 256 colours, 0 = one span late, 128 = due now, 255 = one span to go. */
  time_left: [...evenly(late, 128).reverse(), ...evenly(ample, 128)],
  /** 256 colours, 0 = least, 128 = the same, 255 = most. Blue and yellow: told apart whatever one's eyes. */
  difference: [...evenly(less, 128).reverse(), ...evenly(more, 128)],
  owners: owners(),
};

/** What stands in a file. */
export function text(colors) {
  const rows = Array.from({ length: Math.ceil(colors.length / 8) }, (_, i) => colors.slice(i * 8, i * 8 + 8).map((c) => JSON.stringify(c)).join(', '));
  return `[\n  ${rows.join(',\n  ')}\n]\n`;
}

/** Where it lies. */
export const fileOf = (name) => new URL(`assets/ramps/${name}.json`, root);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, colors] of Object.entries(ramps)) writeFileSync(fileOf(name), text(colors));
}
