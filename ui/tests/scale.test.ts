import { describe, expect, it } from 'vitest';
import { namesOf, nobodyAnywhere } from '@/map/areas';
import { kernelFor, levelZooms, metresPerPixel, middleSide, niceUp, wholeTicks, zoomFor } from '@/map/scale';
import type { AreaCollection } from '@/state/wall';

const area = (area_km2: number, label_lat = 22.5, owner_color = -1, name = '') => ({ properties: { area_km2, label_lat, owner_color, name } });
const collection = (...features: ReturnType<typeof area>[]): AreaCollection => ({ type: 'FeatureCollection', features }) as unknown as AreaCollection;

describe('city scale', () => {
  it('knows zoom and size of things from each other', () => {
    for (const lat of [0, 22.5, 42.3]) expect(470 / metresPerPixel(zoomFor(470, 30, lat), lat)).toBeCloseTo(30, 6);
  });
  it('fades borders and names by the size of the middle area, not by the largest', () => {
    const small = Array.from({ length: 9 }, () => area(0.22));
    expect(middleSide([...small, area(400)])?.side_m).toBeCloseTo(469, 0);
    const zooms = levelZooms([...small, area(400)], 15);
    if (!zooms) throw new Error('there are areas');
    expect(zooms.faded).toBeLessThan(zooms.full);
    expect(zooms.full).toBeLessThan(zooms.named);
    // A denser wall shows the same at one zoom more.
    expect((levelZooms(small, 30)?.named ?? 0) - (levelZooms(small, 15)?.named ?? 0)).toBeCloseTo(1, 6);
    expect(levelZooms([], 15)).toBeNull();
  });
  it('widens the kernel only where the own one would be lost, to round numbers', () => {
    expect(kernelFor(5, 120, 15)).toBe(120);
    expect(kernelFor(62, 120, 15)).toBe(500);
    expect(kernelFor(62, 120, 30)).toBe(1000);
    expect(kernelFor(1e9, 120, 15)).toBe(20_000);
  });
  it('rounds up to 1, 2, 5', () => expect([0.7, 1, 1.01, 3, 5.5, 120].map(niceUp)).toEqual([1, 1, 2, 5, 10, 200]));
  it('labels scales of counts in whole numbers, evenly', () => {
    for (const top of [1, 2, 3, 4, 5, 10, 20, 50, 100, 200, 500, 1000, 5000]) {
      const ticks = wholeTicks(top);
      expect(ticks.every(Number.isInteger), String(top)).toBe(true);
      expect([ticks[0], ticks.at(-1)]).toEqual([0, top]);
      expect(new Set(ticks.slice(1).map((n, i) => n - (ticks[i] ?? 0))).size).toBe(1);
    }
  });
  it('says that nobody answers once, where it is everywhere', () => {
    expect(nobodyAnywhere(collection(area(1), area(2)))).toBe(true);
    expect(nobodyAnywhere(collection(area(1), area(2, 0, 3)))).toBe(false);
    expect(nobodyAnywhere(collection())).toBe(false);
    expect(nobodyAnywhere(null)).toBe(false);
  });
  it('lets the base map leave out what the wall names', () => {
    expect(namesOf({ cell: collection(area(1, 0, 0, '甲网格')), community: collection(area(1, 0, 0, '甲社区'), area(1)), street: null })).toEqual(['甲社区']);
  });
});
