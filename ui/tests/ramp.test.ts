import { describe, expect, it } from 'vitest';
import { alarmColors, heatColors, heatLut, ownerColors, sample, timeLeftColors, timeLeftLut } from '@/map/ramp';

/** sRGB 8 bit to OKLab: the inverse of what the ramp does, written anew. */
function lab([r, g, b]: readonly number[]): [number, number, number] {
  const [R, G, B] = [r, g, b].map((v = 0) => {
    const x = v / 255;
    return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * R + 0.5363325363 * G + 0.0514459929 * B);
  const m = Math.cbrt(0.2119034982 * R + 0.6806995451 * G + 0.1073969566 * B);
  const s = Math.cbrt(0.0883024619 * R + 0.2817188376 * G + 0.6299787005 * B);
  return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s, 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s, 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s];
}
const hex = (s: string): number[] => [1, 3, 5].map((i) => parseInt(s.slice(i, i + 2), 16));
const distance = (p: readonly number[], q: readonly number[]): number => {
  const [a, b] = [lab(p), lab(q)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
};
const chroma = (p: readonly number[]): number => Math.hypot(lab(p)[1], lab(p)[2]);

describe('heat ramp', () => {
  it('is golden', () => {
    expect(sample(heatColors, 9)).toMatchInlineSnapshot(`
      [
        "rgb(38,34,61)",
        "rgb(72,47,92)",
        "rgb(112,60,109)",
        "rgb(153,75,111)",
        "rgb(185,99,106)",
        "rgb(208,128,103)",
        "rgb(224,164,118)",
        "rgb(237,200,147)",
        "rgb(249,235,190)",
      ]
    `);
  });
  it('grows lighter all the way', () => {
    const light = heatColors.map((c) => lab(c)[0]);
    for (let i = 8; i < 256; i += 1) expect(light[i]).toBeGreaterThan(light[i - 8] ?? 1);
  });
  it('has equal steps for equal differences', () => {
    const steps = Array.from({ length: 15 }, (_, i) => distance(heatColors[i * 17] ?? [], heatColors[(i + 1) * 17] ?? []));
    const mean = steps.reduce((a, b) => a + b) / steps.length;
    for (const step of steps) expect(Math.abs(step / mean - 1)).toBeLessThan(0.12);
  });
  it('fades in from nothing and never out again', () => {
    expect(heatLut[0]?.[3]).toBe(0);
    for (let i = 1; i < 256; i += 1) expect(heatLut[i]?.[3] ?? 0).toBeGreaterThanOrEqual(heatLut[i - 1]?.[3] ?? 0);
  });
});

describe('time-left ramp', () => {
  it('is golden', () => {
    expect(sample(timeLeftColors, 9)).toMatchInlineSnapshot(`
      [
        "rgb(239,174,124)",
        "rgb(202,142,108)",
        "rgb(164,112,92)",
        "rgb(119,91,81)",
        "rgb(67,73,73)",
        "rgb(68,87,90)",
        "rgb(73,102,106)",
        "rgb(79,116,121)",
        "rgb(86,131,136)",
      ]
    `);
  });
  it('turns at due now, where it is greyest and darkest', () => {
    expect(chroma(timeLeftColors[128] ?? [])).toBeLessThan(0.02);
    expect(lab(timeLeftColors[0] ?? [])[0]).toBeGreaterThan(lab(timeLeftColors[128] ?? [])[0] + 0.3);
    expect(lab(timeLeftColors[255] ?? [])[0]).toBeGreaterThan(lab(timeLeftColors[128] ?? [])[0] + 0.1);
  });
  it('shows nothing where there is nothing', () => expect(timeLeftLut[0]?.[3]).toBe(0));
});

describe('colours that mean something', () => {
  it('alarms alone are saturated', () => {
    const quietest = Math.min(...Object.values(alarmColors).map((c) => chroma(hex(c))));
    const loudest = Math.max(...heatColors.map(chroma), ...timeLeftColors.map(chroma), ...ownerColors.map((c) => chroma(hex(c))));
    expect(quietest).toBeGreaterThan(loudest);
  });
  it('eight owners are told apart', () => {
    for (const [i, a] of ownerColors.entries()) for (const b of ownerColors.slice(i + 1)) expect(distance(hex(a), hex(b)), `${a} ${b}`).toBeGreaterThan(0.18);
  });
});
