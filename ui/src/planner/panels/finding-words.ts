/** Findings in words: a sentence for each code that is known, the code itself for others, and the values beside. */
import { inject } from 'vue';
import { useI18n } from 'vue-i18n';
import type { PlanFindingView } from '@/wire/wire';
import { plannerKey } from '../session';

/** The levels, gravest first. */
export const findingLevels = ['wrong', 'incomplete', 'note'] as const;

/** A level of findings. */
export type FindingLevel = (typeof findingLevels)[number];

/** A level of this list; what the service says beyond it counts as a note. */
export function levelOf(finding: Pick<PlanFindingView, 'level'>): FindingLevel {
  return findingLevels.find((level) => level === finding.level) ?? 'note';
}

/** Findings of one code. */
export interface FindingGroup {
  code: string;
  level: FindingLevel;
  blocks: boolean;
  findings: PlanFindingView[];
}

/** Findings by code: what stands in the way first, then by level, then the most frequent. O(n log n). */
export function groupFindings(findings: readonly PlanFindingView[]): FindingGroup[] {
  const groups = new Map<string, FindingGroup>();
  for (const finding of findings) {
    const level = levelOf(finding);
    const key = `${level} ${finding.code}`;
    const group = groups.get(key) ?? { code: finding.code, level, blocks: false, findings: [] };
    group.blocks ||= finding.blocks;
    group.findings.push(finding);
    groups.set(key, group);
  }
  return [...groups.values()].sort(
    (a, b) => findingLevels.indexOf(a.level) - findingLevels.indexOf(b.level) || Number(b.blocks) - Number(a.blocks) || b.findings.length - a.findings.length || (a.code < b.code ? -1 : 1),
  );
}

/** What components call to say findings. */
export interface FindingWords {
  /** What the code means, in a few words. */
  title(code: string): string;
  /** What to do about it; empty when there is nothing to say. */
  advice(code: string): string;
  /** Cells and values of one finding. */
  details(finding: PlanFindingView): string;
}

/** Words for findings in the viewer's language. */
export function useFindingWords(): FindingWords {
  const { t, te, locale } = useI18n();
  const planner = inject(plannerKey, null);
  /** Values that are codes of a dictionary of their own. */
  const coded: Readonly<Record<string, string>> = { from: 'plan.from', resolution: 'plan.finding.resolution' };
  const value = (name: string, text: string): string => {
    const path = `${coded[name] ?? ''}.${text}`;
    const said = coded[name] && te(path) ? t(path) : text;
    return te(`plan.finding.value.${name}`) ? t(`plan.finding.value.${name}`, { v: said }) : `${name.replaceAll('_', ' ')} ${said}`;
  };
  /** Ground in several communities: how much in which. */
  const shares = (communities: string, areas: string): string[] => {
    const names = planner?.state.opened?.communities ?? {};
    const list = communities.split(' ').filter((code) => code !== '');
    const m2 = areas.split(' ').map(Number);
    return list.map((code, i) => t('plan.finding.value.share', { name: names[code] ?? code, area: t('plan.unit.m2', { n: new Intl.NumberFormat(locale.value).format(m2[i] ?? Number.NaN) }) }));
  };
  return {
    // Doubts about the file a plan was made of have the words of its import.
    title(code) {
      const path = [`plan.finding.code.${code}`, `plan.import.code.${code}`].find((one) => te(one));
      return path ? t(path) : code.replaceAll('_', ' ');
    },
    advice(code) {
      if (te(`plan.finding.advice.${code}`)) return t(`plan.finding.advice.${code}`);
      return te(`plan.import.code.${code}`) ? t('plan.import.check') : '';
    },
    details(finding) {
      const { low, high, communities, areas_m2: areas, ...values } = finding.values;
      const parts = Object.entries(values).filter(([name]) => name !== 'cell').map(([name, text]) => value(name, text ?? ''));
      parts.push(...shares(communities ?? '', areas ?? ''));
      if (low !== undefined && high !== undefined) parts.push(t('plan.finding.band', { low, high }));
      return parts.join(t('plan.comma'));
    },
  };
}
