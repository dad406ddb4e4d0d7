/** The continuous surface of heat or time left: which kernel fits the zoom, and when it is asked for. */
import { timeAsked } from '@/state/wall';
import { isSmooth } from '../areas';
import { HeatRaster, type HeatScale } from '../heat';
import { kernelFor, metresPerPixel, niceUp } from '../scale';
import type { Board } from './board';
import { Rounds } from './rounds';

/** The surface of a map. */
export interface Surface {
  heat: HeatRaster;
  rounds: Rounds;
}

/** Makes the surface of a map. */
export function openSurface(board: Board): Surface {
  const { map, stage, shown: { host, state, viewer } } = board;
  const heat = new HeatRaster(map, host, (held) => {
    viewer.heatHeld.value = held;
  });
  const rounds = new Rounds(() => void ask(), () => board.built && isSmooth(viewer.view));

  async function ask(): Promise<void> {
    const mode = viewer.view.mode === 'time_left' ? 'time_left' : 'heat';
    const scale = await scaleNow();
    const failed = await heat.refresh({ mode, scale: mode === 'heat' ? scale : null, asOfMs: state.link.asOf, time: timeAsked(state.link), fade: stage.pace.quality === 'full' && !board.words.still() });
    if (failed === null) rounds.again.over();
    else rounds.again.failed(failed);
    // The legend speaks of the picture that is shown.
    viewer.heatScale.value = heat.scale;
  }

  /** Tops of the scales of wider kernels, by kernel: found once over the whole territory, then fixed like the wall's own. */
  const tops = new Map<number, number>();

  /** The heat's kernel and scale at this zoom; `null` = the wall's own. The legend says both. */
  async function scaleNow(): Promise<HeatScale | null> {
    const now = board.info;
    if (!now?.bounds) return null;
    const { lat } = map.getCenter();
    const sigma_m = kernelFor(metresPerPixel(map.getZoom(), lat), now.heat.sigma_m, board.rem);
    if (sigma_m === now.heat.sigma_m) return null;
    if (!tops.has(sigma_m)) {
      const high = await heat.highOver(now.bounds, sigma_m);
      if (high === null || !(high > 0)) return null;
      // The few hottest places are cut, so that the others are seen.
      tops.set(sigma_m, niceUp(high));
    }
    return { sigma_m, max: tops.get(sigma_m) ?? now.heat.scale_max };
  }
  return { heat, rounds };
}
