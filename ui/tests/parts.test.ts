import { createI18n } from 'vue-i18n';
import { createApp, defineComponent, h, nextTick, ref } from 'vue';
import { describe, expect, it, vi } from 'vitest';
import { HostError } from '@/host';
import { dictionaries } from '@/locale';
import Guarded from '@/parts/Guarded.vue';
import { problemWords } from '@/state/problem';

describe('words for what went wrong', () => {
  const errors: unknown[] = [
    new TypeError('Failed to fetch'),
    new HostError(0, 'unreachable', 'TypeError: Failed to fetch'),
    new HostError(0, 'timeout', 'TimeoutError: signal timed out', null, { waited_s: 20 }),
    new HostError(401, 'sign_in', 'this needs a sign-in'),
    new HostError(403, 'forbidden', 'no'),
    new HostError(404, 'not_found', 'no'),
    new HostError(429, 'rate_limited', 'slow down', 7),
    new HostError(500, 'store', 'begin at non-zero transaction depth'),
    new HostError(507, 'store_full', 'database or disk is full'),
    new HostError(429, 'too_many_streams', '64 event streams of one caller', 5),
    new HostError(429, 'too_many_pictures', '16 pictures of one caller', 2),
    new HostError(503, 'too_many_requests', 'there are too many requests', 1),
    'a string',
  ];
  it.each(['zh-CN', 'en'] as const)('hold nothing of the program, in %s', (locale) => {
    const { t } = createI18n({ legacy: false, locale, messages: dictionaries }).global;
    for (const error of errors) {
      const words = problemWords(error, t as (key: string) => string);
      expect(words).not.toMatch(/TypeError|TimeoutError|fetch|transaction|problem\./);
      if (locale === 'zh-CN') expect(words).toMatch(/[\u4e00-\u9fff]/);
    }
    expect(problemWords(errors[6], t as (key: string) => string)).toContain('7');
    expect(problemWords(errors[2], t as (key: string) => string)).toContain('20');
  });
});

describe('a part that fails', () => {
  it('leaves the others standing, says so, and comes back when asked', async () => {
    const quiet = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const broken = ref(false);
    const Part = defineComponent(() => () => {
      if (broken.value) throw new Error('inside');
      return h('p', { class: 'part' }, 'part');
    });
    const Page = defineComponent(() => () => [h(Guarded, { class: 'place' }, () => h(Part)), h('p', { class: 'other' }, 'other')]);
    const root = document.createElement('div');
    createApp(Page)
      .use(createI18n({ legacy: false, locale: 'zh-CN', messages: dictionaries }))
      .mount(root);
    expect(root.querySelector('.part')).not.toBeNull();
    broken.value = true;
    await nextTick();
    await nextTick();
    expect(root.querySelector('.other')).not.toBeNull();
    const said = root.querySelector('[data-testid=part-failed]');
    expect(said?.classList.contains('place')).toBe(true);
    broken.value = false;
    said?.querySelector('button')?.click();
    await nextTick();
    expect(root.querySelector('.part')).not.toBeNull();
    expect(root.querySelector('[data-testid=part-failed]')).toBeNull();
    quiet.mockRestore();
  });
});
