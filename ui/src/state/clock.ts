/** The wall's time, carried on between the server's words. */
import { computed, ref, type ComputedRef, type Ref } from 'vue';
import type { WallState } from './wall';

/** The two times of a page. */
export interface Clocks {
  /** Real time in ms, ticking every second. */
  realNow: Ref<number>;
  /** The wall's time in ms, ticking with it. */
  now: ComputedRef<number>;
}

/** A replay may stop speaking: its clock runs on by itself for so long at most. */
const replayRunsOnMs = 5_000;

/** The wall's time: the server's clock, carried on between its words. */
export function wallTime(read: { clock: { kind: string; now_ms: number; speed: number }; readAt: number }, performanceNow: number): number {
  const passed = Math.max(0, performanceNow - read.readAt);
  const { kind, now_ms, speed } = read.clock;
  return now_ms + (kind === 'system' ? passed : Math.min(passed, replayRunsOnMs)) * speed;
}

/** Lets the times of a page tick. */
export function tick(state: Pick<WallState, 'clock' | 'held'>): Clocks {
  const realNow = ref(Date.now());
  setInterval(() => {
    realNow.value = Date.now();
  }, 1000);
  const now = computed(() => {
    const real = realNow.value;
    const read = state.clock.value;
    if (!read) return real;
    return state.held.value.asOf ?? wallTime(read, performance.now());
  });
  return { realNow, now };
}
