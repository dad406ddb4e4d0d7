/** Where the map looks: at cells, at a place, at a plan that was opened. */
import { Marker } from 'maplibre-gl';
import type { PlanCell } from '@/wire/wire';
import type { LonLat } from '../geo';
import type { Sheet } from './sheet';

/** Moves of the map. */
export interface Camera {
  /** The whole plan. */
  fit(animate?: boolean): void;
  pan(x: number, y: number): void;
  zoom(by: number): void;
  /** A place, marked for a moment. */
  showPlace(lon: number, lat: number): void;
  showFaces(faces: readonly number[]): void;
  /** Moves only if the place is out of sight or at the rim. */
  ensureVisible(place: LonLat): void;
  /** A plan that was opened: looked at whole, unless one stands on its ground already. */
  fitNewPlan(): void;
}

/** The camera of a map. */
export function openCamera(sheet: Sheet): Camera {
  const { map, container, easel } = sheet;
  const { state } = sheet.planner;
  const duration = (ms: number): number => (sheet.stage.calm(sheet.still) ? 0 : ms);
  let shownPlan: number | null = null;

  /** The box around cells. */
  function boxOf(cells: Iterable<PlanCell>): [LonLat, LonLat] | null {
    let [w, s, e, n] = [180, 90, -180, -90];
    for (const { bounds } of cells) [w, s, e, n] = [Math.min(w, bounds[0]), Math.min(s, bounds[1]), Math.max(e, bounds[2]), Math.max(n, bounds[3])];
    return w > e ? null : [[w, s], [e, n]];
  }

  function showBox(box: [LonLat, LonLat] | null, mostZoom: number, animate: boolean): void {
    if (!box) return;
    // Room for the legend on the left and the words below.
    const padding = { left: Math.min(17 * easel.base.px, container.clientWidth * 0.22), right: 2 * easel.base.px, top: 2.4 * easel.base.px, bottom: 5 * easel.base.px };
    map.fitBounds(box, { padding, maxZoom: mostZoom, duration: animate ? duration(600) : 0 });
  }

  const camera: Camera = {
    fit: (animate = true) => showBox(boxOf(state.cells.values()), 17, animate),
    pan: (x, y) => void map.panBy([container.clientWidth * x, -container.clientHeight * y], { duration: duration(250) }),
    zoom: (by) => void map.zoomTo(map.getZoom() + by, { duration: duration(250) }),
    showPlace(lon, lat) {
      map.easeTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), 16.5 + Math.log2(sheet.px)), duration: duration(700) });
      const element = document.createElement('div');
      element.className = 'map-pulse';
      element.append(document.createElement('i'));
      const marker = new Marker({ element, anchor: 'center' }).setLngLat([lon, lat]).addTo(map);
      setTimeout(() => marker.remove(), 4000);
    },
    showFaces: (faces) => showBox(boxOf(faces.map((face) => state.cells.get(face)).filter((cell) => cell !== undefined)), 17.5, true),
    ensureVisible(place) {
      const p = map.project(place);
      const [w, h] = [container.clientWidth, container.clientHeight];
      const edge = 40 * sheet.px;
      if (p.x < edge || p.y < edge || p.x > w - edge || p.y > h - edge) map.easeTo({ center: place, duration: sheet.still ? 0 : 250 });
    },
    fitNewPlan() {
      const id = state.opened?.plan.id ?? null;
      if (id === shownPlan || id === null) return;
      // Another plan of the same ground is looked at from where one stands.
      const box = boxOf(state.cells.values());
      const view = map.getBounds();
      const apart = !box || shownPlan === null || box[0][0] > view.getEast() || box[1][0] < view.getWest() || box[0][1] > view.getNorth() || box[1][1] < view.getSouth();
      shownPlan = id;
      if (apart) camera.fit(false);
    },
  };
  return camera;
}
