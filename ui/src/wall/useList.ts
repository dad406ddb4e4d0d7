/** Asks for a list page by page, and again when frames change tickets; what was shown stays when a question fails. */
import { onBeforeUnmount, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { HostError } from '@/host';
import { useFeed, useHost } from '@/state/app';
import { Again } from '@/state/again';
import { problemWords } from '@/state/problem';
import { listQuery, pageLines, type ListQuestion } from '@/state/lists';
import { timeAsked } from '@/state/wall';
import type { TicketList } from '@/wire/wire';

/** At most one question in so many ms while frames keep coming. */
const againMs = 4000;
/** The most lines of one answer; a longer list is not asked for again by itself, and its time says so. */
const mostAtOnce = 500;

/** A list with what to say about it. */
export interface OpenList {
  list: ShallowRef<TicketList | null>;
  loading: Ref<boolean>;
  /** `gone`: the area is not there at this time; else why there is no answer; empty = all is well. */
  problem: Ref<string>;
  more(): Promise<void>;
  again(): void;
}

/** Follows a question. */
export function useList(question: () => ListQuestion, nearH: () => number): OpenList {
  const host = useHost();
  const { state, news } = useFeed();
  const { t } = useI18n();
  const list: ShallowRef<TicketList | null> = shallowRef(null);
  const loading = ref(true);
  const problem = ref('');
  let asked: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let askedAt = 0;
  const persist = new Again(() => again());

  async function ask(cursor: string | undefined, limit: number): Promise<void> {
    asked?.abort();
    const mine = (asked = new AbortController());
    askedAt = performance.now();
    loading.value = true;
    try {
      const answer = await host.get('api/v1/ticket-list', { ...listQuery(question(), nearH(), timeAsked(state.link)), cursor, limit }, mine.signal);
      if (mine.signal.aborted) return;
      const before = cursor === undefined ? [] : (list.value?.lines ?? []);
      list.value = { ...answer, lines: [...before, ...answer.lines] };
      problem.value = '';
      persist.over();
    } catch (error) {
      if (mine.signal.aborted) return;
      persist.failed(error);
      problem.value = error instanceof HostError && error.status === 404 ? 'gone' : problemWords(error, t);
    } finally {
      if (!mine.signal.aborted) loading.value = false;
    }
  }
  function again(): void {
    const shown = list.value?.lines.length ?? 0;
    if (shown <= mostAtOnce) void ask(undefined, Math.max(pageLines, shown));
  }
  watch(
    () => JSON.stringify(listQuery(question(), nearH(), {})),
    () => {
      list.value = null;
      persist.over();
      void ask(undefined, pageLines);
    },
    { immediate: true },
  );
  const stop = news.listen((change) => {
    if (change !== null && change.tickets.length === 0) return;
    clearTimeout(timer);
    timer = setTimeout(again, change === null ? 50 : Math.max(50, againMs - (performance.now() - askedAt)));
  });
  onBeforeUnmount(() => {
    stop();
    persist.over();
    clearTimeout(timer);
    asked?.abort();
  });
  return {
    list,
    loading,
    problem,
    again: () => void ask(undefined, pageLines),
    async more() {
      const cursor = list.value?.cursor;
      if (cursor !== null && cursor !== undefined && !loading.value) await ask(cursor, pageLines);
    },
  };
}
