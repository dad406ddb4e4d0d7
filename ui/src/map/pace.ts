/**
 * Notices slow graphics and makes the map cheaper by itself: coarser pixels while it moves, sharp again when it rests,
 * fewer refreshes; on the slowest machines it stays coarse.
 */

/** How the map is drawn: as well as the screen can, cheaper while moving, or cheaper always. */
export type Quality = 'full' | 'moving' | 'always';

/** A moving picture slower than this is too slow. */
const slowFrameMs = 90;
/** A single picture slower than this is too slow even when still. */
const slowStillMs = 1500;
/** How many frames are judged together. */
const sampleSize = 6;

/** Judges frame times. */
export class Pace {
  private times: number[] = [];
  private last = 0;
  quality: Quality = 'full';

  constructor(private readonly onChange: (quality: Quality) => void) {}

  /** A frame was drawn at a time; `moving` = the next is expected at once. */
  frame(atMs: number, moving: boolean): void {
    if (moving && this.last > 0) {
      this.times.push(atMs - this.last);
      if (this.times.length >= sampleSize) this.judge();
    }
    this.last = moving ? atMs : 0;
  }

  private judge(): void {
    const sorted = this.times.sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1] ?? 0;
    this.times = [];
    const next: Quality = median > slowStillMs ? 'always' : median > slowFrameMs ? (this.quality === 'always' ? 'always' : 'moving') : this.quality;
    if (next !== this.quality) {
      this.quality = next;
      this.onChange(next);
    }
  }

  /** Part of the screen's pixel ratio to draw with. */
  ratio(moving: boolean): number {
    if (this.quality === 'full') return 1;
    return moving || this.quality === 'always' ? 0.5 : 1;
  }

  /** Least time between two refreshes of the heat. */
  get refreshMs(): number {
    return this.quality === 'full' ? 1000 : this.quality === 'moving' ? 2000 : 5000;
  }
}
