/** What the parts of the wall's map share: the map itself, what there is to show, whose choices it follows. */
import type { Map as MapLibre } from 'maplibre-gl';
import type { Host } from '@/host';
import type { Viewer } from '@/state/viewer';
import type { AreaCollection, WallState } from '@/state/wall';
import type { Level, WallInfo } from '@/wire/wire';
import type { Stage } from '../stage';

/** What the map shows, and whose choices it follows. */
export interface Shown {
  host: Host;
  state: WallState;
  viewer: Viewer;
}

/** Words of the map that are neither names nor numbers; asked anew each time. */
export interface MapWords {
  language(): string;
  /** How many are late, under a name. */
  late(n: number): string;
  /** That a cell has no owner. */
  nobody(): string;
  /** Whether the person wants nothing to move by itself. */
  still(): boolean;
}

/** No features. */
export const nothing = { type: 'FeatureCollection' as const, features: [] };

/** The map and what it is about. */
export class Board {
  readonly map: MapLibre;
  /** Sources and layers stand: what comes can be laid on them. */
  built = false;

  constructor(
    readonly stage: Stage,
    readonly shown: Shown,
    readonly words: MapWords,
  ) {
    this.map = stage.map;
  }

  get info(): WallInfo | null {
    return this.shown.state.info.value;
  }

  /** The areas by their level. */
  get areas(): Record<Level, AreaCollection | null> {
    const { cell, community, street } = this.shown.state.areas;
    return { cell: cell.value, community: community.value, street: street.value };
  }

  /** The base size in pixels. */
  get rem(): number {
    return this.shown.viewer.base.px;
  }

  /** How long a move of the picture takes, ms; `ms`: where things may move. */
  duration(ms: number): number {
    return this.stage.calm(this.words.still()) ? 0 : ms;
  }
}
