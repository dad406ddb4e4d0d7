/**
 * The colours of the map that mean a quantity. The ramps lie in `assets/ramps`, where the native pictures read them too
 * (`scripts/make-ramps.mjs` makes them); `tests/ramp.test.ts` holds golden values.
 */
import difference from '../../../assets/ramps/difference.json';
import heat from '../../../assets/ramps/heat.json';
import timeLeft from '../../../assets/ramps/time_left.json';
import { color } from '@/style/tokens';

/** Red, green, blue 0 … 255 and alpha 0 … 255. */
export type Rgba = readonly [number, number, number, number];

type Colors = readonly (readonly [number, number, number])[];

/** 256 colours without alpha; index 0 is the low end. */
export const heatColors = heat as unknown as Colors;

/** 256 colours, 0 = one span late, 128 = due now, 255 = one span to go. */
export const timeLeftColors = timeLeft as unknown as Colors;

/** 256 colours of a difference, 0 = least, 128 = the same, 255 = most. */
export const diffColors = difference as unknown as Colors;

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
export function sample(colors: Colors, n: number): string[] {
  return Array.from({ length: n }, (_, i) => css(colors[Math.round(((colors.length - 1) * i) / (n - 1))] ?? [0, 0, 0]));
}

/** Colours of owners, told apart whatever one's eyes: tests of the native pictures measure it. */
export const ownerColors: readonly string[] = [color('owner-0'), color('owner-1'), color('owner-2'), color('owner-3'), color('owner-4'), color('owner-5'), color('owner-6'), color('owner-7')];

/** Statutory colours of alarms: the only saturated ones on the wall. */
export const alarmColors: Readonly<Record<string, string>> = { red: color('alarm-red'), orange: color('alarm-orange'), yellow: color('alarm-yellow'), blue: color('alarm-blue') };
