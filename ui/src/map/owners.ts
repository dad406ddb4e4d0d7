/** Who the colours of the owner scene are: the people of the cells in view. */
import type { AreaProperties } from '@/wire/wire';

/** A name of the owner legend. */
export interface LegendOwner {
  name: string;
  color: number;
  /** Cells of this owner in view. */
  cells: number;
}

/** Owners of the cells whose label point is in view (all without a view), whoever has most cells first; and what nobody has. */
export function ownersInView(cells: Iterable<{ properties: Pick<AreaProperties, 'owner' | 'owner_color' | 'label_lon' | 'label_lat'> }>, box: readonly [number, number, number, number] | null): { owners: LegendOwner[]; unowned: number; cells: number } {
  const byName = new Map<string, LegendOwner>();
  let [unowned, all] = [0, 0];
  for (const { properties: p } of cells) {
    if (box && (p.label_lon < box[0] || p.label_lon > box[2] || p.label_lat < box[1] || p.label_lat > box[3])) continue;
    all += 1;
    if (p.owner_color < 0) {
      unowned += 1;
      continue;
    }
    const known = byName.get(p.owner);
    if (known) known.cells += 1;
    else byName.set(p.owner, { name: p.owner, color: p.owner_color, cells: 1 });
  }
  const owners = [...byName.values()].sort((a, b) => b.cells - a.cells || (a.name < b.name ? -1 : 1));
  return { owners, unowned, cells: all };
}
