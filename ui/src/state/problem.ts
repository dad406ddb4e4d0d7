/** What went wrong, in the viewer's words: never a name from the program, never the engine's own sentence. */
import { HostError } from '@/host';

type Translate = (key: string, values?: Record<string, unknown>) => string;

/** Refusals that have words of their own; others are told by their kind. */
const byCode = new Set(['timeout', 'session_ended', 'sign_in', 'rate_limited', 'queue_full', 'store_busy', 'too_large', 'too_many_streams', 'too_many_pictures', 'too_many_requests', 'outside_scope', 'not_drawn', 'no_painter']);

/** Words for an error of the host, or of anything else. */
export function problemWords(error: unknown, t: Translate): string {
  if (!(error instanceof HostError)) return t('problem.program');
  if (byCode.has(error.code)) {
    const waited = (error.answer as { waited_s?: number } | null)?.waited_s ?? 0;
    return t(`problem.${error.code}`, { s: error.retryAfterS ?? waited });
  }
  if (error.status === 0) return t('problem.unreachable');
  if (error.status === 401) return t('problem.sign_in');
  if (error.status === 403) return t('problem.forbidden');
  if (error.status === 404) return t('problem.gone');
  if (error.status === 507) return t('problem.disk');
  if (error.status >= 500) return t('problem.server', { status: error.status });
  return t('problem.refused', { message: error.message });
}
