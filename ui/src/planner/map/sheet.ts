/** What the parts of the planner's map share: the map itself, the plan, and how large things are. */
import type { Feature, FeatureCollection } from 'geojson';
import type { FeatureIdentifier, GeoJSONSource, Map as MapLibre } from 'maplibre-gl';
import type { Easel, Stage } from '@/map/stage';
import { worldSize } from '../geo';
import { collection } from '../plan-layers';
import type { Planner } from '../session';
import type { SnapKind } from '../snap';

/** What a component tells the map. */
export interface PlanMapWords {
  /** A number of households with its unit. */
  count(households: number): string;
  /** The word of what was snapped to. */
  snap(kind: SnapKind): string;
  language(): string;
}

/** No features. */
export const none: FeatureCollection = { type: 'FeatureCollection', features: [] };

/** The map and what it is about. */
export class Sheet {
  readonly map: MapLibre;
  readonly container: HTMLElement;

  constructor(
    readonly stage: Stage,
    readonly easel: Easel,
    readonly planner: Planner,
    readonly words: PlanMapWords,
  ) {
    this.map = stage.map;
    this.container = stage.container;
  }

  /** How many times the base size of 15 pixels. */
  get px(): number {
    return this.easel.base.px / 15;
  }

  /** Pixels at the base size as a length in Mercator, at the present zoom. */
  inMercator(pixels: number): number {
    return (pixels * this.px) / worldSize(this.map.getZoom());
  }

  /** Whether the person wants nothing to move by itself. */
  get still(): boolean {
    return matchMedia('(prefers-reduced-motion: reduce)').matches;
  }

  source(id: string): GeoJSONSource | undefined {
    return this.stage.lost ? undefined : this.map.getSource<GeoJSONSource>(id);
  }

  /** Marks one feature. */
  mark(feature: FeatureIdentifier, as: Record<string, boolean>): void {
    if (!this.stage.lost) this.map.setFeatureState(feature, as);
  }

  setData(id: string, features: Feature[]): void {
    void this.source(id)?.setData(collection(features));
  }

  /** The view with a margin: west, south, east, north in degrees. */
  boxAround(margin: number): [number, number, number, number] {
    const b = this.map.getBounds();
    const [dx, dy] = [(b.getEast() - b.getWest()) * margin, (b.getNorth() - b.getSouth()) * margin];
    return [b.getWest() - dx, Math.max(-85, b.getSouth() - dy), b.getEast() + dx, Math.min(85, b.getNorth() + dy)];
  }
}
