/** A schema's complaints as problems that say the rule and what to do. */
import type { z } from "zod";
import type { Problem } from "./problem.ts";
import { formatPath, type Path, type Tree } from "./yaml.ts";

type Issue = z.core.$ZodIssue;

/** Every key of the lab format: for "did you mean". */
const KEYS = (
  "version id kind chapter minutes parameters nodes cables prepare terminals tasks ipv6 at sub sysctls files ports start run when on within idle cut restore flush delay rate queue loss mtu macs " +
  "points hints count cost fixed checks if from to between with port dev source size ttl df netns expect by mac tries has lacks only via src type metric table get address state bridge file path filter " +
  "direction since during min max others way passes avoids routers node stage verdict answer key equals as sysctl link addresses exists contains up carrier master stp ageing root exit title summary intro given " +
  "text done outro wrong also note script fails mode interrupt int step pick subset shuffle prefix length host value format lab labDigest engine seed student log claimed digest"
).split(" ");

/** Problems of what a schema said of `tree.value`, or of the part of it at `at`. */
export function problemsOf(issues: readonly Issue[], tree: Tree, value: unknown, at: Path = []): Problem[] {
  return issues.flatMap((i) => simplify(i, value)).flatMap((i) => describe(i, tree, value, at));
}

/** Of a union the complaints of the one form that was meant, when that can be told. */
function simplify(issue: Issue, value: unknown): Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
  const here = valueAt(value, issue.path);
  const meant = issue.errors.filter((branch) => !branch.some((i) => i.path.length === 0 && (i.code === "invalid_type" || i.code === "invalid_value" || i.code === "invalid_union")));
  const flat = meant.map((branch) => branch.flatMap((i) => simplify(i as Issue, here)));
  flat.sort((a, b) => a.length - b.length);
  const best = flat[0];
  if (best === undefined || (flat[1] !== undefined && flat[1].length === best.length && best.length > 0 && isForeign(best))) return [issue];
  if (isForeign(best)) return [issue];
  return best.map((i) => ({ ...i, path: [...issue.path, ...i.path] }) as Issue);
}

/** A form that lacks a key and has one too many is another form; so is a list of another length or with another first word. */
function isForeign(branch: readonly Issue[]): boolean {
  const isOther = (i: Issue): boolean =>
    (i.code === "unrecognized_keys" && i.path.length === 0 && branch.length > 1) || ((i.code === "too_small" || i.code === "too_big") && i.path.length === 0 && i.origin === "array") || (i.code === "invalid_value" && i.path.length === 1 && i.values.length === 1);
  return branch.some(isOther);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let v = value;
  for (const p of path) v = typeof v === "object" && v !== null ? (v as Record<PropertyKey, unknown>)[p] : undefined;
  return v;
}

const show = (v: unknown): string => {
  if (typeof v === "string") return v.length > 40 ? `"${v.slice(0, 40)}…"` : `"${v}"`;
  if (Array.isArray(v)) return "a list";
  return typeof v === "object" && v !== null ? "a mapping" : String(v);
};

function describe(issue: Issue, tree: Tree, value: unknown, at: Path): Problem[] {
  const path = issue.path as Path;
  const here = [...at, ...path];
  const found = valueAt(value, path);
  const problem = (p: Path, rule: string, fix: string): Problem => ({ file: tree.file, line: tree.lineOf(p), key: formatPath(p), rule, fix });
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((k) => problem([...here, k], "is not a key here", nearest(k) === undefined ? "remove it" : `remove it, or write '${nearest(k)}' if that was meant`));
  if (found === undefined || found === null) return [problem(here, "is missing", `add it: ${wanted(issue)}`)];
  if (issue.code === "invalid_value") return [problem(here, custom(issue.message) ?? `must be one of ${issue.values.map(String).join(", ")}`, `found ${show(found)}; choose one of them`)];
  if (issue.code === "invalid_type") return [problem(here, `must be ${article(issue.expected)}`, `found ${show(found)}; write ${article(issue.expected)}`)];
  if (issue.code === "invalid_key") return [problem(here, "has a key that is no name", "use a-z, 0-9, '.', '_', '-'")];
  if (issue.code === "too_big" || issue.code === "too_small") return [problem(here, bound(issue), `found ${show(found)}; change it`)];
  return [problem(here, custom(issue.message) ?? "has another form than it should", `found ${show(found)}; see docs/lab-format.md`)];
}

function custom(message: string): string | undefined {
  return /^Invalid |^Unrecognized |^Too /.test(message) ? undefined : message;
}

function wanted(issue: Issue): string {
  if (issue.code === "invalid_type") return article(issue.expected);
  if (issue.code === "invalid_value") return custom(issue.message) ?? `one of ${issue.values.map(String).join(", ")}`;
  return custom(issue.message) ?? "see docs/lab-format.md";
}

function bound(issue: Issue & { code: "too_big" | "too_small" }): string {
  const own = custom(issue.message);
  if (own !== undefined) return own;
  const limit = issue.code === "too_big" ? `at most ${String(issue.maximum)}` : `at least ${String(issue.minimum)}`;
  if (issue.code === "too_small" && issue.minimum === 1 && issue.origin !== "number" && issue.origin !== "int") return "must not be empty";
  if (issue.origin === "string") return `must have ${limit} characters`;
  return issue.origin === "array" ? `must have ${limit} items` : `must be ${limit}`;
}

function article(type: string): string {
  const names: Record<string, string> = { string: "a text", number: "a number", int: "a whole number", boolean: "true or false", array: "a list", tuple: "a list", object: "a mapping of keys", record: "a mapping of keys" };
  return names[type] ?? `a ${type}`;
}

/** A known key that differs by at most two letters. */
function nearest(key: string): string | undefined {
  let best: string | undefined;
  let least = 3;
  for (const k of KEYS) {
    if (k === key || k.length < 3) continue;
    const d = distance(k, key);
    if (d < least && d < k.length / 2) [least, best] = [d, k];
  }
  return best;
}

/** Levenshtein's distance; anything from 3 on counts as 3. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2 || b.length > 40) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
