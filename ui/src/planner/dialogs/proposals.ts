/** Which proposals stand on which: figures are said as they are after the moves before. Pure. */
import type { ProposalMove } from '@/wire/wire';

/** For each move the earlier ones that it stands on, ascending: those that change one of its cells, and those they stand on. */
export function foundations(moves: readonly Pick<ProposalMove, 'from_face' | 'to_face'>[]): number[][] {
  const found: number[][] = [];
  moves.forEach((move, i) => {
    const under = new Set<number>();
    for (let j = 0; j < i; j += 1) {
      const before = moves[j];
      if (!before || ![before.from_face, before.to_face].some((face) => face === move.from_face || face === move.to_face)) continue;
      under.add(j);
      for (const deeper of found[j] ?? []) under.add(deeper);
    }
    found.push([...under].sort((a, b) => a - b));
  });
  return found;
}

/** Chosen moves after one more is chosen with what it stands on, or is taken out with what stands on it. */
export function toggled(chosen: ReadonlySet<number>, index: number, under: readonly (readonly number[])[]): Set<number> {
  const next = new Set(chosen);
  if (!next.has(index)) for (const one of [...(under[index] ?? []), index]) next.add(one);
  else for (const one of chosen) if (one === index || under[one]?.includes(index)) next.delete(one);
  return next;
}
