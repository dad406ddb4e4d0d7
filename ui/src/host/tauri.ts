/** The wall in its own window: questions by fetch on the window's scheme, frames through a Tauri channel. */
import { Channel, invoke } from '@tauri-apps/api/core';
import type { Frame } from '@/wire/wire';
import { currentBearer, HostError, overFetch, type Host } from './host';

/** Makes the host of the Tauri window. */
export function tauriHost(): Host {
  return {
    ...overFetch,
    // The window's engine has no downloads: its Rust side writes the file and says where.
    async save(name, bytes) {
      try {
        return await invoke<string>('save_file', bytes, { headers: { name: encodeURIComponent(name) } });
      } catch (cause) {
        throw new HostError(507, 'not_saved', String(cause));
      }
    },
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
