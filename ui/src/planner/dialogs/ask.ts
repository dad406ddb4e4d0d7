/** Questions of dialogs to the host: with the trouble kept in words, and an end when the dialog goes. */
import { inject, onBeforeUnmount, ref, watch, type Ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { HostError } from '@/host';
import { problemWords } from '@/state/problem';
import { plannerKey } from '../session';
import { refusalOf } from '../state';

/** What a dialog asks with. */
export interface Asking {
  /** A question is under way. */
  busy: Ref<boolean>;
  /** What went wrong with the last one, in words; empty = nothing. */
  problem: Ref<string>;
  /** Asks; answers `null` when it failed or the dialog is gone. One question at a time: a newer one ends the older. */
  ask<T>(question: (signal: AbortSignal) => Promise<T>): Promise<T | null>;
}

/** What went wrong, in the viewer's language: a refusal by its code, never by the service's own sentence. */
export function useTrouble(): (error: unknown) => string {
  const { t, te } = useI18n();
  return (error) => {
    const refused = refusalOf(error);
    if (error instanceof HostError && error.code === 'not_saved') return t('plan.export.notSaved');
    if (!refused) return problemWords(error, t);
    const path = `plan.refused.${refused.code}`;
    return t(te(path) ? path : 'plan.refused.other');
  };
}

/**
 * Questions of one dialog. `load`: asks again for what is shown, once the link is there again and the last question failed or
 * is still without an answer: it was sent into the lost link.
 */
export function useAsking(load?: () => unknown): Asking {
  const busy = ref(false);
  const problem = ref('');
  const words = useTrouble();
  const planner = inject(plannerKey, null);
  let now: AbortController | null = null;
  onBeforeUnmount(() => now?.abort());
  if (load) watch(() => planner?.state.returns, () => void ((problem.value !== '' || busy.value) && load()));
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
