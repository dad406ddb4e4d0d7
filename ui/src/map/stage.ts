/** What every map of the page is drawn on and with. */
import type { Host } from '@/host';
import type { BaseSize } from '@/state/display';
import type { WallState } from '@/state/wall';

/** What a map is drawn with: where its tiles are, which base map there is, how large things are. */
export interface Easel {
  host: Host;
  state: Pick<WallState, 'info'>;
  base: BaseSize;
}
