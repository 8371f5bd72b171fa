// How often lists are read again while events pour in.

/** Waits this long for more events before it reads, in milliseconds. */
export const GATHER = 120;

/** Reading may take up at most a quarter of the time, however large the lists are. */
const SHARE = 4;

/** But nobody waits longer than this: a reading that failed slowly says nothing about the next. */
const LONGEST = 2_000;

/** How long to wait before the next reading, `since` milliseconds after the last one ended, which took `took`. */
export function pauseBefore(took: number, since: number): number {
  return Math.max(GATHER, Math.min(took * (SHARE - 1), LONGEST) - since);
}
