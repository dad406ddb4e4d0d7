/** Where the wall's map looks: at the whole territory, or at what somebody wants to see. */
import type { Level } from '@/wire/wire';
import * as points from '../points';
import type { Board } from './board';

type Box = [[number, number], [number, number]];

/** Moves of the map. */
export interface Camera {
  /** The whole territory. */
  fit(animate?: boolean): void;
  /** The whole territory, where it is looked at and the room for it changed. */
  fitAgain(): void;
  /** The whole territory for the first time, once it is known. */
  fitFirst(): void;
  /** As after a scene that leaves the territory another room. */
  fitScene(): void;
  /** Things became larger or smaller: a place looked at closely keeps its size in them. */
  rescale(factor: number): void;
  pan(x: number, y: number): void;
  zoom(step: number): void;
  flyTo(lon: number, lat: number): void;
  showArea(level: Level, key: string): void;
}

/** Room for the whole territory beside legend and panels. */
function roomFor({ map, rem, stage: { container }, shown: { viewer: { view } } }: Board, box: Box): { top: number; left: number; right: number; bottom: number } {
  const edge = 2 * rem;
  // The panel of the comparison stands over the right: the territory makes way for it.
  const padding = { top: edge, left: edge, right: edge + (view.mode === 'compare' ? Math.min(31 * rem, container.clientWidth * 0.5) : 0), bottom: edge };
  const camera = map.cameraForBounds(box, { padding });
  if (camera?.zoom === undefined || !view.panels.legend) return padding;
  // Where there is room to spare beside the territory, it makes way for the legend.
  const wide = ((box[1][0] - box[0][0]) / 360) * 512 * 2 ** camera.zoom;
  const spare = container.clientWidth - wide - padding.left - padding.right;
  padding.left += Math.max(0, Math.min(spare, 24 * rem) - 1);
  if (spare >= 25 * rem) return padding;
  // Where there is too little, it stands above the legend, or beside it, whichever leaves it larger: nothing of it is covered.
  const beside = { ...padding, left: edge + 25 * rem };
  const above = { ...padding, left: edge, bottom: edge + Math.min(10 * rem, container.clientHeight * 0.4) };
  const [a, b] = [beside, above].map((room) => map.cameraForBounds(box, { padding: room })?.zoom ?? 0) as [number, number];
  return a > b ? beside : above;
}

/** The camera of a map. */
export function openCamera(board: Board): Camera {
  const { map, stage: { container }, shown: { state, viewer } } = board;
  const { view } = viewer;
  /** The whole territory is shown, and goes on being shown when the map changes size. */
  let atHome = true;
  let fitted = false;
  /** The scene for which the whole territory was last brought into view. */
  let fittedFor: string = view.mode;
  let timer: ReturnType<typeof setTimeout> | undefined;
  for (const touched of ['dragstart', 'wheel', 'dblclick', 'touchstart'] as const) map.on(touched, () => (atHome = false));

  function fit(animate = true): void {
    const bounds = board.info?.bounds;
    if (!bounds) return;
    atHome = true;
    fittedFor = view.mode;
    const box: Box = [[bounds[0], bounds[1]], [bounds[2], bounds[3]]];
    map.fitBounds(box, { padding: roomFor(board, box), duration: animate ? board.duration(700) : 0 });
  }
  function fitAgain(): void {
    if (!atHome || !fitted) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (atHome && !board.stage.destroyed) fit(false);
    }, 120);
  }
  /** The card covers the right of the map: what is chosen goes to the middle of the rest. */
  function offset(): [number, number] {
    const card = view.selection ? board.rem * 24 : 0;
    return [-Math.min(card, container.clientWidth * 0.4) / 2, 0];
  }

  return {
    fit,
    fitAgain,
    fitFirst() {
      if (fitted) return;
      fit(false);
      fitted = board.info?.bounds !== null;
    },
    fitScene() {
      if (view.mode !== fittedFor) fitAgain();
    },
    rescale(factor) {
      if (!atHome) map.setZoom(map.getZoom() + Math.log2(factor));
    },
    pan(x, y) {
      atHome = false;
      map.panBy([x * container.clientWidth, -y * container.clientHeight], { duration: board.duration(250) });
    },
    zoom(step) {
      atHome = false;
      map.zoomTo(map.getZoom() + step, { duration: board.duration(250) });
    },
    flyTo(lon, lat) {
      atHome = false;
      const zoom = Math.max(map.getZoom(), points.zoomAt(15.8, board.rem));
      map.easeTo({ center: [lon, lat], zoom, offset: offset(), duration: board.duration(900) });
    },
    showArea(level, key) {
      const feature = state.areas[level].value?.features.find((f) => f.properties.key === key);
      if (!feature) return;
      atHome = false;
      const rings: number[][] = feature.geometry.type === 'Polygon' ? feature.geometry.coordinates.flat() : feature.geometry.coordinates.flat(2);
      const lons = rings.map((p) => p[0] ?? 0);
      const lats = rings.map((p) => p[1] ?? 0);
      const { rem } = board;
      const right = Math.min(26 * rem, container.clientWidth * 0.45);
      const box: Box = [[lons.reduce((a, b) => Math.min(a, b)), lats.reduce((a, b) => Math.min(a, b))], [lons.reduce((a, b) => Math.max(a, b)), lats.reduce((a, b) => Math.max(a, b))]];
      const camera = map.cameraForBounds(box, { padding: { top: 4 * rem, bottom: 4 * rem, left: 4 * rem, right: right + 2 * rem } });
      if (!camera?.center) return;
      const zoom = Math.min(camera.zoom ?? 15, points.zoomAt(15.6, rem));
      map.easeTo({ center: [(box[0][0] + box[1][0]) / 2, (box[0][1] + box[1][1]) / 2], zoom, offset: [-right / 2, 0], duration: board.duration(900) });
    },
  };
}
