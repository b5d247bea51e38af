/** Choosing among what something may be. */

/** Of several possible values the one that says most: a name that may be a model is treated as one. */
export function highest<T>(values: readonly (T | undefined)[], rank: (value: T) => number): T | undefined {
  let best: T | undefined;
  for (const value of values)
    if (value !== undefined && (best === undefined || rank(value) > rank(best))) best = value;
  return best;
}
