/** The map of the wall: sources, layers, and the order in which news reaches them. */
import { Map as MapLibre, Marker, setWorkerUrl, type MapGeoJSONFeature, type Point as ScreenPoint } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import 'maplibre-gl/dist/maplibre-gl.css';
import type { Host } from '@/host';
import { Again } from '@/state/again';
import { diffTop } from '@/state/compare';
import type { FrameChange } from '@/state/tables';
import { levels } from '@/state/view';
import type { MapHandle, Viewer } from '@/state/viewer';
import { timeAsked, type WallState } from '@/state/wall';
import type { AreaProperties, Level, PointProperties, TicketView, WallInfo } from '@/wire/wire';
import * as areas from './areas';
import { baseStyle, groundLabelLayers, groundLayers, roadLayers } from './basemap';
import { HeatRaster, type HeatScale } from './heat';
import { putIcons } from './icons';
import { Pace } from './pace';
import * as points from './points';
import { kernelFor, metresPerPixel, niceUp } from './scale';

const nothing = { type: 'FeatureCollection' as const, features: [] };

/** Pulses at once; a flood of tickets is seen in the heat, not in rings. */
const mostPulses = 8;

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

/** Whether this page can draw the map at all. */
export function hasWebgl(): boolean {
  try {
    return document.createElement('canvas').getContext('webgl2') !== null;
  } catch {
    return false;
  }
}

/** Loads every part of the bundled font: the map draws its labels from it and keeps what it drew. */
export async function loadFonts(): Promise<void> {
  const faces = [...document.fonts].filter((face) => face.family.includes('Noto Sans SC'));
  const all = Promise.allSettled(faces.map((face) => face.load()));
  const limit = new Promise((resolve) => setTimeout(resolve, 6000));
  await Promise.race([all, limit]);
}

/** Words of the map that are neither names nor numbers. */
export interface MapWords {
  language(): string;
  /** How many are late, under a name. */
  late(n: number): string;
  /** That a cell has no owner. */
  nobody(): string;
}

/** What the map shows, and whose choices it follows. */
export interface Shown {
  host: Host;
  state: WallState;
  viewer: Viewer;
}

/** Makes the map inside an element. `words` and `stillMotion` are asked anew each time. */
export async function openMap(container: HTMLElement, { host, state, viewer }: Shown, words: MapWords, stillMotion: () => boolean): Promise<WallMap> {
  const { view, base } = viewer;
  const language = (): string => words.language();
  const lateWord = (n: number): string => (n > 0 ? words.late(n) : '');
  setWorkerUrl(new URL(workerUrl, location.href).href);
  await loadFonts();

  const keepFull = new URLSearchParams(location.search).get('quality') === 'full';
  const info = (): WallInfo | null => state.info.value;
  const tables = (): Record<Level, (typeof state.areas)['cell']['value']> => ({ cell: state.areas.cell.value, community: state.areas.community.value, street: state.areas.street.value });

  const map = new MapLibre({
    container,
    style: baseStyle(info()?.base_map ?? null, (path) => host.url(path)),
    attributionControl: false,
    keyboard: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    fadeDuration: 150,
    maxZoom: 19.5,
    maxCanvasSize: [8192, 8192],
    minZoom: 3,
    localIdeographFontFamily: '"Noto Sans SC Variable", sans-serif',
    canvasContextAttributes: { antialias: true, preserveDrawingBuffer: false },
    center: [0, 0],
    zoom: 3,
  });
  map.touchZoomRotate.disableRotation();
  map.scrollZoom.setWheelZoomRate(1 / 300);

  const heat = new HeatRaster(map, host, (held) => {
    viewer.heatHeld.value = held;
  });
  let builtFor: string | null = null;
  let builtBase = 0;
  /** The whole territory is shown, and goes on being shown when the map changes size. */
  let atHome = true;
  let fitted = false;
  let heatTimer: ReturnType<typeof setTimeout> | undefined;
  let heatAt = 0;
  let pointTimer: ReturnType<typeof setTimeout> | undefined;
  let pointAt = 0;
  let pointQuestion: AbortController | null = null;
  let lateTimer: ReturnType<typeof setTimeout> | undefined;
  let lateAt = 0;
  let lateQuestion: AbortController | null = null;
  /** Of which time, by whose knowledge, the points and the late tickets on the map are; empty = there are none. */
  let pointsOf = '';
  let lateOf = '';
  /** What was not answered is asked again, also where no frame comes. */
  const heatAgain = new Again(() => refreshHeat(0));
  const pointAgain = new Again(() => refreshPoints(0));
  const lateAgain = new Again(() => refreshLate(0));
  let labelTimer: ReturnType<typeof setTimeout> | undefined;
  let pulses = 0;
  /** Keys of the cells that an alarm names. */
  let alarmed = '';
  /** What two periods differ by, in the scene of comparison. */
  let differences = new Map<string, number>();
  /** The scene for which the whole territory was last brought into view. */
  let fittedFor: string = view.mode;
  let destroyed = false;

  const pace = new Pace((quality) => {
    view.slow = quality !== 'full';
    applyRatio(false);
  });
  let ratio = 1;
  function applyRatio(moving: boolean): void {
    const next = keepFull ? 1 : pace.ratio(moving);
    if (next === ratio) return;
    ratio = next;
    map.setPixelRatio(devicePixelRatio * next);
  }

  // ---- building ------------------------------------------------------------------------------------------------
  function build(): void {
    const now = info();
    if (!now || destroyed) return;
    const rem = base.px;
    const key = JSON.stringify([now.base_map, rem, language(), devicePixelRatio]);
    if (key === builtFor) return;
    if (builtBase > 0 && builtBase !== rem && !atHome) map.setZoom(map.getZoom() + Math.log2(rem / builtBase));
    builtBase = rem;
    builtFor = key;
    for (const layer of map.getStyle().layers) if (layer.id !== 'ground') map.removeLayer(layer.id);
    for (const id of Object.keys(map.getStyle().sources)) map.removeSource(id);
    putIcons(map, rem, Math.max(1, devicePixelRatio));
    if (now.base_map) map.addSource('basemap', { type: 'vector', tiles: [host.url(now.base_map.tiles)], minzoom: now.base_map.min_zoom, maxzoom: now.base_map.max_zoom });
    for (const level of levels) {
      map.addSource(areas.areaSource(level), { type: 'geojson', data: state.areas[level].value ?? nothing, promoteId: 'key', tolerance: 0.2 });
      map.addSource(areas.labelSource(level), { type: 'geojson', data: nothing });
    }
    for (const id of ['points', 'late', 'sectors', 'staff', 'alarms', 'selected']) map.addSource(id, { type: 'geojson', data: nothing });
    if (now.base_map) for (const layer of groundLayers(rem)) map.addLayer(layer);
    heat.add();
    for (const layer of areas.fillLayers()) map.addLayer(layer);
    if (now.base_map) for (const layer of roadLayers(rem)) map.addLayer(layer);
    for (const layer of areas.lineLayers(rem)) map.addLayer(layer);
    if (now.base_map) for (const layer of groundLabelLayers(rem, language())) map.addLayer(layer);
    // Points keep their place before names of cells, names of communities and streets before both; before all come alarms
    // with whose they are.
    const [cellNames, ...largerNames] = areas.labelLayers(rem);
    if (cellNames) map.addLayer(cellNames);
    for (const layer of [...points.pointLayers(rem), ...largerNames, ...points.alarmLayers(rem)]) map.addLayer(layer);
    scene();
    everything();
    selected();
    if (atHome && fitted) scheduleFit();
  }

  // ---- showing -------------------------------------------------------------------------------------------------
  function scene(): void {
    const now = info();
    if (!now || builtFor === null) return;
    viewer.openTop.value ??= areas.openScale(tables(), state.stats.value);
    const measure = view.compare.measure;
    const top = viewer.comparison.value ? diffTop(viewer.comparison.value, measure) : 1;
    areas.thinOut(map, view, tables(), base.px);
    if (map.getLayer('bm-place-name')) map.setFilter('bm-place-name', ['all', ['has', 'name'], ['!', ['in', ['get', 'name'], ['literal', areas.namesOf(tables())]]]]);
    areas.showScene(map, view, now, viewer.openTop.value, tables(), top);
    if (view.mode === 'compare') differences = areas.setDifferences(map, view.level, (state.areas[view.level].value?.features ?? []).map((f) => f.properties.key), viewer.comparison.value, measure);
    if (atHome && fitted && view.mode !== fittedFor) scheduleFit();
    map.setLayoutProperty('pt-late', 'visibility', view.mode === 'time_left' ? 'visible' : 'none');
    refreshLate(0);
    labels();
    refreshHeat(0);
    document.documentElement.dataset.mapMode = view.mode;
    document.documentElement.dataset.mapLevel = view.level;
  }

  /** The difference of an area, with its sign. */
  function signed(key: string): string {
    const diff = differences.get(key);
    if (diff === undefined) return '';
    const size = view.compare.measure === 'on_time' ? Math.abs(diff).toFixed(1) : String(Math.abs(diff));
    return diff === 0 ? '0' : `${diff > 0 ? '+' : '−'}${size}`;
  }

  function labels(): void {
    const level = view.level;
    const collection = state.areas[level].value;
    if (!collection) return;
    const stats = state.stats.value;
    // The scene's own word stands under the name: who answers, or how many are open.
    const owners = new Map(view.mode === 'owner' ? collection.features.map((f) => [f.properties.key, f.properties.owner]) : []);
    const second = (key: string): string | number => (view.mode === 'open' ? stats.get(key)?.open : view.mode === 'time_left' ? lateWord(stats.get(key)?.overdue ?? 0) : view.mode === 'compare' ? signed(key) : owners.get(key)) || '';
    const named = new Set(level === 'cell' ? alarmed.split(' ') : []);
    const data = areas.labelPoints(
      collection.features.filter((f) => !named.has(f.properties.key)),
      (key, name) => `${name}\n${second(key)}`.trim(),
      (key) => stats.get(key)?.open ?? 0,
    );
    areas.setData(map, areas.labelSource(level), data);
    // Where cells are too small to be named, their communities are.
    if (level === 'cell') areas.setData(map, areas.labelSource('community'), areas.labelPoints(state.areas.community.value?.features ?? [], (_, name) => name, (key) => stats.get(key)?.open ?? 0));
  }

  function everything(): void {
    if (builtFor === null) return;
    for (const level of levels) areas.setData(map, areas.areaSource(level), state.areas[level].value ?? nothing);
    areas.setCounts(map, tables(), state.stats.value, null);
    labels();
    moving();
    refreshPoints(0);
    refreshLate(0);
    refreshHeat(0);
    if (!fitted) {
      fit(false);
      fitted = info()?.bounds !== null;
    }
  }

  /** Name and owner of a cell, for its alarm. */
  function ownerWord(key: string): string {
    const cell = state.areas.cell.value?.features.find((f) => f.properties.key === key)?.properties;
    // Where nobody answers anywhere, that is said once, in the legend.
    return cell ? `${cell.name || cell.code}\n${cell.owner || (areas.nobodyAnywhere(state.areas.cell.value) ? '' : words.nobody())}`.trim() : '';
  }

  /** What moves with every frame: staff and alarms. */
  function moving(): void {
    areas.setData(map, 'staff', points.staffPoints(state.staff.value.values()));
    const alarms = points.alarmPoints(state.tickets.value.values(), ownerWord);
    areas.setData(map, 'alarms', alarms.points);
    // A cell is named once: where its alarm names it, its own label makes way.
    const named = [...alarms.named].sort().join(' ');
    if (named === alarmed) return;
    alarmed = named;
    labels();
  }

  function refreshHeat(afterMs: number): void {
    if (builtFor === null || !areas.isSmooth(view)) return;
    clearTimeout(heatTimer);
    const wait = Math.max(afterMs, 0);
    heatTimer = setTimeout(() => {
      heatAt = performance.now();
      const mode = view.mode === 'time_left' ? 'time_left' : 'heat';
      void scaleNow().then(async (scale) => {
        const failed = await heat.refresh({ mode, scale: mode === 'heat' ? scale : null, asOfMs: state.link.asOf, time: timeAsked(state.link), fade: pace.quality === 'full' && !stillMotion() });
        if (failed === null) heatAgain.over();
        else heatAgain.failed(failed);
        // The legend speaks of the picture that is shown.
        viewer.heatScale.value = heat.scale;
      });
    }, wait);
  }

  /** Tops of the scales of wider kernels, by kernel: found once over the whole territory, then fixed like the wall's own. */
  const tops = new Map<number, number>();

  /** The heat's kernel and scale at this zoom; `null` = the wall's own. The legend says both. */
  async function scaleNow(): Promise<HeatScale | null> {
    const now = info();
    if (!now?.bounds) return null;
    const { lat } = map.getCenter();
    const sigma_m = kernelFor(metresPerPixel(map.getZoom(), lat), now.heat.sigma_m, base.px);
    if (sigma_m === now.heat.sigma_m) return null;
    if (!tops.has(sigma_m)) {
      const high = await heat.highOver(now.bounds, sigma_m);
      if (high === null || !(high > 0)) return null;
      // The few hottest places are cut, so that the others are seen.
      tops.set(sigma_m, niceUp(high));
    }
    return { sigma_m, max: tops.get(sigma_m) ?? now.heat.scale_max };
  }

  function refreshPoints(afterMs: number): void {
    clearTimeout(pointTimer);
    pointTimer = setTimeout(() => {
      pointAt = performance.now();
      void askPoints();
    }, Math.max(afterMs, 0));
  }

  async function askPoints(): Promise<void> {
    pointQuestion?.abort();
    if (builtFor === null || map.getZoom() < points.zoomAt(points.pointZoom, base.px) - 0.05) return;
    const mine = (pointQuestion = new AbortController());
    const box = map.getBounds();
    const [dx, dy] = [(box.getEast() - box.getWest()) * 0.1, (box.getNorth() - box.getSouth()) * 0.1];
    const time = timeAsked(state.link);
    const query = { west: box.getWest() - dx, south: box.getSouth() - dy, east: box.getEast() + dx, north: box.getNorth() + dy, kinds: 'ticket,camera,site', limit: 2000, ...time };
    try {
      const answer = await host.get<points.PointCollection>('api/v1/points', query, mine.signal);
      if (mine.signal.aborted || destroyed) return;
      pointsOf = JSON.stringify(time);
      areas.setData(map, 'points', answer);
      // What the wall itself names is not named again by the base map.
      const sites = answer.features.filter((f) => f.properties.kind === 'site').map((f) => f.properties.name);
      if (map.getLayer('bm-poi-name')) map.setFilter('bm-poi-name', ['all', ['has', 'name'], ['!', ['in', ['get', 'name'], ['literal', sites]]]]);
      areas.setData(map, 'sectors', points.sectors(answer));
      pointAgain.over();
    } catch (error) {
      // The last points stay; the link's own watch says that the host is gone. Points of another time would be taken for
      // those of this one.
      if (mine.signal.aborted || destroyed) return;
      pointAgain.failed(error);
      if (pointsOf === JSON.stringify(time)) return;
      areas.setData(map, 'points', nothing);
      areas.setData(map, 'sectors', nothing);
    }
  }

  function refreshLate(afterMs: number): void {
    clearTimeout(lateTimer);
    if (view.mode !== 'time_left') return;
    lateTimer = setTimeout(() => {
      lateAt = performance.now();
      void askLate();
    }, Math.max(afterMs, 0));
  }

  async function askLate(): Promise<void> {
    lateQuestion?.abort();
    if (builtFor === null) return;
    const mine = (lateQuestion = new AbortController());
    const time = timeAsked(state.link);
    try {
      const answer = await host.get<points.LateCollection>('api/v1/late-points', { ...time }, mine.signal);
      if (mine.signal.aborted || destroyed) return;
      lateOf = JSON.stringify(time);
      areas.setData(map, 'late', answer);
      viewer.late.value = { total: answer.total, shown: answer.features.length };
      lateAgain.over();
    } catch (error) {
      // As with the points: the last ones stay where they are of the time that is asked for.
      if (mine.signal.aborted || destroyed) return;
      lateAgain.failed(error);
      if (lateOf === JSON.stringify(time)) return;
      areas.setData(map, 'late', nothing);
      viewer.late.value = null;
    }
  }

  function pulse(ticket: TicketView): void {
    if (ticket.lon === null || ticket.lat === null || pulses >= mostPulses) return;
    const element = document.createElement('div');
    element.className = 'map-pulse';
    if (ticket.alarm !== '') element.dataset.alarm = ticket.alarm;
    const ring = document.createElement('i');
    element.append(ring);
    const marker = new Marker({ element, anchor: 'center' }).setLngLat([ticket.lon, ticket.lat]).addTo(map);
    pulses += 1;
    setTimeout(() => {
      marker.remove();
      pulses -= 1;
    }, 2600);
  }

  // ---- selection -----------------------------------------------------------------------------------------------
  function selected(): void {
    if (builtFor === null) return;
    areas.outline(map, view);
    const place = selectedPlace();
    areas.setData(map, 'selected', place ? { type: 'Point', coordinates: place } : nothing);
  }

  function selectedPlace(): [number, number] | null {
    const chosen = view.selection;
    if (chosen?.kind === 'point') return [chosen.lon, chosen.lat];
    if (chosen?.kind !== 'ticket') return null;
    const ticket = state.tickets.value.get(chosen.id);
    if (ticket && ticket.lon !== null && ticket.lat !== null) return [ticket.lon, ticket.lat];
    return ticketPlace;
  }

  /** Place of a selected ticket that the stream does not hold (found by search or by a click). */
  let ticketPlace: [number, number] | null = null;

  function hit(at: ScreenPoint): MapGeoJSONFeature | undefined {
    const slack = base.px * 0.6;
    const layers = clickableNow();
    const near = map.queryRenderedFeatures([[at.x - slack, at.y - slack], [at.x + slack, at.y + slack]], { layers });
    if (near[0]) return near[0];
    return map.queryRenderedFeatures(at, { layers: [`fill-${view.level}`] })[0];
  }
  const clickableNow = (): string[] => points.clickable.filter((id) => map.getLayer(id));

  map.on('click', (event) => {
    if (builtFor === null) return;
    const feature = hit(event.point);
    if (!feature) {
      viewer.select(null);
      return;
    }
    if (feature.source.startsWith('areas-')) {
      viewer.select({ kind: 'area', level: view.level, key: (feature.properties as AreaProperties).key });
      return;
    }
    const properties = feature.properties as PointProperties;
    const [lon, lat] = feature.geometry.type === 'Point' ? feature.geometry.coordinates : [0, 0];
    if (properties.kind === 'ticket') {
      ticketPlace = [lon ?? 0, lat ?? 0];
      viewer.select({ kind: 'ticket', id: properties.id, ...(lon !== undefined && lat !== undefined ? { lon, lat } : {}) });
    } else {
      viewer.select({ kind: 'point', properties, lon: lon ?? 0, lat: lat ?? 0 });
    }
  });
  map.on('mousemove', (event) => {
    if (builtFor !== null && !map.isMoving()) map.getCanvas().style.cursor = hit(event.point) ? 'pointer' : '';
  });

  // ---- moving --------------------------------------------------------------------------------------------------
  function duration(ms: number): number {
    return stillMotion() || pace.quality === 'always' ? 0 : ms;
  }

  function fit(animate = true): void {
    const bounds = info()?.bounds;
    if (!bounds) return;
    const rem = base.px;
    atHome = true;
    const box: [[number, number], [number, number]] = [[bounds[0], bounds[1]], [bounds[2], bounds[3]]];
    const edge = 2 * rem;
    fittedFor = view.mode;
    // The panel of the comparison stands over the right: the territory makes way for it.
    const padding = { top: edge, left: edge, right: edge + (view.mode === 'compare' ? Math.min(31 * rem, container.clientWidth * 0.5) : 0), bottom: edge };
    const camera = map.cameraForBounds(box, { padding });
    if (camera?.zoom !== undefined && view.panels.legend) {
      // Where there is room to spare beside the territory, it makes way for the legend.
      const wide = ((bounds[2] - bounds[0]) / 360) * 512 * 2 ** camera.zoom;
      const spare = container.clientWidth - wide - padding.left - padding.right;
      padding.left += Math.max(0, Math.min(spare, 24 * rem) - 1);
      // Where there is too little, it stands above the legend, or beside it, whichever leaves it larger: nothing of it is covered.
      if (spare < 25 * rem) {
        const beside = { ...padding, left: edge + 25 * rem };
        const above = { ...padding, left: edge, bottom: edge + Math.min(10 * rem, container.clientHeight * 0.4) };
        const [a, b] = [beside, above].map((room) => map.cameraForBounds(box, { padding: room })?.zoom ?? 0) as [number, number];
        Object.assign(padding, a > b ? beside : above);
      }
    }
    map.fitBounds(box, { padding, duration: animate ? duration(700) : 0 });
  }

  let fitTimer: ReturnType<typeof setTimeout> | undefined;
  function scheduleFit(): void {
    clearTimeout(fitTimer);
    fitTimer = setTimeout(() => {
      if (atHome && !destroyed) fit(false);
    }, 120);
  }

  /** The card covers the right of the map: what is chosen goes to the middle of the rest. */
  function offset(): [number, number] {
    const card = view.selection ? base.px * 24 : 0;
    return [-Math.min(card, container.clientWidth * 0.4) / 2, 0];
  }

  const handle: WallMap = {
    map,
    news(change) {
      if (destroyed) return;
      if (change === null) {
        build();
        everything();
        scene();
        return;
      }
      if (builtFor === null) return;
      areas.setCounts(map, tables(), state.stats.value, change.areas);
      if (change.tickets.length > 0 || change.staff.length > 0) moving();
      if (change.tickets.length > 0 || change.areas.length > 0) {
        const wait = pace.refreshMs;
        refreshHeat(Math.max(60, wait - (performance.now() - heatAt)));
        refreshPoints(Math.max(60, wait - (performance.now() - pointAt)));
        refreshLate(Math.max(60, wait - (performance.now() - lateAt)));
        if (view.mode === 'open' || view.mode === 'time_left') {
          clearTimeout(labelTimer);
          labelTimer = setTimeout(labels, 300);
        }
      }
      if (change.fresh.length <= mostPulses && !stillMotion()) for (const ticket of change.fresh) if (ticket.open) pulse(ticket);
    },
    scene() {
      scene();
    },
    selected,
    rebuild: build,
    pan(x, y) {
      atHome = false;
      map.panBy([x * container.clientWidth, -y * container.clientHeight], { duration: duration(250) });
    },
    zoom(step) {
      atHome = false;
      map.zoomTo(map.getZoom() + step, { duration: duration(250) });
    },
    middle() {
      const { lng, lat } = map.getCenter();
      return [lng, lat];
    },
    fit: () => fit(true),
    flyTo(lon, lat) {
      atHome = false;
      ticketPlace = [lon, lat];
      const zoom = Math.max(map.getZoom(), points.zoomAt(15.8, base.px));
      map.easeTo({ center: [lon, lat], zoom, offset: offset(), duration: duration(900) });
      selected();
    },
    showArea(level, key) {
      const feature = state.areas[level].value?.features.find((f) => f.properties.key === key);
      if (!feature) return;
      atHome = false;
      const rings: number[][] = feature.geometry.type === 'Polygon' ? feature.geometry.coordinates.flat() : feature.geometry.coordinates.flat(2);
      const lons = rings.map((p) => p[0] ?? 0);
      const lats = rings.map((p) => p[1] ?? 0);
      const rem = base.px;
      const right = Math.min(26 * rem, container.clientWidth * 0.45);
      const box: [[number, number], [number, number]] = [[lons.reduce((a, b) => Math.min(a, b)), lats.reduce((a, b) => Math.min(a, b))], [lons.reduce((a, b) => Math.max(a, b)), lats.reduce((a, b) => Math.max(a, b))]];
      const camera = map.cameraForBounds(box, { padding: { top: 4 * rem, bottom: 4 * rem, left: 4 * rem, right: right + 2 * rem } });
      if (!camera?.center) return;
      const zoom = Math.min(camera.zoom ?? 15, points.zoomAt(15.6, rem));
      map.easeTo({ center: [(box[0][0] + box[1][0]) / 2, (box[0][1] + box[1][1]) / 2], zoom, offset: [-right / 2, 0], duration: duration(900) });
    },
    destroy() {
      destroyed = true;
      for (const again of [heatAgain, pointAgain, lateAgain]) again.over();
      map.remove();
    },
  };

  map.on('movestart', () => applyRatio(map.isMoving()));
  const seen = (): void => {
    const box = map.getBounds();
    viewer.seen.value = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()];
  };
  map.on('moveend', () => {
    seen();
    refreshHeat(80);
    refreshPoints(80);
  });
  map.on('render', () => pace.frame(performance.now(), map.isMoving()));
  map.on('idle', () => {
    applyRatio(false);
    if (builtFor !== null && state.info.value && (heat.hasPicture || !areas.isSmooth(view))) document.documentElement.dataset.ready = '1';
  });
  map.on('resize', () => {
    if (atHome && fitted && map.getPixelRatio() === devicePixelRatio * ratio) scheduleFit();
    refreshHeat(150);
  });
  for (const touched of ['dragstart', 'wheel', 'dblclick', 'touchstart'] as const) map.on(touched, () => (atHome = false));

  if (!map.isStyleLoaded()) await new Promise((resolve) => void map.once('style.load', resolve));
  build();
  return handle;
}
