// A list of which only a part was read again.

/** The list with `fresh` in the place of everything that was `asked` for: what is missing there is gone, and what is new comes last. */
export function merged<T>(before: readonly T[], fresh: readonly T[], id: (item: T) => string, asked: (item: T) => boolean): T[] {
  const now = new Map(fresh.map((item) => [id(item), item]));
  const after: T[] = [];
  for (const item of before) {
    const other = now.get(id(item));
    now.delete(id(item));
    if (other !== undefined) after.push(other);
    else if (!asked(item)) after.push(item);
  }
  return [...after, ...now.values()];
}
