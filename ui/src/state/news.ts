/** Passes on what the feed changed to whoever draws it, outside Vue's reactivity. */
import type { FrameChange } from './tables';

/** A listener; `null` = everything changed. */
export type NewsListener = (change: FrameChange | null) => void;

/** One speaker, many listeners. */
export interface News {
  tell: NewsListener;
  /** Listens until the returned function is called. */
  listen(listener: NewsListener): () => void;
}

/** Makes a news channel. */
export function news(): News {
  const listeners = new Set<NewsListener>();
  return {
    tell(change) {
      for (const listener of listeners) listener(change);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
