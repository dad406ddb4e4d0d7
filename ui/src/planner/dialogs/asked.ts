/** What one dialog hands to the next: taken once. */

/** For a new draft: the plan to start from, the network. For an export: the plan. For a comparison: the two. */
export interface Asked {
  base?: number;
  network?: string;
  plan?: number;
}

let kept: Asked = {};

/** Leaves something for the next dialog. */
export function leaveFor(asked: Asked): void {
  kept = asked;
}

/** Takes what was left. */
export function takeAsked(): Asked {
  const taken = kept;
  kept = {};
  return taken;
}
