/**
 * What every map of the page stands on: made alike, drawn within the means of the machine, put up again when the graphics were
 * lost, and taken away. What a map shows and where it looks is not known here.
 */
import { Map as MapLibre, setWorkerUrl, type MapOptions } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';
import type { Host } from '@/host';
import type { BaseSize } from '@/state/display';
import type { WallState } from '@/state/wall';
import { baseStyle } from './basemap';
import { Pace } from './pace';

/** What a map is drawn with: where its tiles are, which base map there is, how large things are. */
export interface Easel {
  host: Host;
  state: Pick<WallState, 'info'>;
  base: BaseSize;
}

/** In what maps differ. */
export interface Make extends Pick<MapOptions, 'fadeDuration' | 'boxZoom' | 'maxCanvasSize' | 'canvasContextAttributes' | 'transformRequest'> {
  maxZoom: number;
  /** Zoom levels a pixel of the wheel; without: the map's own. */
  wheelRate?: number;
  /** The pixels stay as fine as the screen's, however slow the machine is. */
  unpaced?: true;
  /** The machine turned out to be slow, or slower. */
  onSlow?(slow: boolean): void;
}

/** Whether this page can draw a map at all. */
export function hasWebgl(): boolean {
  try {
    return document.createElement('canvas').getContext('webgl2') !== null;
  } catch {
    return false;
  }
}

/** Loads every part of the bundled font: the map draws its labels from it and keeps what it drew. */
async function loadFonts(): Promise<void> {
  const faces = [...document.fonts].filter((face) => face.family.includes('Noto Sans SC'));
  const all = Promise.allSettled(faces.map((face) => face.load()));
  const limit = new Promise((resolve) => setTimeout(resolve, 6000));
  await Promise.race([all, limit]);
}

/** A map with what keeps it going. */
export class Stage {
  readonly map: MapLibre;
  readonly pace: Pace;
  destroyed = false;
  /** The graphics are gone: there is nothing to draw on until they are restored. */
  lost = false;
  /** Part of the screen's pixels that is drawn. */
  private ratio = 1;
  private readonly keepFull: boolean;

  constructor(readonly container: HTMLElement, { host, state }: Easel, make: Make) {
    const { wheelRate, unpaced, onSlow, ...options } = make;
    setWorkerUrl(new URL(workerUrl, location.href).href);
    this.keepFull = unpaced ?? new URLSearchParams(location.search).get('quality') === 'full';
    this.map = new MapLibre({
      ...options,
      container,
      style: baseStyle(state.info.value?.base_map ?? null, (path) => host.url(path)),
      attributionControl: false,
      // Keys are the actions'; north stays above.
      keyboard: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      minZoom: 3,
      localIdeographFontFamily: '"Noto Sans SC Variable", sans-serif',
      center: [0, 0],
      zoom: 3,
    });
    this.map.touchZoomRotate.disableRotation();
    if (wheelRate !== undefined) this.map.scrollZoom.setWheelZoomRate(wheelRate);
    this.pace = new Pace((quality) => {
      onSlow?.(quality !== 'full');
      this.sharpen(false);
    });
    this.map.on('movestart', () => this.sharpen(this.map.isMoving()));
    this.map.on('render', () => this.pace.frame(performance.now(), this.map.isMoving()));
    this.map.on('idle', () => this.sharpen(false));
    this.map.on('webglcontextlost', () => (this.lost = true));
  }

  /** Sets how many of the screen's pixels are drawn. */
  private sharpen(moving: boolean): void {
    const next = this.keepFull ? 1 : this.pace.ratio(moving);
    if (next === this.ratio) return;
    this.ratio = next;
    this.map.setPixelRatio(devicePixelRatio * next);
  }

  /** Whether nothing is to be animated; `wished`: the person's own wish for stillness. */
  calm(wished: boolean): boolean {
    return wished || this.pace.quality === 'always';
  }

  /** Tells of a new size; `settled`: the map's pixels are as they were set last, so that it is the room that changed. */
  onResize(told: (settled: boolean) => void): void {
    this.map.on('resize', () => told(this.map.getPixelRatio() === devicePixelRatio * this.ratio));
  }

  /** The graphics were lost and are back: sources and layers are there again, what was set on single features is not. */
  onRestored(told: () => void): void {
    this.map.on('webglcontextrestored', () => void this.restored(told));
  }

  private async restored(told: () => void): Promise<void> {
    await this.stands();
    this.lost = false;
    if (!this.destroyed) told();
  }

  /** Once layers can be added. */
  async stands(): Promise<void> {
    if (!this.map.isStyleLoaded()) await new Promise((resolve) => void this.map.once('style.load', resolve));
  }

  destroy(): void {
    this.destroyed = true;
    this.map.remove();
  }
}

/** A stage whose labels are drawn in the bundled font from the first one on. */
export async function openStage(container: HTMLElement, easel: Easel, make: Make): Promise<Stage> {
  await loadFonts();
  return new Stage(container, easel, make);
}
