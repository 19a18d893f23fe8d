/** Virtual time. Integer nanoseconds since the lab started; a number is exact up to 2^53 ns, about 104 days. */
export type Nanos = number;

export const MICROSECOND: Nanos = 1_000;
export const MILLISECOND: Nanos = 1_000_000;
export const SECOND: Nanos = 1_000_000_000;
