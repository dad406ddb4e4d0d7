/** The wall in its own window: questions by fetch on the window's scheme, frames through a Tauri channel. */
import { Channel, invoke } from '@tauri-apps/api/core';
import type { Frame } from '@/wire/wire';
import { currentBearer, overFetch, type Host } from './host';

/** Makes the host of the Tauri window. */
export function tauriHost(): Host {
  return {
    ...overFetch,
    subscribe(sinceRevision, onFrame, onState) {
      let live = true;
      const channel = new Channel<Frame>();
      channel.onmessage = (frame) => {
        if (live) onFrame(frame);
      };
      invoke('frames', { since: sinceRevision, channel, bearer: currentBearer() }).then(
        () => {
          if (live) onState('open');
        },
        () => {
          if (live) onState('lost');
        },
      );
      return () => {
        live = false;
      };
    },
  };
}
