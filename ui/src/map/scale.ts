/** How large things are on the screen: when borders fade, which names stand, how wide the heat's kernel is. Pure. */
import type { AreaProperties } from '@/wire/wire';

/** Ground metres of a CSS pixel at the equator at zoom 0 (MapLibre's tiles are 512 pixels wide). */
const metresAtZoom0 = 78_271.516_964_020_48;

/** Metres of a CSS pixel at a zoom and latitude. */
export function metresPerPixel(zoom: number, lat: number): number {
  return (metresAtZoom0 * Math.cos((lat * Math.PI) / 180)) / 2 ** zoom;
}

/** The zoom at which so many metres take so many pixels. */
export function zoomFor(metres: number, pixels: number, lat: number): number {
  return Math.log2((pixels * metresAtZoom0 * Math.cos((lat * Math.PI) / 180)) / Math.max(metres, 1e-6));
}

/** Side in metres of the middle area of a level, and its latitude; `null` without areas. */
export function middleSide(areas: Iterable<{ properties: Pick<AreaProperties, 'area_km2' | 'label_lat'> }>): { side_m: number; lat: number } | null {
  const all = [...areas].map(({ properties }) => properties).sort((a, b) => a.area_km2 - b.area_km2);
  const middle = all[Math.floor(all.length / 2)];
  return middle ? { side_m: Math.sqrt(middle.area_km2) * 1000, lat: middle.label_lat } : null;
}

/** Side in pixels, at the base size of a 1080p wall, at which borders have faded, stand fully, and names begin. */
const fadedPx = 9;
const fullPx = 30;
const namedPx = 46;

/** The zooms of a level: where its borders have faded, stand fully, and where its names begin. */
export interface LevelZooms {
  faded: number;
  full: number;
  named: number;
}

/** The zooms of a level by the size of its middle area; `null` without areas. */
export function levelZooms(areas: Iterable<{ properties: Pick<AreaProperties, 'area_km2' | 'label_lat'> }>, base: number): LevelZooms | null {
  const middle = middleSide(areas);
  if (!middle) return null;
  const at = (px: number): number => zoomFor(middle.side_m, (px * base) / 15, middle.lat);
  return { faded: at(fadedPx), full: at(fullPx), named: at(namedPx) };
}

/** 1, 2 or 5 times a power of ten, at or above a number. */
export function niceUp(x: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(x, 1e-9)));
  return [1, 2, 5, 10].map((m) => m * power).find((n) => n >= x * (1 - 1e-9)) ?? x;
}

/** Narrower than so many pixels (at the base size of a 1080p wall), a kernel is a speckle and no surface. */
const leastKernelPx = 6;

/** The heat's kernel for a zoom: the wall's own, or wider where that would be lost. A round number of metres. */
export function kernelFor(metresPerPx: number, ownM: number, base: number): number {
  const wanted = (metresPerPx * leastKernelPx * base) / 15;
  return wanted <= ownM ? ownM : Math.min(20_000, niceUp(wanted));
}

/** Labels of a scale of counts: whole numbers, evenly spaced; the last one stands for itself and more. */
export function wholeTicks(top: number): number[] {
  const parts = [4, 5, 3, 2, 1].find((n) => top % n === 0) ?? 1;
  return Array.from({ length: parts + 1 }, (_, i) => (top / parts) * i);
}
