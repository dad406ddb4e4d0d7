/** The map of the wall: the order in which news reaches its parts, which are in `wall/`. */
import type { Map as MapLibre } from 'maplibre-gl';
import type { FrameChange } from '@/state/tables';
import { levels } from '@/state/view';
import type { MapHandle } from '@/state/viewer';
import * as areas from './areas';
import * as points from './points';
import { openStage } from './stage';
import { Board, nothing, type MapWords, type Shown } from './wall/board';
import { openCamera, type Camera } from './wall/camera';
import { mostPulses, openChoosing, type Choosing } from './wall/choosing';
import { putLayers } from './wall/layers';
import { openNames, type Names } from './wall/names';
import { layRounds, type Rounds } from './wall/rounds';
import { openSurface, type Surface } from './wall/surface';

/** The map with what the component needs of it. */
export interface WallMap extends MapHandle {
  map: MapLibre;
  /** News from the feed; `null` = everything. */
  news(change: FrameChange | null): void;
  /** The scene, level, surface or time changed. */
  scene(): void;
  /** The selection changed. */
  selected(): void;
  /** The language or the base size changed: layers are built anew. */
  rebuild(): void;
  destroy(): void;
}

/** The parts of a map. */
interface Parts {
  camera: Camera;
  surface: Surface;
  names: Names;
  choosing: Choosing;
  pointRounds: Rounds;
  lateRounds: Rounds;
}

/** Tickets, cameras, sites and whatever else stands at a place in the view, once it is near enough to tell them apart. */
function pointsOf(board: Board): Rounds {
  const { map } = board;
  return layRounds(board, {
    ask: (host, query, signal) => host.get('api/v1/points', query, signal),
    query() {
      if (map.getZoom() < points.zoomAt(points.pointZoom, board.rem) - 0.05) return null;
      const box = map.getBounds();
      const [dx, dy] = [(box.getEast() - box.getWest()) * 0.1, (box.getNorth() - box.getSouth()) * 0.1];
      return { west: box.getWest() - dx, south: box.getSouth() - dy, east: box.getEast() + dx, north: box.getNorth() + dy, kinds: points.pointKinds, limit: 2000 };
    },
    lay(answer) {
      areas.setData(map, 'points', answer ?? nothing);
      areas.setData(map, 'sectors', answer ? points.sectors(answer) : nothing);
      // What the wall itself names is not named again by the base map.
      const sites = answer?.features.filter((f) => f.properties.kind === 'site').map((f) => f.properties.name);
      if (sites && map.getLayer('bm-poi-name')) map.setFilter('bm-poi-name', ['all', ['has', 'name'], ['!', ['in', ['get', 'name'], ['literal', sites]]]]);
    },
  });
}

/** Late tickets everywhere, in the scene of deadlines. */
function latesOf(board: Board): Rounds {
  const { viewer } = board.shown;
  return layRounds(board, {
    ask: (host, query, signal) => host.get('api/v1/late-points', query, signal),
    wanted: () => viewer.view.mode === 'time_left',
    query: () => ({}),
    lay(answer) {
      areas.setData(board.map, 'late', answer ?? nothing);
      viewer.late.value = answer && { total: answer.total, shown: answer.features.length };
    },
  });
}

/** Shows the scene that is chosen, with all that follows from it. */
function showScene(board: Board, { camera, names, surface, lateRounds }: Parts): void {
  const { map, info, areas: tables, shown: { state, viewer } } = board;
  const { view } = viewer;
  if (!info || !board.built) return;
  viewer.openTop.value ??= areas.openScale(tables, state.stats.value);
  areas.thinOut(map, view, tables, board.rem);
  if (map.getLayer('bm-place-name')) map.setFilter('bm-place-name', ['all', ['has', 'name'], ['!', ['in', ['get', 'name'], ['literal', areas.namesOf(tables)]]]]);
  areas.showScene(map, view, info, viewer.openTop.value, tables, names.top());
  names.compare();
  camera.fitScene();
  map.setLayoutProperty('pt-late', 'visibility', view.mode === 'time_left' ? 'visible' : 'none');
  lateRounds.after(0);
  names.write();
  surface.rounds.after(0);
  document.documentElement.dataset.mapMode = view.mode;
  document.documentElement.dataset.mapLevel = view.level;
}

/** Lays everything there is on the map. */
function showEverything(board: Board, { camera, names, surface, pointRounds, lateRounds }: Parts): void {
  const { map, areas: tables, shown: { state } } = board;
  if (!board.built) return;
  for (const level of levels) areas.setData(map, areas.areaSource(level), tables[level] ?? nothing);
  areas.setCounts(map, tables, state.stats.value, null);
  names.write();
  names.moving();
  for (const rounds of [pointRounds, lateRounds, surface.rounds]) rounds.after(0);
  camera.fitFirst();
}

/** Lays what a frame changed on the map. */
function showChange(board: Board, { names, choosing, surface, pointRounds, lateRounds }: Parts, change: FrameChange): void {
  const { map, shown: { state, viewer: { view } } } = board;
  if (!board.built) return;
  areas.setCounts(map, board.areas, state.stats.value, change.areas);
  if (change.tickets.length > 0 || change.staff.length > 0) names.moving();
  if (change.tickets.length > 0 || change.areas.length > 0) {
    for (const rounds of [surface.rounds, pointRounds, lateRounds]) rounds.soon(board.stage.pace.refreshMs);
    if (view.mode === 'open' || view.mode === 'time_left') names.writeSoon();
  }
  if (change.fresh.length <= mostPulses && !board.words.still()) for (const ticket of change.fresh) if (ticket.open) choosing.pulse(ticket);
}

/** Follows the moves of the map. */
function follow(board: Board, { camera, surface, pointRounds }: Parts): void {
  const { map, shown: { viewer } } = board;
  map.on('moveend', () => {
    const box = map.getBounds();
    viewer.seen.value = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()];
    surface.rounds.after(80);
    pointRounds.after(80);
  });
  map.on('idle', () => {
    if (board.built && board.info && (surface.heat.hasPicture || !areas.isSmooth(viewer.view))) document.documentElement.dataset.ready = '1';
  });
  board.stage.onResize((settled) => {
    if (settled) camera.fitAgain();
    surface.rounds.after(150);
  });
}

/** Makes the map inside an element. */
export async function openMap(container: HTMLElement, shown: Shown, words: MapWords): Promise<WallMap> {
  const { viewer } = shown;
  const stage = await openStage(container, { ...shown, base: viewer.base }, {
    fadeDuration: 150, maxZoom: 19.5, maxCanvasSize: [8192, 8192], canvasContextAttributes: { antialias: true, preserveDrawingBuffer: false }, wheelRate: 1 / 300,
    onSlow: (slow) => (viewer.view.slow = slow),
  });
  const board = new Board(stage, shown, words);
  const { map } = stage;
  const parts: Parts = { camera: openCamera(board), surface: openSurface(board), names: openNames(board), choosing: openChoosing(board), pointRounds: pointsOf(board), lateRounds: latesOf(board) };
  const { camera, surface, choosing, pointRounds, lateRounds } = parts;
  const scene = (): void => showScene(board, parts);

  let builtFor = '';
  let builtRem = 0;
  function build(): void {
    const now = board.info;
    if (!now || stage.destroyed || stage.lost) return;
    const { rem } = board;
    const key = JSON.stringify([now.base_map, rem, words.language(), devicePixelRatio]);
    if (board.built && key === builtFor) return;
    if (builtRem > 0 && builtRem !== rem) camera.rescale(rem / builtRem);
    [builtFor, builtRem] = [key, rem];
    putLayers(board, surface.heat);
    board.built = true;
    scene();
    showEverything(board, parts);
    choosing.show();
    camera.fitAgain();
  }
  map.on('webglcontextlost', () => (board.built = false));
  stage.onRestored(build);
  follow(board, parts);

  await stage.stands();
  build();
  return {
    map,
    news(change) {
      if (stage.destroyed) return;
      if (change !== null) {
        showChange(board, parts, change);
        return;
      }
      build();
      showEverything(board, parts);
      scene();
    },
    scene,
    selected: choosing.show,
    rebuild: build,
    middle() {
      const { lng, lat } = map.getCenter();
      return [lng, lat];
    },
    fit: () => camera.fit(true),
    pan: camera.pan,
    zoom: camera.zoom,
    flyTo(lon, lat) {
      choosing.remember(lon, lat);
      camera.flyTo(lon, lat);
      choosing.show();
    },
    showArea: camera.showArea,
    destroy() {
      for (const rounds of [surface.rounds, pointRounds, lateRounds]) rounds.end();
      stage.destroy();
    },
  };
}
