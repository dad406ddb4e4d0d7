/** What keeps the store from being used, as the server says it with every frame. */
import type { Freshness } from '@/wire/wire';

/** All words the server may use; anything newer is shown as silence. */
export const troubles = ['full', 'read_only', 'io', 'damaged', 'unreachable', 'replaced', 'silent'] as const;
export type Trouble = (typeof troubles)[number];

/** The trouble of a store, `null` when it can be read and written. */
export function storeTrouble(freshness: Pick<Freshness, 'store_ok' | 'store_trouble'> | null | undefined): Trouble | null {
  if (!freshness || freshness.store_ok) return null;
  return troubles.find((t) => t === freshness.store_trouble) ?? 'silent';
}

/** Whether the picture stands still: a store that only takes nothing can still be read. */
export const pictureStands = (trouble: Trouble | null): boolean => trouble !== null && trouble !== 'full' && trouble !== 'read_only';
