/** What is chosen on the map by a click, and how the map shows what is chosen. */
import { Marker, type MapGeoJSONFeature, type Point as ScreenPoint } from 'maplibre-gl';
import type { AreaProperties, PointProperties, TicketView } from '@/wire/wire';
import * as areas from '../areas';
import * as points from '../points';
import { nothing, type Board } from './board';

/** Pulses at once; a flood of tickets is seen in the heat, not in rings. */
export const mostPulses = 8;
const pulseMs = 2600;

/** Choosing on a map. */
export interface Choosing {
  /** Shows what is selected. */
  show(): void;
  /** Where a ticket lies that may be selected next and that the stream does not hold. */
  remember(lon: number, lat: number): void;
  /** A ring where something new came. */
  pulse(ticket: TicketView): void;
}

/** Choosing on a map. */
export function openChoosing(board: Board): Choosing {
  const { map, shown: { state, viewer } } = board;
  const { view } = viewer;
  /** Place of a selected ticket that the stream does not hold (found by search or by a click). */
  let ticketPlace: [number, number] | null = null;
  let pulses = 0;

  function hit(at: ScreenPoint): MapGeoJSONFeature | undefined {
    const slack = board.rem * 0.6;
    const layers = points.clickable.filter((id) => map.getLayer(id));
    const near = map.queryRenderedFeatures([[at.x - slack, at.y - slack], [at.x + slack, at.y + slack]], { layers });
    if (near[0]) return near[0];
    return map.queryRenderedFeatures(at, { layers: [`fill-${view.level}`] })[0];
  }

  map.on('click', (event) => {
    if (!board.built) return;
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
    if (board.built && !map.isMoving()) map.getCanvas().style.cursor = hit(event.point) ? 'pointer' : '';
  });

  function selectedPlace(): [number, number] | null {
    const chosen = view.selection;
    if (chosen?.kind === 'point') return [chosen.lon, chosen.lat];
    if (chosen?.kind !== 'ticket') return null;
    const ticket = state.tickets.value.get(chosen.id);
    if (ticket && ticket.lon !== null && ticket.lat !== null) return [ticket.lon, ticket.lat];
    return ticketPlace;
  }

  return {
    show() {
      if (!board.built) return;
      areas.outline(map, view);
      const place = selectedPlace();
      areas.setData(map, 'selected', place ? { type: 'Point', coordinates: place } : nothing);
    },
    remember(lon, lat) {
      ticketPlace = [lon, lat];
    },
    pulse(ticket) {
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
      }, pulseMs);
    },
  };
}
