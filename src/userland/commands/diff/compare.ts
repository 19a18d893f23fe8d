/**
 * Which lines of two texts differ. E. W. Myers, "An O(ND) difference algorithm and its variations", Algorithmica 1 (1986), in linear
 * space, with the choices that GNU diff makes between differences of equal size, so that its hunks come out.
 */

/** The result: for each side, 1 for a line that is deleted or inserted. */
export interface Changes {
  left: Uint8Array;
  right: Uint8Array;
}

class Comparison {
  private readonly forward: Int32Array;
  private readonly backward: Int32Array;
  private readonly origin: number;
  private readonly a: Int32Array;
  private readonly b: Int32Array;
  private readonly markA: (i: number) => void;
  private readonly markB: (i: number) => void;

  constructor(a: Int32Array, b: Int32Array, markA: (i: number) => void, markB: (i: number) => void) {
    this.a = a;
    this.b = b;
    this.markA = markA;
    this.markB = markB;
    this.origin = b.length + 1;
    this.forward = new Int32Array(a.length + b.length + 3);
    this.backward = new Int32Array(a.length + b.length + 3);
  }

  /** Marks what differs in a[x..X) and b[y..Y). */
  run(x: number, X: number, y: number, Y: number): void {
    const { a, b } = this;
    while (x < X && y < Y && a[x] === b[y]) {
      x++;
      y++;
    }
    while (x < X && y < Y && a[X - 1] === b[Y - 1]) {
      X--;
      Y--;
    }
    if (x === X) for (; y < Y; y++) this.markB(y);
    else if (y === Y) for (; x < X; x++) this.markA(x);
    else {
      const [mx, my] = this.middle(x, X, y, Y);
      this.run(x, mx, y, my);
      this.run(mx, X, my, Y);
    }
  }

  /** A point on a shortest path, found from both ends at once. */
  private middle(x0: number, x1: number, y0: number, y1: number): readonly [number, number] {
    const { a, b, forward, backward, origin: o } = this;
    const least = x0 - y1;
    const most = x1 - y0;
    const fmid = x0 - y0;
    const bmid = x1 - y1;
    let [fmin, fmax, bmin, bmax] = [fmid, fmid, bmid, bmid];
    const odd = ((fmid - bmid) & 1) !== 0;
    forward[o + fmid] = x0;
    backward[o + bmid] = x1;
    for (;;) {
      if (fmin > least) forward[o + --fmin - 1] = -1;
      else fmin++;
      if (fmax < most) forward[o + ++fmax + 1] = -1;
      else fmax--;
      for (let d = fmax; d >= fmin; d -= 2) {
        const lo = forward[o + d - 1]!;
        const hi = forward[o + d + 1]!;
        let x = lo < hi ? hi : lo + 1;
        let y = x - d;
        while (x < x1 && y < y1 && a[x] === b[y]) {
          x++;
          y++;
        }
        forward[o + d] = x;
        if (odd && bmin <= d && d <= bmax && backward[o + d]! <= x) return [x, y];
      }
      if (bmin > least) backward[o + --bmin - 1] = 0x7fffffff;
      else bmin++;
      if (bmax < most) backward[o + ++bmax + 1] = 0x7fffffff;
      else bmax--;
      for (let d = bmax; d >= bmin; d -= 2) {
        const lo = backward[o + d - 1]!;
        const hi = backward[o + d + 1]!;
        let x = lo < hi ? lo : hi - 1;
        let y = x - d;
        while (x0 < x && y0 < y && a[x - 1] === b[y - 1]) {
          x--;
          y--;
        }
        backward[o + d] = x;
        if (!odd && fmin <= d && d <= fmax && x <= forward[o + d]!) return [x, y];
      }
    }
  }
}

/** Numbers for equal lines. */
function classes(keys: readonly string[], known: Map<string, number>): Int32Array {
  return Int32Array.from(keys, (k) => {
    const id = known.get(k);
    if (id !== undefined) return id;
    known.set(k, known.size);
    return known.size - 1;
  });
}

/** Lines that have no equal on the other side are changed in any case, and are left out of the search. */
function kept(own: Int32Array, other: Int32Array, changed: Uint8Array): number[] {
  const there = new Set(other);
  const out: number[] = [];
  own.forEach((id, i) => {
    if (there.has(id)) out.push(i);
    else changed[i] = 1;
  });
  return out;
}

/**
 * Compares lines by their keys (the lines themselves, or what -i, -b and -w make of them). Equal lines at both ends are put aside but
 * for `horizon` of them: runs of changes are not moved into the rest (find_identical_ends() of GNU diff).
 */
export function compareLines(left: readonly string[], right: readonly string[], horizon: number): Changes {
  const shorter = Math.min(left.length, right.length);
  let head = 0;
  while (head < shorter && left[head] === right[head]) head++;
  let tail = 0;
  while (tail < shorter - head && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail++;
  head = Math.max(0, head - horizon);
  tail = Math.max(0, tail - horizon);
  const middle = compareMiddle(left.slice(head, left.length - tail), right.slice(head, right.length - tail));
  const whole = (length: number, part: Uint8Array): Uint8Array => {
    const out = new Uint8Array(length);
    out.set(part, head);
    return out;
  };
  return { left: whole(left.length, middle.left), right: whole(right.length, middle.right) };
}

function compareMiddle(left: readonly string[], right: readonly string[]): Changes {
  const known = new Map<string, number>();
  const a = classes(left, known);
  const b = classes(right, known);
  const changes: Changes = { left: new Uint8Array(a.length), right: new Uint8Array(b.length) };
  const keptA = kept(a, b, changes.left);
  const keptB = kept(b, a, changes.right);
  const search = new Comparison(Int32Array.from(keptA, (i) => a[i]!), Int32Array.from(keptB, (i) => b[i]!), (i) => (changes.left[keptA[i]!] = 1), (i) => (changes.right[keptB[i]!] = 1));
  search.run(0, keptA.length, 0, keptB.length);
  shift(a, changes.left, changes.right);
  shift(b, changes.right, changes.left);
  return changes;
}

/**
 * A run of changes whose last line equals the line before it can as well lie one line higher. Runs that meet are joined, and each is
 * moved down as far as it goes, but for the place where it faces a run of the other side (shift_boundaries() of GNU diff).
 */
function shift(ids: Int32Array, changed: Uint8Array, other: Uint8Array): void {
  const end = ids.length;
  let i = 0;
  let j = 0;
  for (;;) {
    while (i < end && !changed[i]) {
      while (other[j++]);
      i++;
    }
    if (i >= end) return;
    let start = i;
    while (changed[++i]);
    while (other[j]) j++;
    let facing: number;
    let length: number;
    do {
      length = i - start;
      while (start > 0 && ids[start - 1] === ids[i - 1]) {
        changed[--start] = 1;
        changed[--i] = 0;
        while (start > 0 && changed[start - 1]) start--;
        while (other[--j]);
      }
      facing = j > 0 && other[j - 1] ? i : end;
      while (i < end && ids[start] === ids[i]) {
        changed[start++] = 0;
        changed[i++] = 1;
        while (changed[i]) i++;
        while (other[++j]) facing = i;
      }
    } while (length !== i - start);
    while (facing < i) {
      changed[--start] = 1;
      changed[--i] = 0;
      while (other[--j]);
    }
  }
}

/** A run of lines that changed: left[a..A) became right[b..B). */
export interface Hunk {
  a: number;
  A: number;
  b: number;
  B: number;
}

export function hunksOf({ left, right }: Changes): Hunk[] {
  const out: Hunk[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (!left[i] && !right[j]) {
      i++;
      j++;
      continue;
    }
    const hunk: Hunk = { a: i, A: i, b: j, B: j };
    while (left[i]) i++;
    while (right[j]) j++;
    hunk.A = i;
    hunk.B = j;
    out.push(hunk);
  }
  return out;
}
