/** Sources and layers of the wall's map, from the ground up. */
import { levels } from '@/state/view';
import * as areas from '../areas';
import { groundLabelLayers, groundLayers, roadLayers } from '../basemap';
import type { HeatRaster } from '../heat';
import { putIcons } from '../icons';
import * as points from '../points';
import { nothing, type Board } from './board';

/** Makes them anew, whatever there was before. */
export function putLayers({ map, rem, info, shown: { host, state }, words }: Board, heat: HeatRaster): void {
  const baseMap = info?.base_map ?? null;
  for (const layer of map.getStyle().layers) if (layer.id !== 'ground') map.removeLayer(layer.id);
  for (const id of Object.keys(map.getStyle().sources)) map.removeSource(id);
  putIcons(map, rem, Math.max(1, devicePixelRatio));
  if (baseMap) map.addSource('basemap', { type: 'vector', tiles: [host.url(baseMap.tiles)], minzoom: baseMap.min_zoom, maxzoom: baseMap.max_zoom });
  for (const level of levels) {
    map.addSource(areas.areaSource(level), { type: 'geojson', data: state.areas[level].value ?? nothing, promoteId: 'key', tolerance: 0.2 });
    map.addSource(areas.labelSource(level), { type: 'geojson', data: nothing });
  }
  for (const id of ['points', 'late', 'sectors', 'staff', 'alarms', 'selected']) map.addSource(id, { type: 'geojson', data: nothing });
  if (baseMap) for (const layer of groundLayers(rem)) map.addLayer(layer);
  heat.add();
  for (const layer of areas.fillLayers()) map.addLayer(layer);
  if (baseMap) for (const layer of roadLayers(rem)) map.addLayer(layer);
  for (const layer of areas.lineLayers(rem)) map.addLayer(layer);
  if (baseMap) for (const layer of groundLabelLayers(rem, words.language())) map.addLayer(layer);
  // Points keep their place before names of cells, names of communities and streets before both; before all come alarms
  // with whose they are.
  const [cellNames, ...largerNames] = areas.labelLayers(rem);
  if (cellNames) map.addLayer(cellNames);
  for (const layer of [...points.pointLayers(rem), ...largerNames, ...points.alarmLayers(rem)]) map.addLayer(layer);
}
