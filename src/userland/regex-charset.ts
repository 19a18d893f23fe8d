/** Sets of code points for regular expressions: a table for ASCII, sorted ranges above it. Classes are those of C.UTF-8. */

/**
 * Letters and digits above ASCII, as ranges of code points (Unicode blocks that are letters throughout, or nearly): Latin, Greek,
 * Cyrillic, Hebrew, Arabic, Indic to Thai, kana, CJK, Hangul. Not the whole of Unicode on purpose: a few kilobytes for no learner.
 */
const LETTERS: readonly (readonly [number, number])[] = [
  [0xaa, 0xaa], [0xb5, 0xb5], [0xba, 0xba], [0xc0, 0xd6], [0xd8, 0xf6], [0xf8, 0x2c1], [0x370, 0x373], [0x376, 0x377], [0x37b, 0x37d], [0x386, 0x386],
  [0x388, 0x481], [0x48a, 0x556], [0x561, 0x587], [0x5d0, 0x5ea], [0x620, 0x64a], [0x904, 0x939], [0xe01, 0xe30], [0x10a0, 0x10ff], [0x1100, 0x11ff],
  [0x1e00, 0x1fbc], [0x3041, 0x3096], [0x30a1, 0x30fa], [0x3400, 0x4dbf], [0x4e00, 0x9fff], [0xac00, 0xd7a3], [0xff21, 0xff3a], [0xff41, 0xff5a],
  [0x20000, 0x2fa1d],
];

const inRanges = (ranges: readonly (readonly [number, number])[], c: number): boolean => ranges.some(([lo, hi]) => c >= lo && c <= hi);

/** [A-Za-z0-9_] and letters above ASCII: what \w, \b and grep -w go by. */
export function isWord(c: number): boolean {
  if (c < 0x80) return (c >= 0x61 && c <= 0x7a) || (c >= 0x41 && c <= 0x5a) || (c >= 0x30 && c <= 0x39) || c === 0x5f;
  return inRanges(LETTERS, c);
}

export class CharSet {
  private readonly ascii = new Uint8Array(128);
  private readonly high: (readonly [number, number])[] = [];
  private negated = false;

  add(lo: number, hi = lo): this {
    for (let c = lo; c <= hi && c < 128; c++) this.ascii[c] = 1;
    if (hi >= 128) this.high.push([lo > 128 ? lo : 128, hi]);
    return this;
  }

  addSet(other: CharSet): this {
    for (let c = 0; c < 128; c++) if (other.has(c)) this.ascii[c] = 1;
    if (other.negated) {
      let from = 128;
      for (const [lo, hi] of [...other.high].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
        if (lo > from) this.high.push([from, lo - 1]);
        if (hi + 1 > from) from = hi + 1;
      }
      this.high.push([from, 0x10ffff]);
    } else this.high.push(...other.high);
    return this;
  }

  /** Everything that was not in it; `except` stays out as well. */
  negate(): this {
    this.negated = !this.negated;
    return this;
  }

  has(c: number): boolean {
    const within = c < 128 ? this.ascii[c] === 1 : inRanges(this.high, c);
    return within !== this.negated;
  }

  /** Both cases of the ASCII letters in it. */
  foldCase(): this {
    for (let c = 0x41; c <= 0x5a; c++) if (this.ascii[c] || this.ascii[c + 32]) this.ascii[c] = this.ascii[c + 32] = 1;
    return this;
  }

  /** The only member, if there is just one and it is ASCII. */
  single(): number | undefined {
    if (this.negated || this.high.length > 0) return undefined;
    const first = this.ascii.indexOf(1);
    return first >= 0 && this.ascii.indexOf(1, first + 1) < 0 ? first : undefined;
  }

  hasHigh(): boolean {
    return this.negated || this.high.length > 0;
  }
}

const graph = (s: CharSet): CharSet => s.add(0x21, 0x7e);

/** POSIX classes: name → adds the members. `wide`: those above ASCII as well. */
const CLASSES: Readonly<Record<string, (s: CharSet, wide: boolean) => void>> = {
  alpha: (s, wide) => letters(s.add(0x41, 0x5a).add(0x61, 0x7a), wide),
  digit: (s) => s.add(0x30, 0x39),
  alnum: (s, wide) => letters(s.add(0x41, 0x5a).add(0x61, 0x7a).add(0x30, 0x39), wide),
  upper: (s) => s.add(0x41, 0x5a),
  lower: (s) => s.add(0x61, 0x7a),
  space: (s) => s.add(0x09, 0x0d).add(0x20),
  blank: (s) => s.add(0x09).add(0x20),
  punct: (s) => s.add(0x21, 0x2f).add(0x3a, 0x40).add(0x5b, 0x60).add(0x7b, 0x7e),
  print: (s, wide) => wide ? graph(s.add(0x20)).add(0xa0, 0x10ffff) : graph(s.add(0x20)),
  graph: (s, wide) => wide ? graph(s).add(0xa1, 0x10ffff) : graph(s),
  cntrl: (s) => s.add(0, 0x1f).add(0x7f),
  xdigit: (s) => s.add(0x30, 0x39).add(0x41, 0x46).add(0x61, 0x66),
};

function letters(s: CharSet, wide: boolean): void {
  if (wide) for (const [lo, hi] of LETTERS) s.add(lo, hi);
}

/** @returns whether there is such a class; its members are then in `set`. */
export function addClass(set: CharSet, name: string, wide: boolean): boolean {
  if (!Object.hasOwn(CLASSES, name)) return false;
  CLASSES[name]!(set, wide);
  return true;
}

export function wordSet(wide: boolean): CharSet {
  const s = new CharSet().add(0x5f);
  addClass(s, "alnum", wide);
  return s;
}

export function classSet(name: string): CharSet {
  const s = new CharSet();
  addClass(s, name, false);
  return s;
}
