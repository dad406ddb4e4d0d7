/**
 * The heat raster: bytes of the visible area from the host, coloured by a ramp into a canvas that the map stretches
 * over the ground. A frame fades into the next; after a move the picture of the new area replaces the old at once.
 */
import type { CanvasSource, Map as MapLibre } from 'maplibre-gl';
import type { Host } from '@/host';
import type { Held, TimeAsked } from '@/state/wall';
import { heatLut, timeLeftLut, type Rgba } from './ramp';

/** What the raster shows. */
export interface HeatQuestion {
  mode: 'heat' | 'time_left';
  asOfMs: number | null;
  /** The same as the host takes it, with whose knowledge. */
  time: TimeAsked;
  /** Kernel and top of the scale; without: the wall's own. */
  scale: HeatScale | null;
  /** Whether to fade from the last picture of the same area. */
  fade: boolean;
}

/** Width of the kernel in metres, and the density at the top of the ramp. */
export interface HeatScale {
  sigma_m: number;
  max: number;
}

/** West, south, east, north. */
export type Bounds = [number, number, number, number];

/** Colours bytes into pixels. */
export function paint(values: ArrayLike<number>, lut: readonly Rgba[], out: Uint8ClampedArray): void {
  for (let i = 0; i < values.length; i += 1) {
    const [r, g, b, a] = lut[values[i] ?? 0] ?? [0, 0, 0, 0];
    out[4 * i] = r;
    out[4 * i + 1] = g;
    out[4 * i + 2] = b;
    out[4 * i + 3] = a;
  }
}

/** Softens the edge of a picture inwards: transparency spreads by `reach` pixels, nothing else changes. */
export function softenEdge(pixels: Uint8ClampedArray, width: number, height: number, reach: number): void {
  const cover = new Float32Array(width * height);
  for (let i = 0; i < cover.length; i += 1) cover[i] = pixels[4 * i + 3] === 0 ? 0 : 1;
  const along = (count: number, stride: number, lines: number, lineStride: number): void => {
    const line = new Float32Array(count);
    for (let l = 0; l < lines; l += 1) {
      let sum = 0;
      for (let i = 0; i < Math.min(reach, count); i += 1) sum += cover[l * lineStride + i * stride] ?? 0;
      for (let i = 0; i < count; i += 1) {
        if (i + reach < count) sum += cover[l * lineStride + (i + reach) * stride] ?? 0;
        if (i - reach - 1 >= 0) sum -= cover[l * lineStride + (i - reach - 1) * stride] ?? 0;
        line[i] = sum / (2 * reach + 1);
      }
      for (let i = 0; i < count; i += 1) cover[l * lineStride + i * stride] = line[i] ?? 0;
    }
  };
  along(width, 1, height, width);
  along(height, width, width, 1);
  for (let i = 0; i < cover.length; i += 1) {
    const t = Math.min(1, Math.max(0, ((cover[i] ?? 0) - 0.4) / 0.6));
    pixels[4 * i + 3] = (pixels[4 * i + 3] ?? 0) * t * t * (3 - 2 * t);
  }
}

const canvasId = 'gridwall-heat';
const fadeMs = 700;

/** The canvas source of the map and who fills it. */
export class HeatRaster {
  private readonly canvas = document.createElement('canvas');
  private shown: { bounds: Bounds; mode: string; bytes: Uint8Array; width: number; height: number } | null = null;
  private question: AbortController | null = null;
  private fading = 0;
  /** Kernel and scale of the picture on the map; `null` = the wall's own. */
  scale: HeatScale | null = null;
  /** Largest true density of the last answer. */
  peak = 0;

  constructor(
    private readonly map: MapLibre,
    private readonly host: Host,
    /** Hears of which time the picture on the map is; `null` = there is none. */
    private readonly onHeld: (held: Held | null) => void,
  ) {
    this.canvas.id = canvasId;
    this.canvas.width = this.canvas.height = 2;
    this.canvas.hidden = true;
    document.body.append(this.canvas);
  }

  /** Whether a picture is on the map. */
  get hasPicture(): boolean {
    return this.shown !== null;
  }

  /** Adds source and layer, before another layer. */
  add(before?: string): void {
    const corner: [number, number] = [0, 0];
    this.map.addSource('heat', { type: 'canvas', canvas: canvasId, animate: false, coordinates: [corner, [0.001, 0], [0.001, -0.001], [0, -0.001]] });
    this.map.addLayer({ id: 'heat', type: 'raster', source: 'heat', paint: { 'raster-fade-duration': 0, 'raster-resampling': 'linear', 'raster-opacity': 0.86 } }, before);
    this.shown = null;
  }

  /** Asks for the visible area and shows it; answers why it could not, else `null`. An older question still under way is dropped. */
  async refresh(question: HeatQuestion): Promise<unknown> {
    this.question?.abort();
    const mine = (this.question = new AbortController());
    const { bounds, width, height } = this.area();
    const [west, south, east, north] = bounds;
    let answer;
    try {
      answer = await this.host.getBytes('api/v1/heat', { west, south, east, north, width, height, mode: question.mode, sigma_m: question.scale?.sigma_m, max: question.scale?.max, ...question.time }, mine.signal);
    } catch (error) {
      if (mine.signal.aborted) return null;
      // The last picture stays, with its own time; the link's own watch says that the host is gone. One of another scene
      // would be read by the wrong legend.
      if (this.shown !== null && this.shown.mode !== question.mode) this.clear();
      return error;
    }
    if (mine.signal.aborted || answer.bytes.length !== width * height) return null;
    this.onHeld({ asOf: question.asOfMs, at: Number(answer.headers.get('x-heat-at-ms') ?? 0), heardAt: Date.now() });
    this.scale = question.scale;
    this.peak = Number(answer.headers.get('x-heat-peak') ?? 0);
    const before = this.shown;
    const next = { bounds, mode: question.mode, bytes: answer.bytes, width, height };
    this.shown = next;
    const same = before !== null && before.mode === next.mode && before.width === width && before.height === height && before.bounds.every((v, i) => v === bounds[i]);
    this.fading += 1;
    if (same && question.fade) this.fade(before.bytes, next.bytes, this.fading);
    else this.put(next.bytes);
    return null;
  }

  private clear(): void {
    if (this.shown) this.put(new Uint8Array(this.shown.width * this.shown.height));
    this.fading += 1;
    this.shown = null;
    this.onHeld(null);
  }

  /** A top for the scale over a whole territory with a kernel: one warm pixel in fifty exceeds it. `null` when nobody answers. */
  async highOver([west, south, east, north]: Bounds, sigma_m: number): Promise<number | null> {
    const width = 1024;
    const height = Math.max(16, Math.min(1024, Math.round((width * (north - south)) / Math.max(1e-9, (east - west) * Math.cos((south * Math.PI) / 180)))));
    try {
      const answer = await this.host.getBytes('api/v1/heat', { west, south, east, north, width, height, mode: 'heat', sigma_m });
      return Number(answer.headers.get('x-heat-high') ?? Number.NaN);
    } catch {
      return null;
    }
  }

  /** The visible area with a margin, so that small moves show no edge, and its raster size. */
  private area(): { bounds: Bounds; width: number; height: number } {
    const view = this.map.getBounds();
    const [w, s, e, n] = [view.getWest(), view.getSouth(), view.getEast(), view.getNorth()];
    const [dx, dy] = [(e - w) * 0.12, (n - s) * 0.12];
    const box = this.map.getContainer();
    const width = Math.max(64, Math.min(480, Math.round(box.clientWidth / 4)));
    const height = Math.max(64, Math.min(480, Math.round((width * box.clientHeight) / Math.max(1, box.clientWidth))));
    const round = (v: number): number => Math.round(v * 1e6) / 1e6;
    return { bounds: [round(w - dx), round(Math.max(-85, s - dy)), round(e + dx), round(Math.min(85, n + dy))], width, height };
  }

  private put(values: ArrayLike<number>): void {
    const shown = this.shown;
    if (!shown) return;
    const { width, height, bounds, mode } = shown;
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const pen = this.canvas.getContext('2d');
    const source = this.map.getSource<CanvasSource>('heat');
    if (!pen || !source) return;
    const image = pen.createImageData(width, height);
    paint(values, mode === 'heat' ? heatLut : timeLeftLut, image.data);
    if (mode === 'time_left') softenEdge(image.data, width, height, Math.max(2, Math.round(width / 60)));
    pen.putImageData(image, 0, 0);
    const [west, south, east, north] = bounds;
    source.setCoordinates([[west, north], [east, north], [east, south], [west, south]]);
    // A canvas source that is not animated uploads its canvas only while it plays.
    source.play();
    source.pause();
    this.map.triggerRepaint();
  }

  private fade(from: Uint8Array, to: Uint8Array, turn: number): void {
    const began = performance.now();
    const between = new Uint8Array(to.length);
    const step = (): void => {
      if (turn !== this.fading) return;
      const t = Math.min(1, (performance.now() - began) / fadeMs);
      for (let i = 0; i < to.length; i += 1) {
        const [a, b] = [from[i] ?? 0, to[i] ?? 0];
        // Time left has no way from nothing to a value: it appears.
        between[i] = a === 0 || b === 0 ? (this.shown?.mode === 'heat' ? a + (b - a) * t : t < 0.5 ? a : b) : a + (b - a) * t;
      }
      this.put(t < 1 ? between : to);
      if (t < 1) setTimeout(step, 90);
    };
    step();
  }
}
