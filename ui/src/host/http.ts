/** The wall in a browser: questions by fetch, frames by server-sent events. */
import type { Frame } from '@/wire/wire';
import { fetchBytes, fetchJson, pageUrl, type Host } from './host';

/** Makes the host of a browser page. */
export function httpHost(): Host {
  return {
    get: fetchJson,
    getBytes: fetchBytes,
    url: pageUrl,
    subscribe(sinceRevision, onFrame, onState) {
      const source = new EventSource(pageUrl('api/v1/frames', { since: sinceRevision }), { withCredentials: true });
      source.onopen = () => onState('open');
      source.onmessage = (event: MessageEvent<string>) => onFrame(JSON.parse(event.data) as Frame);
      // EventSource would reconnect with the old revision; the wall starts again from a snapshot instead.
      source.onerror = () => {
        source.close();
        onState('lost');
      };
      return () => source.close();
    },
  };
}
