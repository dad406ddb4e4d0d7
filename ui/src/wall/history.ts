import { useI18n } from 'vue-i18n';
import type { TransitionView } from '@/wire/wire';
import { useFormat } from './format';

/** What the history of a ticket says of events that set no status. */
export function useHistoryWords(): { changed: (step: Pick<TransitionView, 'event' | 'changes'>) => string } {
  const { t } = useI18n();
  const { moment, word } = useFormat();
  const value = (field: string, text: string): string => {
    if (text === '') return t('ticket.nothing');
    if (field === 'due' || field === 'reported') return moment(Date.parse(text));
    if (field === 'severity' || field === 'channel' || field === 'platform') return word(field, text);
    return field === 'sensitive' ? t(`ticket.sensitive.${text}`) : text;
  };
  return {
    changed: ({ event, changes }) => {
      if (changes.length === 0) return t('ticket.newerEvent', { event });
      const parts = changes.map(({ field, was, is }) => {
        const name = t(`ticket.field.${field}`);
        return was === null || is === null ? t('ticket.changedUnseen', { name }) : t('ticket.changed', { name, was: value(field, was), is: value(field, is) });
      });
      return parts.join(t('ticket.comma'));
    },
  };
}
