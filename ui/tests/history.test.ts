import { createApp, defineComponent, h, ref, shallowRef } from 'vue';
import { createI18n } from 'vue-i18n';
import { describe, expect, it } from 'vitest';
import { dictionaries } from '@/locale';
import { appKey, type App } from '@/state/app';
import { useHistoryWords } from '@/wall/history';

function words(locale: 'zh-CN' | 'en'): ReturnType<typeof useHistoryWords> {
  let found: ReturnType<typeof useHistoryWords> | null = null;
  const app = { feed: { state: { info: shallowRef({ zone: 'Asia/Shanghai' }) }, now: ref(Date.parse('2026-05-02T00:00:00Z')) } } as unknown as App;
  const i18n = createI18n({ legacy: false, locale, messages: dictionaries });
  createApp(defineComponent({ setup: () => ((found = useHistoryWords()), () => h('i')) })).provide(appKey, app).use(i18n).mount(document.createElement('div'));
  if (!found) throw new Error('no words');
  return found;
}

describe('the history of a ticket', () => {
  it('says what was and what is, in words and in the zone of the wall', () => {
    const changes = [
      { field: 'severity', was: '3', is: '1' },
      { field: 'due', was: '', is: '2026-05-01T08:00:00Z' },
      { field: 'sensitive', was: 'false', is: 'true' },
    ];
    expect(words('en').changed({ event: 'severity_set', changes })).toBe('Severity: Raised → Critical; Due: none → 05/01, 16:00; Sensitive: no → yes');
    expect(words('zh-CN').changed({ event: 'due_set', changes: changes.slice(1, 2) })).toContain('时限：无 → ');
  });
  it('says that something changed where it may not be seen, and that a newer edition wrote something', () => {
    const unseen = [{ field: 'place', was: null, is: null }];
    expect(words('en').changed({ event: 'located', changes: unseen })).toBe('Place changed');
    expect(words('en').changed({ event: 'merged', changes: [] })).toBe('an event “merged” of a newer edition');
  });
  it('has a word for every value that can change', () => {
    const fields = ['due', 'reported', 'severity', 'place', 'category', 'title', 'description', 'address', 'channel', 'platform', 'community', 'attachments', 'sensitive'];
    for (const language of ['zh-CN', 'en'] as const) {
      for (const field of fields) expect(words(language).changed({ event: 'x', changes: [{ field, was: null, is: null }] })).not.toContain('ticket.');
    }
  });
});
