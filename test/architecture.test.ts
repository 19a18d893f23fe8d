import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const SRC = resolve(import.meta.dirname, "../src");
const LAYERS = [["base"], ["wire", "sim"], ["kernel"], ["userland"], ["cluster"], ["lab"], ["cli", "classroom", "ui"], ["components", "layouts", "pages", "i18n", "styles"]];
/** From here down the engine: the same bytes everywhere, no clock, no chance, no page. */
const ENGINE = LAYERS.slice(0, 6).flat();
const SITE_ROW = LAYERS.length - 1;

const rank = (dir: string): number => {
  const row = LAYERS.findIndex((r) => r.includes(dir));
  return row < 0 ? SITE_ROW : row; // loose files of src/ are the site's
};
const folderOf = (path: string): string => relative(SRC, path).split("/")[0]!;

function files(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? files(join(dir, e.name)) : /\.(ts|astro|mjs)$/.test(e.name) ? [join(dir, e.name)] : []));
}

const IMPORT = /(?:^|[\s;}])(?:import|export)\s*(?:type\s+)?(?:[^"'`;]*?\sfrom\s*)?["']([^"']+)["']|(?:import|new URL)\s*\(\s*["']([^"']+)["']/gm;

/** Source without comments and string contents, for looking for words. Line numbers stay. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, (m) => m.replace(/[^\n]/g, " "));
}

/** What an engine file may not name: rule, and what to look for. DOM and Node names are the compiler's to refuse: tsconfig.engine.json knows neither. */
const BANS: readonly (readonly [string, RegExp])[] = [
  ["wall clock", /\b(Date|performance)\b\s*[.(]|\bnew Date\b/],
  ["timers of the host", /\b(setTimeout|setInterval|setImmediate|queueMicrotask|requestAnimationFrame)\b/],
  ["chance", /\bMath\.random\b|\bcrypto\.(getRandomValues|randomUUID)\b/],
  ["transcendental or inexact Math", /\bMath\.(?!abs\b|ceil\b|clz32\b|floor\b|fround\b|imul\b|max\b|min\b|round\b|sign\b|sqrt\b|trunc\b|LN2\b|LN10\b|LOG2E\b|PI\b|SQRT1_2\b|SQRT2\b)\w+/],
  ["promises", /\bPromise\b|\basync\b|\bawait\b/],
  ["locale", /\bIntl\b|\btoLocale\w+|\blocaleCompare\b/],
  ["Unicode tables of the host", /\.normalize\(|\\p\{/],
  ["unordered iteration", /\bfor\s*\(\s*(?:const|let|var)\s+\w+\s+in\s/],
  ["finalisation", /\b(WeakRef|FinalizationRegistry)\b/],
  ["way out to the host", /globalThis|eval|new Function/],
  ["sort without a comparator", /\.(?:sort|toSorted)\(\s*\)/],
  ["error texts of the host", /\b(?:e|err|error)\.stack\b/],
];
/** Powers are exact for small integers and for big ones: plain integers on both sides in the source, or a bigint on the left. */
const POWER = /([\w.)\]]+)\s*\*\*\s*([\w.([]+)/g;

const all = files(SRC);
const engine = all.filter((f) => ENGINE.includes(folderOf(f)));

describe("layers", () => {
  test("imports go down only", () => {
    const wrong: string[] = [];
    for (const file of all) {
      const from = folderOf(file);
      for (const m of readFileSync(file, "utf8").matchAll(IMPORT)) {
        const target = m[1] ?? m[2]!;
        if (!target.startsWith(".")) continue;
        const to = folderOf(resolve(dirname(file), target));
        if (to === ".." || to === from || rank(from) === SITE_ROW) continue;
        if (rank(to) >= rank(from)) wrong.push(`${relative(SRC, file)} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test("the engine imports no Node module, no page library", () => {
    const allowed = (name: string): boolean => ["zod", "yaml", "unbash"].includes(name) || name.startsWith("@noble/hashes/");
    const wrong = engine.flatMap((f) => [...readFileSync(f, "utf8").matchAll(IMPORT)].map((m) => m[1] ?? m[2]!).filter((t) => !t.startsWith(".") && !allowed(t)).map((t) => `${relative(SRC, f)} imports ${t}`));
    expect(wrong).toEqual([]);
  });
});

describe("the engine is a pure function of lab, seed and input", () => {
  test.each(BANS)("no %s", (_name, pattern) => {
    const found: string[] = [];
    for (const f of engine) {
      for (const [i, line] of code(readFileSync(f, "utf8")).split("\n").entries()) if (pattern.test(line)) found.push(`${relative(SRC, f)}:${i + 1}: ${line.trim()}`);
    }
    expect(found).toEqual([]);
  });

  test("powers have plain integers on both sides", () => {
    const found: string[] = [];
    for (const f of engine) {
      for (const [i, line] of code(readFileSync(f, "utf8")).split("\n").entries()) {
        for (const m of line.matchAll(POWER)) if (!/^\d+n$/.test(m[1]!) && !(/^\d+$/.test(m[1]!) && /^\d+$/.test(m[2]!))) found.push(`${relative(SRC, f)}:${i + 1}: ${line.trim()}`);
      }
    }
    expect(found).toEqual([]);
  });

  test("the words that are looked for are found where they stand", () => {
    const planted = "const x = Math.sin(1); const t = Date.now(); async function f() {} for (const k in o) {} a.sort(); Math.random()";
    const hits = BANS.filter(([, p]) => p.test(planted)).map(([n]) => n);
    expect(hits).toEqual(["wall clock", "chance", "transcendental or inexact Math", "promises", "unordered iteration", "sort without a comparator"]);
  });
});
