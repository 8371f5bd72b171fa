// What is said about single fields of a document, by their paths.

/** What is wrong with a field, or what should be known about it. */
export interface Remark {
  /** A path such as `settings.env.NAME` or `settings.actions[0].name`. */
  field: string;
  message: string;
}

const isWithin = (field: string, path: string): boolean => field === path || (field.startsWith(path) && /^[.[]/.test(field.slice(path.length)));

/** The remarks about a field and whatever is inside it. */
export const about = (path: string, remarks: readonly Remark[]): Remark[] => remarks.filter(({ field }) => isWithin(field, path));

/** The remarks that none of these fields would show. */
export const elsewhere = (paths: readonly string[], remarks: readonly Remark[]): Remark[] => remarks.filter(({ field }) => !paths.some((path) => isWithin(field, path)));

/** What a refused request says about fields: all of it where there is more than one thing. */
export function remarksOf(error: { field: string | null; message: string; errors: readonly Remark[] } | null): readonly Remark[] {
  if (error === null) return [];
  if (error.errors.length > 0) return error.errors;
  return error.field === null ? [] : [{ field: error.field, message: error.message }];
}
