/** Asks for a card when the selection changes, and again when frames touch it. */
import { computed, onBeforeUnmount, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { HostError, type Host, type Query } from '@/host';
import { Again } from '@/state/again';
import { problemWords } from '@/state/problem';
import { useFeed, useHost } from '@/state/app';
import type { FrameChange } from '@/state/tables';
import { nothingHeld, timeAsked, type Held } from '@/state/wall';

/** At most one question in so many ms while frames keep coming. */
const againMs = 2000;

/** The card's content with what to say while there is none. */
export interface Card<T> {
  card: ComputedRef<T | null>;
  /** Of which time the card is. */
  held: ComputedRef<Held>;
  loading: Ref<boolean>;
  problem: Ref<string>;
}

/** Follows a question; `touches` says whether a frame changed its answer. */
export function useCard<T extends { at_ms: number }>(
  askHost: (host: Host, query: Query, signal: AbortSignal) => Promise<T>,
  query: () => Query,
  touches: (change: FrameChange) => boolean,
): Card<T> {
  const host = useHost();
  const { state, news } = useFeed();
  const { t } = useI18n();
  const got: ShallowRef<{ card: T; held: Held } | null> = shallowRef(null);
  const card = computed(() => got.value?.card ?? null);
  const held = computed(() => got.value?.held ?? nothingHeld);
  const loading = ref(true);
  const problem = ref('');
  let question: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let askedAt = 0;
  const again = new Again(() => void ask());

  async function ask(): Promise<void> {
    question?.abort();
    const mine = (question = new AbortController());
    askedAt = performance.now();
    const asOf = state.link.asOf;
    try {
      const answer = await askHost(host, { ...query(), ...timeAsked(state.link) }, mine.signal);
      if (mine.signal.aborted) return;
      got.value = { card: answer, held: { asOf, at: answer.at_ms, heardAt: Date.now() } };
      problem.value = '';
      again.over();
    } catch (error) {
      if (mine.signal.aborted) return;
      again.failed(error);
      const gone = error instanceof HostError && error.status === 404;
      // A lost link keeps the card that is there; it says nothing the link's band does not say.
      if (gone || !card.value) problem.value = gone ? t('card.gone') : t('card.failed', { why: problemWords(error, t) });
    } finally {
      if (!mine.signal.aborted) loading.value = false;
    }
  }

  watch(
    () => JSON.stringify(query()),
    () => {
      got.value = null;
      loading.value = true;
      problem.value = '';
      again.over();
      void ask();
    },
    { immediate: true },
  );
  const stop = news.listen((change) => {
    if (change !== null && !touches(change)) return;
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), Math.max(50, againMs - (performance.now() - askedAt)));
  });
  onBeforeUnmount(() => {
    stop();
    again.over();
    clearTimeout(timer);
    question?.abort();
  });
  return { card, held, loading, problem };
}
