/**
 * One number sizes the wall: the base size, that is the smallest text, from viewing distance and pixel pitch.
 * Everything else is in rem. The desk uses ordinary sizes; `auto` follows the height of the screen.
 */
import { reactive, watchEffect } from 'vue';

/** What the wall is used for. */
export type Preset = 'auto' | 'desk' | 'wall';

/** The remembered setting. */
export interface Display {
  preset: Preset;
  /** Viewing distance in metres. */
  distance_m: number;
  /** Width of the whole picture in millimetres. */
  width_mm: number;
}

/** What a setting comes to on a screen. */
export interface BaseSize {
  /** Size of the smallest text in CSS pixels. */
  px: number;
  /** Whether the screen could not hold the size asked for. */
  capped: boolean;
  /** How many rem fit side by side. */
  columns: number;
  /** How many rem fit one above the other. */
  rows: number;
}

/** Dense Chinese text needs 20 arc-minutes. */
export const leastArcMinutes = 20;

/** The narrowest and lowest wall, in rem, that is laid out without overlap. */
const leastColumns = 62;
const leastRows = 35;

/** Height in millimetres of something that subtends so many arc-minutes at a distance. */
export function subtends(arcMinutes: number, distanceM: number): number {
  return 2 * distanceM * 1000 * Math.tan((arcMinutes * Math.PI) / (2 * 60 * 180));
}

/** Arc-minutes of something so many millimetres high at a distance. */
export function arcMinutes(heightMm: number, distanceM: number): number {
  return (2 * Math.atan(heightMm / (2 * distanceM * 1000)) * 60 * 180) / Math.PI;
}

/** The base size on a screen of so many CSS pixels. */
export function baseSize(display: Display, widthPx: number, heightPx: number): BaseSize {
  const pitch = display.width_mm / widthPx;
  let asked: number;
  if (display.preset === 'desk') {
    asked = 13;
  } else if (display.preset === 'wall') {
    asked = subtends(leastArcMinutes, display.distance_m) / pitch;
  } else {
    // 72 rem high, at least 96 wide: the proportions of 15 px at 1920×1080.
    asked = Math.max(12, Math.min(heightPx / 72, widthPx / 96));
  }
  const most = Math.min(widthPx / leastColumns, heightPx / leastRows);
  const px = Math.max(8, Math.round(Math.min(asked, most) * 4) / 4);
  return { px, capped: asked > most + 0.5, columns: widthPx / px, rows: heightPx / px };
}

const storeKey = 'gridwall.display';

function remembered(): Display {
  const usual: Display = { preset: 'auto', distance_m: 8, width_mm: 4800 };
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storeKey) ?? '{}');
    if (typeof stored !== 'object' || stored === null) return usual;
    const read = { ...usual, ...stored };
    const ok = ['auto', 'desk', 'wall'].includes(read.preset) && read.distance_m > 0 && read.width_mm > 0;
    return ok ? read : usual;
  } catch {
    return usual;
  }
}

/** The live setting with what it comes to; writes the root font size and the density of the page. */
export function useDisplay(): { display: Display; base: BaseSize } {
  const display = reactive(remembered());
  const size = reactive({ width: innerWidth, height: innerHeight });
  const base = reactive<BaseSize>({ px: 15, capped: false, columns: 128, rows: 72 });
  addEventListener('resize', () => Object.assign(size, { width: innerWidth, height: innerHeight }));
  watchEffect(() => {
    Object.assign(base, baseSize(display, size.width, size.height));
    const root = document.documentElement;
    root.style.fontSize = `${base.px}px`;
    root.dataset.columns = base.columns < 80 ? 'few' : base.columns < 105 ? 'some' : 'many';
    root.dataset.rows = base.rows < 46 ? 'few' : base.rows < 62 ? 'some' : 'many';
    localStorage.setItem(storeKey, JSON.stringify(display));
  });
  return { display, base };
}
