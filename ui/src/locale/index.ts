/** Words: Chinese first, English second, switchable at run time and remembered. */
import { createI18n } from 'vue-i18n';
import en from './en.json';
import kinds from './kinds.json';
import mapEn from './planner-map.en.json';
import mapZh from './planner-map.zh-CN.json';
import panelsEn from './planner-panels.en.json';
import panelsZh from './planner-panels.zh-CN.json';
import zhCN from './zh-CN.json';

/** The languages of the wall. */
export const languages = ['zh-CN', 'en'] as const;

/** A language of the wall. */
export type Language = (typeof languages)[number];

/** What each kind of thing is called (`kind.…`): a kind that has no words here is shown by its own. */
const kindsIn = (language: Language): Record<string, string> => Object.fromEntries(Object.entries(kinds).map(([kind, words]) => [kind, words[language]]));

/** The words of every language: the wall's, those of kinds, the planner's map (`planner.…`) and the planner's panels (`plan.…`). */
export const dictionaries = {
  'zh-CN': { ...zhCN, kind: kindsIn('zh-CN'), planner: mapZh, plan: panelsZh },
  en: { ...en, kind: kindsIn('en'), planner: mapEn, plan: panelsEn },
};

const storeKey = 'gridwall.language';

function remembered(): Language {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(storeKey);
  return languages.find((language) => language === asked) ?? 'zh-CN';
}

/** The dictionary of the page. */
export const i18n = createI18n({
  legacy: false,
  locale: remembered(),
  fallbackLocale: 'zh-CN',
  messages: dictionaries,
  missingWarn: false,
  fallbackWarn: false,
});

/** Chooses a language. */
export function setLanguage(language: Language): void {
  i18n.global.locale.value = language;
  localStorage.setItem(storeKey, language);
  document.documentElement.lang = language;
}

/** The other language. */
export function nextLanguage(): Language {
  return i18n.global.locale.value === 'en' ? 'zh-CN' : 'en';
}
