import { afterEach, describe, expect, it } from 'vitest';
import { createApp, nextTick, type App } from 'vue';
import { i18n, setLanguage } from '@/locale';
import RemedyBar from '@/planner/panels/RemedyBar.vue';
import { plannerKey, type Planner } from '@/planner/session';
import type { EditBody, PlanFindingView } from '@/wire/wire';

const finding = (code: string, faces: number[], values: Record<string, string> = {}): PlanFindingView => ({
  level: 'wrong', code, faces, cells: faces.map((f) => `C${f}`), lon: 1, lat: 2, values, blocks: code !== 'lane', scope: 'plan',
});

describe('remedies', () => {
  let app: App | null = null;
  const edits: EditBody[] = [];
  afterEach(() => {
    app?.unmount();
    edits.length = 0;
  });

  function mounted(findings: PlanFindingView[], chosen: PlanFindingView | null, editable = true): HTMLElement {
    setLanguage('zh-CN');
    const planner = { state: { findings }, editable: { value: editable }, edit: async (body: EditBody) => edits.push(body) > 0 } as unknown as Planner;
    const root = document.createElement('div');
    app = createApp(RemedyBar, { chosen, cells: (one: PlanFindingView) => one.cells.join() });
    app.use(i18n).provide(plannerKey, planner).mount(root);
    return root;
  }
  const press = async (root: HTMLElement, id: string): Promise<void> => {
    root.querySelector<HTMLButtonElement>(`[data-testid="${id}"]`)?.click();
    await nextTick();
  };

  it('closes all lanes at once and counts those that are not listed', async () => {
    const root = mounted([finding('lane', [1, 2], { area_m2: '2600.4' }), finding('lane', [], { more: '11' })], null);
    expect(root.textContent).toContain('12 条夹缝');
    await press(root, 'remedy-close-lanes');
    expect(edits).toEqual([{ kind: 'close_lanes', at_most_m: 20 }]);
    expect(root.querySelector('[data-testid="remedy-cut-out"]')).toBeNull();
  });

  it('offers to cut the chosen cell out, or to leave it', async () => {
    const list = [finding('lost', [5, 1]), finding('overlap', [7, 2])];
    const root = mounted(list, list[1] ?? null);
    expect(root.textContent).toContain('C7,C2');
    await press(root, 'remedy-cut-out');
    await press(root, 'remedy-settle');
    await press(root, 'remedy-settle-all');
    await nextTick();
    expect(edits[0]).toEqual({ kind: 'cut_out', face: 7 });
  });

  it('is not there without anything to do, or for who may not', () => {
    expect(mounted([finding('gap', [1])], null).querySelector('footer')).toBeNull();
    app?.unmount();
    expect(mounted([finding('lost', [1])], null, false).querySelector('footer')).toBeNull();
  });
});
