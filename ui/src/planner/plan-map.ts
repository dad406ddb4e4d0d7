/**
 * The map of the planner: what the plan is, what the hand does to it, and what would come of it. Geometry of all cells goes
 * from the service straight to MapLibre's worker (a source with an address, then `updateData` for what changed): the page
 * itself holds figures, and borders only of the view. The parts are in `map/`; here is the order in
 * which news reaches them.
 */
import type { Map as MapLibre } from 'maplibre-gl';
import { watch } from 'vue';
import { askHeaders } from '@/host/host';
import { openStage, type Easel } from '@/map/stage';
import { emptyHand } from './hand';
import { openBorders } from './map/borders';
import { openCamera } from './map/camera';
import { emptyView, Holding, type HandView } from './map/holding';
import { openKeys } from './map/keys';
import { openPicture } from './map/picture';
import { openPanning, openPointer } from './map/pointer';
import { Sheet, type PlanMapWords } from './map/sheet';
import type { Planner, PlanMapHandle } from './session';

/** The map with what its component needs. */
export interface PlanMap extends PlanMapHandle {
  map: MapLibre;
  view: HandView;
  /** Options of tools. */
  setTolerance(metres: number): void;
  setNumberAll(all: boolean): void;
  /** As by Enter and Escape. */
  confirm(): void;
  back(): void;
  /** The language or the base size changed. */
  rebuild(): void;
  destroy(): void;
}

/** Makes the planner's map inside an element. */
export async function openPlanMap(container: HTMLElement, easel: Easel, planner: Planner, words: PlanMapWords): Promise<PlanMap> {
  const { host, state } = planner;
  const apiRoot = host.url('api/');
  const stage = await openStage(container, easel, {
    // The worker asks in the name of whoever is signed in.
    transformRequest: (url) => (url.startsWith(apiRoot) ? { url, headers: askHeaders() } : { url }),
    boxZoom: false, fadeDuration: 0, maxZoom: 21, maxCanvasSize: [8192, 8192], wheelRate: 1 / 250,
  });
  const { map } = stage;
  const sheet = new Sheet(stage, easel, planner, words);
  const view = emptyView();
  const borders = openBorders(sheet, (any) => {
    view.edges = any;
  });
  const holding = new Holding(sheet, borders, view);
  const picture = openPicture(sheet, borders, () => holding.renewed());
  const camera = openCamera(sheet);
  const stops = [openPointer(sheet, holding), openPanning(sheet)];

  // ---- news --------------------------------------------------------------------------------------------------------
  stops.push(
    planner.listen((change) => {
      if (change === null) {
        camera.fitNewPlan();
        picture.everything();
      } else {
        void picture.patch(change);
        // Somebody else's edit: what is in hand stays, and what it would do is asked anew.
        if (!state.busy) holding.putAnew();
      }
    }),
    watch(() => state.preview, (result) => {
      if (picture.preview(result)) holding.highlight();
    }, { flush: 'sync' }),
    watch(() => [state.tool, state.outer] as const, ([tool], [before]) => {
      if (tool !== before) {
        holding.letGo();
        if (document.activeElement instanceof HTMLElement && !container.contains(document.activeElement)) map.getCanvas().focus({ preventScroll: true });
      } else holding.put(holding.hand);
      borders.vertices();
    }),
    watch(() => state.selection, () => {
      picture.marks();
      borders.vertices();
      holding.put(holding.hand);
    }),
    watch(() => state.refusal, picture.refusal),
    watch(() => state.settled, () => holding.put(emptyHand)),
    watch(() => state.overlay, () => void picture.overlay()),
  );
  map.on('moveend', () => {
    view.zoom = map.getZoom();
    void borders.load();
    borders.vertices();
    if (state.overlay !== null) void picture.overlay();
  });
  map.on('idle', () => {
    if (state.opened && map.isSourceLoaded('cells')) document.documentElement.dataset.planReady = '1';
  });

  await stage.stands();
  camera.fitNewPlan();
  picture.build();
  return {
    map,
    view,
    setTolerance(metres) {
      view.toleranceM = metres;
      holding.put(holding.hand);
    },
    setNumberAll(all) {
      view.numberAll = all;
      holding.put(holding.hand);
    },
    confirm: () => void holding.happen({ kind: 'enter' }),
    back: () => void holding.happen({ kind: 'back' }),
    rebuild: picture.build,
    key: openKeys(sheet, borders, camera, holding),
    fit: camera.fit,
    pan: camera.pan,
    zoom: camera.zoom,
    showPlace: camera.showPlace,
    showFaces: camera.showFaces,
    destroy() {
      for (const stop of stops) stop();
      planner.preview(null);
      planner.setTool('select');
      stage.destroy();
    },
  };
}
