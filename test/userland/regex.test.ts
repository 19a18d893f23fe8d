import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { octets, textOf } from "../../src/userland/octets.ts";
import { compileRegex, type Syntax } from "../../src/userland/regex.ts";

function compile(pattern: string, syntax: Syntax, more: { ignoreCase?: boolean; multiline?: boolean; octetwise?: boolean } = {}) {
  const r = compileRegex(octets(pattern), { syntax, ...more });
  if (!r.ok) throw new Error(r.error);
  return r.value;
}

/** The match with its groups between bars; undefined when there is none. */
function found(pattern: string, syntax: Syntax, text: string, more = {}): string | undefined {
  const o = octets(text);
  const m = compile(pattern, syntax, more).exec(o);
  if (!m) return undefined;
  const parts: string[] = [];
  for (let i = 0; i < m.length; i += 2) parts.push(m[i]! < 0 ? "-" : textOf(o.slice(m[i], m[i + 1])));
  return parts.join("|");
}

describe("what matches (checked against GNU sed 4.9 and grep 3.8)", () => {
  test.each<[string, Syntax, string, string | undefined]>([
    ["a*b", "sed-bre", "xaab", "aab"],
    ["*b", "sed-bre", "a*b", "*b"],
    ["^*", "sed-bre", "*x", "*"],
    ["\\(*\\)", "sed-bre", "a*", "*|*"],
    ["a^b$c", "sed-bre", "a^b$c", "a^b$c"],
    ["a\\|bc", "sed-bre", "xbc", "bc"],
    ["a\\{2,3\\}", "sed-bre", "aaaa", "aaa"],
    ["[]x]*", "sed-bre", "x]y", "x]"],
    ["[^]x]", "sed-bre", "x]y", "y"],
    ["[[:digit:].]\\+", "sed-bre", "v1.2", "1.2"],
    ["\\<b\\w*", "sed-bre", "ab bc", "bc"],
    ["(a|ab)(c|bcd)(d*)", "sed-ere", "abcd", "abcd|a|bcd|"],
    ["(a|ab)(bc|c)?", "sed-ere", "abc", "abc|a|bc"],
    ["x|", "sed-ere", "ab", ""],
    ["a{,2}", "sed-ere", "aaa", "aa"],
    ["(a*)+", "sed-ere", "b", "|"],
    ["(^|,)b", "sed-ere", "a,b", ",b|,"],
    [".", "sed-ere", "é", "é"],
    ["[é-í]", "sed-ere", "aê", "ê"],
    ["É", "sed-ere", "é", undefined],
    ["\\bweb\\b", "grep-bre", "a web b", "web"],
    ["a{1a", "grep-ere", "xa{1a", "a{1a"],
    ["*a", "grep-ere", "*a", "a"],
    ["a)", "grep-ere", "a)", "a)"],
    ["one\ntwo", "grep-bre", "two", "two"],
    ["a{2}", "awk", "a{2}", "a{2}"],
    ["[\\/]\\.", "awk", "x/.", "/."],
    ["a\\tb", "awk", "a\tb", "a\tb"],
    ["\\d+?", "perl", "a123", "1"],
    ["(?<=dev )\\S+", "perl", "via dev eth0", "eth0"],
    ["inet \\K[\\d.]+", "perl", "inet 10.0.0.1/8", "10.0.0.1"],
    ["a(?!b)", "perl", "abac", "a"],
    ["(a|ab)(c|bcd)", "perl", "abcd", "abcd|a|bcd"],
    ["a|ab", "perl", "ab", "a"],
    ["\\(.*\\)-\\1", "sed-bre", "ab-ab", "ab-ab|ab"],
    ["(.)(.)\\2\\1", "sed-ere", "xabbay", "abba|a|b"],
  ])("%s (%s) in %s: %s", (pattern, syntax, text, expected) => {
    expect(found(pattern, syntax, text)).toBe(expected);
  });

  test("ignoring case, at newlines, octet by octet", () => {
    expect(found("[a-c]X", "sed-bre", "Bx", { ignoreCase: true })).toBe("Bx");
    expect(found("^b$", "sed-bre", "a\nb\nc", { multiline: true })).toBe("b");
    expect(found("^b$", "sed-bre", "a\nb\nc")).toBeUndefined();
    const m = compile(".", "awk", { octetwise: true }).exec(octets("é"));
    expect(m).toEqual([0, 1]);
  });

  test("an octet that is no character matches neither . nor [^a]", () => {
    expect(compile(".", "sed-bre").exec("\xff")).toBeUndefined();
    expect(compile("[^a]", "sed-bre").exec("\xffb")).toEqual([1, 2]);
  });

  test("what lies before the start of the search is seen by anchors", () => {
    expect(compile("^a", "sed-bre").exec("aa", 1)).toBeUndefined();
    expect(compile("\\<a", "sed-bre").exec("aa a", 1)).toEqual([3, 4]);
  });
});

describe("what is refused", () => {
  test.each<[string, Syntax, string]>([
    ["\\(", "sed-bre", "Unmatched ( or \\("],
    ["\\)", "sed-bre", "Unmatched ) or \\)"],
    [")", "sed-ere", "Unmatched ) or \\)"],
    ["[a", "grep-bre", "Unmatched [, [^, [:, [., or [="],
    ["[[:foo:]]", "grep-bre", "Invalid character class name"],
    ["[:alpha:]", "grep-bre", "character class syntax is [[:space:]], not [:space:]"],
    ["[b-a]", "sed-bre", "Invalid range end"],
    ["[[.foo.]]", "sed-bre", "Invalid collation character"],
    ["a\\", "grep-bre", "Trailing backslash"],
    ["a\\{1", "sed-bre", "Unmatched \\{"],
    ["a\\{2,1\\}", "sed-bre", "Invalid content of \\{\\}"],
    ["a\\{1,70000\\}", "sed-bre", "Regular expression too big"],
    ["a**", "sed-bre", "Invalid preceding regular expression"],
    ["*a", "sed-ere", "Invalid preceding regular expression"],
    ["(b)\\2", "sed-ere", "Invalid back reference"],
    ["(?<=a*)b", "perl", "lookbehind assertion is not fixed length"],
  ])("%s (%s): %s", (pattern, syntax, error) => {
    const r = compileRegex(pattern, { syntax });
    expect(r.ok ? "accepted" : r.error).toBe(error);
  });

  test.each(["((a{1000}){1000}){1000}", "(".repeat(5000), "(a{2})".repeat(1) + "{2}{2}{2}{2}{2}{2}{2}"])("too large: %#", (pattern) => {
    const r = compileRegex(pattern, { syntax: "sed-ere" });
    expect(r.ok ? "accepted" : r.error).toBe("pattern too large");
  });
});

describe("cost", () => {
  const text = "a".repeat(5000) + "!";
  test.each(["(a+)+$", "(a|a)+$", "(a*)*b", "(.*a){20}c", "(a?){50}a{50}b"])("%s over 5,000 characters takes time in proportion to the text", (pattern) => {
    const r = compile(pattern, "sed-ere");
    expect(r.exec(octets(text))).toBeUndefined();
    expect(r.steps).toBeLessThan(text.length * 700);
  });

  test("groups cost no more than that either", () => {
    const r = compile("((a+)+)!", "sed-ere");
    expect(r.exec(text)?.slice(0, 2)).toEqual([0, 5001]);
    expect(r.steps).toBeLessThan(text.length * 60);
  });

  test("a back-reference that finds no end is given up, and says so", () => {
    const r = compile("(a*)*(a*)*\\1b", "sed-ere");
    expect(r.exec("a".repeat(40))).toBeUndefined();
    expect(r.exhausted).toBe(true);
    expect(r.steps).toBeLessThan(300_000);
  });
});

/** Patterns that mean the same here and in the host's RegExp when its alternatives cannot be prefixes of one another. */
const piece: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom("a", "b", "c", "[ab]", "[^a]", "."),
    fc.tuple(tie("node"), tie("node")).map(([x, y]) => x + y),
    fc.tuple(tie("node"), tie("node")).map(([x, y]) => `(${x}|${y})`),
    fc.tuple(tie("node"), fc.constantFrom("*", "+", "?", "{2}", "{1,2}")).map(([x, q]) => `(${x})${q}`),
  ),
})).node;

test("finds a match exactly where the host's RegExp does, and none shorter", () => {
  fc.assert(
    fc.property(piece, fc.stringMatching(/^[abcd]{0,12}$/), (pattern, text) => {
      const mine = compile(pattern, "sed-ere");
      const m = mine.exec(text);
      const host = new RegExp(pattern).exec(text);
      expect(m?.[0]).toBe(host?.index);
      expect(mine.test(text)).toBe(host !== null);
      if (!m || !host) return;
      expect(m[1]! - m[0]!).toBeGreaterThanOrEqual(host[0].length);
      // The longest: the host agrees that this much matches, and nothing beyond.
      expect(new RegExp(`^(?:${pattern})$`).test(text.slice(m[0], m[1]))).toBe(true);
      for (let end = m[1]! + 1; end <= text.length; end++) expect(new RegExp(`^(?:${pattern})$`).test(text.slice(m[0], end))).toBe(false);
    }),
    { seed: 7, numRuns: 1500 },
  );
});

test("the Perl-like syntax finds what the host's RegExp finds, groups included", () => {
  const perl = fc.letrec<{ node: string }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom("a", "b", "\\d", "\\w", "[^a]", "\\b", "."),
      fc.tuple(tie("node"), tie("node")).map(([x, y]) => x + y),
      fc.tuple(tie("node"), tie("node")).map(([x, y]) => `(?:${x}|${y})`),
      fc.tuple(fc.constantFrom("a", "[ab]", "\\d", "."), fc.constantFrom("*", "+", "?", "*?", "+?", "??", "{2}")).map(([x, q]) => `(${x}${q})`),
    ),
  })).node;
  fc.assert(
    fc.property(perl, fc.stringMatching(/^[ab1 ]{0,12}$/), (pattern, text) => {
      const host = new RegExp(pattern).exec(text);
      const groups = host ? [...host].map((g) => g ?? "-").join("|") : undefined;
      expect(found(pattern, "perl", text)).toBe(groups);
    }),
    { seed: 11, numRuns: 1500 },
  );
});
