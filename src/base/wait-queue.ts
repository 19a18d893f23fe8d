/** Those who wait for something to change; woken in the order they came. */
export class WaitQueue {
  private readonly waiters = new Set<() => void>();

  /** @returns a function that stops waiting. */
  add(wake: () => void): () => void {
    this.waiters.add(wake);
    return () => {
      this.waiters.delete(wake);
    };
  }

  wake(): void {
    for (const w of [...this.waiters]) w();
  }
}

/** Something a program can wait on, as poll(2) does. */
export interface Waitable {
  /** A read would not block (data, end of file or an error is there). */
  readonly readable: boolean;
  /** A write would not block. */
  readonly writable: boolean;
  /** Woken after `readable` or `writable` may have changed. */
  readonly waiters: WaitQueue;
}
