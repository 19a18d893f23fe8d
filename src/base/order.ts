/** Orders for sorting: total, and the same everywhere. */

/** By UTF-16 code units, as the C locale orders ASCII. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
