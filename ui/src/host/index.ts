/** Chooses the host: the window's when the page runs inside Tauri, the browser's otherwise. */
import type { Host } from './host';
import { httpHost } from './http';

export type { AnswerOf, BytesAnswer, Host, PathOf, Query, StreamState } from './host';
export { HostError } from './host';

/** The host of this page. */
export async function openHost(): Promise<Host> {
  if ('__TAURI_INTERNALS__' in window) {
    const { tauriHost } = await import('./tauri');
    return tauriHost();
  }
  return httpHost();
}
