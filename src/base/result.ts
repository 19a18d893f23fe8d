/** A value or the reason there is none. Expected failures are values; only our own bugs are thrown. */
export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

export function ok(): Result<void, never>;
export function ok<T>(value: T): Result<T, never>;
export function ok<T>(value?: T): Result<T | undefined, never> {
  return { ok: true, value };
}

export function err<E>(error: E): Result<never, E> {
  return { ok: false, error };
}

/** For a case that cannot be: reaching it is our bug, so it throws. */
export function assertNever(value: never, where: string): never {
  throw new Error(`impossible value ${String(value)} in ${where}`);
}
