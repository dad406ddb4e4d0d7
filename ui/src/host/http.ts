/** The wall in a browser: questions by fetch, frames by server-sent events. */
import type { Frame } from '@/wire/wire';
import { askHeaders, currentBearer, overFetch, pageUrl, refusal, type Host } from './host';
import { saveInBrowser } from './save';
import { eventParser } from './sse';

/** Makes the host of a browser page. */
export function httpHost(): Host {
  return {
    ...overFetch,
    save: saveInBrowser,
    subscribe(sinceRevision, onFrame, onState) {
      const end = new AbortController();
      const follow = async (): Promise<void> => {
        const asked = currentBearer();
        const response = await fetch(pageUrl('api/v1/frames', { since: sinceRevision }), {
          headers: { ...askHeaders(), accept: 'text/event-stream' },
          credentials: 'same-origin',
          cache: 'no-store',
          signal: end.signal,
        });
        if (!response.ok || !response.body) throw await refusal(response, asked);
        onState('open');
        const parse = eventParser((data) => onFrame(JSON.parse(data) as Frame));
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          parse(value);
        }
      };
      // However it ends, the wall starts again from a snapshot; an end it asked for is none.
      const ended = (cause?: unknown): void => {
        if (!end.signal.aborted) onState('lost', cause);
      };
      follow().then(() => ended(), ended);
      return () => end.abort();
    },
  };
}
