/** What lies on the map beside the cells of the plan: ground that nobody has, streets, the borders of another plan. */
import type { Sheet } from './sheet';

/** Each asks for what it shows and lays it on the map; what cannot be had is left out. */
export interface Beside {
  lanes(): Promise<void>;
  streets(): Promise<void>;
  /** Borders of the plan laid over. */
  overlay(): Promise<void>;
}

/** What lies beside the cells of a map. */
export function openBeside(sheet: Sheet): Beside {
  const { host, state } = sheet.planner;

  /** Ground between cells that nobody has; without any nothing is asked. */
  async function lanes(): Promise<void> {
    const id = state.opened?.plan.id;
    if (id === undefined || !state.findings.some((one) => one.code === 'lane')) {
      sheet.setData('lanes', []);
      return;
    }
    try {
      const found = await host.get(`api/v1/plans/${id}/lanes`);
      if (!sheet.stage.destroyed && state.opened?.plan.id === id) void sheet.source('lanes')?.setData(found);
    } catch {
      // The findings beside name them; asked again with the next change.
    }
  }

  /** Streets that were imported; a room without any has none to show. */
  async function streets(): Promise<void> {
    try {
      const found = await host.get('api/v1/planning/streets');
      if (!sheet.stage.destroyed) void sheet.source('streets')?.setData(found);
    } catch {
      // Drawing works without them.
    }
  }

  async function overlay(): Promise<void> {
    const id = state.overlay;
    if (id === null) {
      sheet.setData('overlay', []);
      return;
    }
    try {
      const found = await host.get(`api/v1/plans/${id}/edges`, { bbox: sheet.boxAround(0.6).join(',') });
      if (!sheet.stage.destroyed && state.overlay === id) void sheet.source('overlay')?.setData(found);
    } catch {
      // The switch stays on; the next move of the map asks again.
    }
  }

  return { lanes, streets, overlay };
}
