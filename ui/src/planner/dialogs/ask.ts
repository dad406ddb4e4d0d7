/** Questions of dialogs to the host: with the trouble kept in words, and an end when the dialog goes. */
import { onBeforeUnmount, ref, type Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { HostError } from '@/host';
import { refusalOf } from '../session';

/** What a dialog asks with. */
export interface Asking {
  /** A question is under way. */
  busy: Ref<boolean>;
  /** What went wrong with the last one, in words; empty = nothing. */
  problem: Ref<string>;
  /** Asks; answers `null` when it failed or the dialog is gone. One question at a time: a newer one ends the older. */
  ask<T>(question: (signal: AbortSignal) => Promise<T>): Promise<T | null>;
}

/** What went wrong, in the viewer's language where there are words for it. */
export function useTrouble(): (error: unknown) => string {
  const { t, te } = useI18n();
  return (error) => {
    const refused = refusalOf(error);
    if (refused) {
      const path = `plan.refused.${refused.code}`;
      return te(path) ? t(path) : refused.message;
    }
    if (!(error instanceof HostError)) return String(error);
    if (error.status === 0) return t('plan.trouble.unreachable');
    if (error.status === 401) return t('plan.trouble.signIn');
    if (error.status === 403) return t('plan.trouble.role');
    if (error.status === 413) return t('plan.trouble.tooLarge');
    return t('plan.failed', { why: error.message });
  };
}

/** Questions of one dialog. */
export function useAsking(): Asking {
  const busy = ref(false);
  const problem = ref('');
  const words = useTrouble();
  let now: AbortController | null = null;
  onBeforeUnmount(() => now?.abort());
  return {
    busy,
    problem,
    async ask(question) {
      now?.abort();
      const mine = (now = new AbortController());
      busy.value = true;
      problem.value = '';
      try {
        const answer = await question(mine.signal);
        return mine.signal.aborted ? null : answer;
      } catch (error) {
        if (!mine.signal.aborted) problem.value = words(error);
        return null;
      } finally {
        if (now === mine) busy.value = false;
      }
    },
  };
}
