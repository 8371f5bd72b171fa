// Names in the order that people expect: venue-9 before venue-10.

const collator = new Intl.Collator("en", { numeric: true });

export const inOrder = (a: string, b: string): number => collator.compare(a, b);
