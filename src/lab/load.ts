/**
 * From the files of a lab's folder to a lab that can run. The folder is read once (`loadLab`), then each seed gives its own
 * variant (`LabSource.resolve`): values are drawn and put in, then everything is checked against the schema and against itself.
 * Knows no file system: files come as texts. Every problem is reported, none is thrown.
 */
import { byCodeUnit } from "../base/order.ts";
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8, toHex } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { problemsOf } from "./issues.ts";
import { Draw } from "./parameters.ts";
import { type Problem, sortProblems } from "./problem.ts";
import { Cable, Lab, LabText, LIMITS, Parameter, PARAMETER_NAME, Ways } from "./schema.ts";
import { parseScript, type Step } from "./script.ts";
import { evaluateText, formatValue, isList, substitute, type Value } from "./template.ts";
import { crossCheck, crossCheckTexts } from "./cross-check.ts";
import { formatPath, parseYaml, type Path, type Tree } from "./yaml.ts";

/** Path inside the folder to text. */
export type LabFiles = ReadonlyMap<string, string>;

/** A way through the lab: the reference solution, a wrong one, another right one. */
export interface Way {
  id: string;
  steps: readonly Step[];
}

/** A lab as one seed gives it. */
export interface ResolvedLab {
  readonly id: string;
  readonly seed: number;
  readonly digest: string;
  readonly lab: Lab;
  readonly texts: ReadonlyMap<string, LabText>;
  /** MAC of each cable end, "h1:eth0". */
  readonly macs: ReadonlyMap<string, string>;
  /** Undefined where the folder came without it, as in a page. */
  readonly solution: readonly Step[] | undefined;
  readonly wrong: readonly (Way & { fails: readonly string[] })[];
  readonly also: readonly Way[];
  /** Parameters as text, for people. */
  readonly parameters: ReadonlyMap<string, string>;
}

export interface LabSource {
  readonly id: string;
  /** SHA-256 of lab.yaml, which alone decides the network and the grade: a better hint makes no submission void. */
  readonly digest: string;
  readonly languages: readonly string[];
  resolve(seed: number): Result<ResolvedLab, Problem[]>;
}

export interface LoadOptions {
  /** Said before file names in problems: "labs/x/". */
  prefix?: string;
  /** The folder must hold all that a published lab needs: solution and English texts. */
  complete?: boolean;
  /** Seeds to try, so that problems of single variants are found. */
  seeds?: readonly number[];
}

const TEXT_FILE = /^text\.([a-z]{2}(?:-[a-z]{2})?)\.yaml$/;

export function loadLab(id: string, files: LabFiles, options: LoadOptions = {}): Result<LabSource, Problem[]> {
  const prefix = options.prefix ?? "";
  const problems = checkFolder(files, prefix, options.complete === true);
  const trees = new Map<string, Tree>();
  if (problems.some((p) => p.file === prefix)) return err(problems);
  for (const [path, text] of files) {
    if (path !== "lab.yaml" && path !== "wrong.yaml" && !TEXT_FILE.test(path)) continue;
    const tree = parseYaml(prefix + path, text);
    if (tree.ok) trees.set(path, tree.value);
    else problems.push(...tree.error);
  }
  if (!trees.has("lab.yaml")) return err(sortProblems(problems));
  const digest = toHex(sha256(encodeUtf8(files.get("lab.yaml")!)));
  const languages = [...files.keys()].flatMap((path) => TEXT_FILE.exec(path)?.[1] ?? []).sort(byCodeUnit);
  const variants = new Map<number, Result<ResolvedLab, Problem[]>>();
  const resolve = (seed: number): Result<ResolvedLab, Problem[]> => {
    const variant = variants.get(seed) ?? new Resolver(id, digest, files, trees, prefix, seed).run();
    variants.set(seed, variant);
    return variant;
  };
  const source: LabSource = { id, digest, languages, resolve };
  const found = new Map<string, Problem>(problems.map((p) => [`${p.file}\n${p.line}\n${p.key}\n${p.rule}`, p]));
  for (const seed of options.seeds ?? [1, 2, 3, 4, 5]) {
    const r = source.resolve(seed);
    if (r.ok) continue;
    for (const p of r.error) found.set(`${p.file}\n${p.line}\n${p.key}\n${p.rule}`, p);
  }
  return found.size > 0 ? err(sortProblems([...found.values()])) : ok(source);
}

function checkFolder(files: LabFiles, prefix: string, complete: boolean): Problem[] {
  const whole = (path: string, rule: string, fix: string): Problem => ({ file: prefix + path, line: 0, key: "", rule, fix });
  let octets = 0;
  for (const text of files.values()) octets += text.length > LIMITS.labOctets ? text.length : encodeUtf8(text).length;
  if (octets > LIMITS.labOctets) return [whole("", `holds ${octets} octets; a lab has at most ${LIMITS.labOctets}`, "make it smaller")];
  if (files.size > LIMITS.files) return [whole("", `holds more than ${LIMITS.files} files`, "remove some")];
  const problems: Problem[] = [];
  for (const path of files.keys())
    if (path !== "lab.yaml" && path !== "solution.sh" && path !== "wrong.yaml" && !TEXT_FILE.test(path)) problems.push(whole(path, "is no file of a lab", "remove it; a lab has lab.yaml, text.<lang>.yaml, solution.sh, wrong.yaml"));
  if (!files.has("lab.yaml")) problems.push(whole("lab.yaml", "is missing", "write it; see docs/lab-format.md"));
  const figure = /^kind:\s*figure\s*$/m.test(files.get("lab.yaml") ?? "");
  for (const path of complete ? (figure ? ["text.en.yaml"] : ["text.en.yaml", "solution.sh"]) : []) if (!files.has(path)) problems.push(whole(path, "is missing", "write it; see docs/lab-format.md"));
  return problems;
}

type Mapping = Record<string, unknown>;
const isMapping = (v: unknown): v is Mapping => typeof v === "object" && v !== null && !Array.isArray(v);

/** One seed's variant of one folder. */
class Resolver {
  private readonly problems: Problem[] = [];
  /** Names without a value because of an earlier problem: what follows from that is not said again. */
  private readonly broken = new Set<string>();
  /** Places where an expression failed: the schema's opinion of the gap is of no interest. */
  private readonly gaps = new Set<string>();
  private readonly draw: Draw;
  private readonly id: string;
  private readonly digest: string;
  private readonly files: LabFiles;
  private readonly trees: ReadonlyMap<string, Tree>;
  private readonly prefix: string;

  constructor(id: string, digest: string, files: LabFiles, trees: ReadonlyMap<string, Tree>, prefix: string, seed: number) {
    this.id = id;
    this.digest = digest;
    this.files = files;
    this.trees = trees;
    this.prefix = prefix;
    this.draw = new Draw(seed);
  }

  run(): Result<ResolvedLab, Problem[]> {
    const tree = this.trees.get("lab.yaml")!;
    if (!isMapping(tree.value)) return err([{ file: tree.file, line: 0, key: "", rule: "must be a mapping of keys", fix: "see docs/lab-format.md" }]);
    this.drawParameters(tree, tree.value.parameters);
    this.nameCables(tree, tree.value.cables);
    const lab = this.readLab(tree, tree.value);
    if (lab !== undefined && (lab.kind === "figure") !== (lab.tasks.length === 0))
      this.complain(tree, ["tasks"], lab.kind === "figure" ? "must not be there: a figure has no tasks" : "must hold at least one task", lab.kind === "figure" ? "remove them, or choose another kind" : "write one, or make it kind: figure");
    const texts = this.readTexts(lab);
    const solution = this.readSolution(lab);
    const ways = this.readWays(lab, solution);
    const mine = lab === undefined ? undefined : this.forThisSeed(lab, tree);
    if (mine === undefined || this.problems.length > 0) return err(sortProblems(this.problems));
    const parameters = new Map<string, string>();
    for (const [name, v] of this.draw.values) parameters.set(name, printed(v));
    return ok({ id: this.id, seed: this.draw.seed, digest: this.digest, lab: mine, texts, macs: this.draw.macs, solution, ...ways, parameters });
  }

  private complain(tree: Tree, path: Path, rule: string, fix: string): void {
    if (!this.follows(rule)) this.problems.push({ file: tree.file, line: tree.lineOf(path), key: formatPath(path), rule, fix });
  }

  /** Whether a message only repeats that a broken name has no value. */
  private follows(rule: string): boolean {
    const name = /names '([^']*)', which is no parameter here/.exec(rule)?.[1] ?? /asks for the MAC of ([^:]*):/.exec(rule)?.[1];
    return name !== undefined && this.broken.has(name);
  }

  private addIssues(issues: Parameters<typeof problemsOf>[0], tree: Tree, value: unknown, at: Path = []): void {
    for (const p of problemsOf(issues, tree, value, at)) if (!this.gaps.has(`${p.file} ${p.key}`)) this.problems.push(p);
  }

  // -- values -------------------------------------------------------------------------------------------------------

  private drawParameters(tree: Tree, raw: unknown): void {
    if (raw === undefined || raw === null) return;
    if (!isMapping(raw)) return this.complain(tree, ["parameters"], "must be a mapping of keys", "write name: {kind: …}");
    const nodes = isMapping((tree.value as Mapping).nodes) ? ((tree.value as Mapping).nodes as Mapping) : {};
    for (const [name, definition] of Object.entries(raw)) {
      const path = ["parameters", name];
      if (!PARAMETER_NAME.test(name) || name === "mac") this.complain(tree, path, "is no name of a parameter", "use letters and digits, beginning with a letter; 'mac' is taken");
      if (Object.hasOwn(nodes, name)) this.complain(tree, path, "is also the name of a node", "rename one of them");
      const parsed = Parameter.safeParse(this.putIn(tree, definition, path));
      if (!parsed.success) {
        this.addIssues(parsed.error.issues, tree, definition, path);
        this.broken.add(name);
        continue;
      }
      const v = this.draw.add(name, parsed.data);
      if (v.ok) continue;
      this.complain(tree, path, v.error, "widen the range, or ask for less");
      this.broken.add(name);
    }
  }

  /** MACs first: the rest of the file may speak of them. */
  private nameCables(tree: Tree, raw: unknown): void {
    if (!Array.isArray(raw)) return;
    let bad = false;
    raw.forEach((cable: unknown, i) => {
      const before = this.problems.length;
      const parsed = Cable.safeParse(this.putIn(tree, cable, ["cables", i]));
      this.problems.length = before; // said again, and in full, when the whole file is read
      if (!parsed.success) bad = true;
      if (!parsed.success) return;
      parsed.data.ends.forEach((end, side) => {
        if (this.draw.macs.has(end)) this.complain(tree, ["cables", i, side], "is the end of an earlier cable already", "give each cable its own interfaces");
        else if (this.draw.addEnd(end, parsed.data.macs?.[side]) === undefined) this.complain(tree, ["cables", i], "has a MAC that another interface has", "give each interface its own");
      });
    });
    // Which nodes lost a cable cannot be told.
    if (bad) for (const node of Object.keys(((tree.value as Mapping).nodes ?? {}) as Mapping)) if (this.draw.lookup(node) === undefined) this.broken.add(node);
  }

  /** `raw` with every `${…}` worked out. */
  private putIn(tree: Tree, raw: unknown, path: Path): unknown {
    if (typeof raw === "string") {
      const v = substitute(raw, this.draw);
      const plain = v.ok ? toPlain(v.value) : v;
      if (plain.ok) return plain.value;
      this.complain(tree, path, plain.error, "mend the expression; see docs/lab-format.md");
      this.gaps.add(`${tree.file} ${formatPath(path)}`);
      return "";
    }
    if (Array.isArray(raw)) return raw.map((item: unknown, i) => this.putIn(tree, item, [...path, i]));
    if (!isMapping(raw)) return raw;
    const out: Mapping = {};
    for (const [k, v] of Object.entries(raw)) out[k] = path.length === 0 && (k === "parameters" || k === "version" || k === "id") ? v : this.putIn(tree, v, [...path, k]);
    return out;
  }

  // -- files ----------------------------------------------------------------------------------------------------------

  private readLab(tree: Tree, raw: Mapping): Lab | undefined {
    const value = this.putIn(tree, raw, []);
    const parsed = Lab.safeParse(value);
    if (!parsed.success) {
      this.addIssues(parsed.error.issues, tree, value);
      return undefined;
    }
    if (parsed.data.id !== this.id) this.complain(tree, ["id"], `is '${parsed.data.id}', the folder is '${this.id}'`, "make them the same");
    for (const p of crossCheck(parsed.data)) this.complain(tree, p.path, p.rule, p.fix);
    return parsed.data;
  }

  private readTexts(lab: Lab | undefined): Map<string, LabText> {
    const texts = new Map<string, LabText>();
    for (const [path, tree] of this.trees) {
      const lang = TEXT_FILE.exec(path)?.[1];
      if (lang === undefined) continue;
      const value = this.putIn(tree, tree.value, []);
      const parsed = LabText.safeParse(value);
      if (!parsed.success) this.addIssues(parsed.error.issues, tree, value);
      else {
        texts.set(lang, parsed.data);
        if (lab !== undefined) for (const p of crossCheckTexts(lab, parsed.data)) this.complain(tree, p.path, p.rule, p.fix);
      }
    }
    const english = texts.get("en");
    for (const [lang, text] of texts)
      if (english !== undefined && text.given.length !== english.given.length)
        this.complain(this.trees.get(`text.${lang}.yaml`)!, ["given"], `has ${text.given.length} items, English has ${english.given.length}`, "give each language the same ones");
    return texts;
  }

  private readSolution(lab: Lab | undefined): Step[] | undefined {
    const text = this.files.get("solution.sh");
    if (text === undefined) return undefined;
    const file = `${this.prefix}solution.sh`;
    const steps = this.readScript(lab, file, text, 1);
    for (const s of steps) if (s.name === "") this.problems.push({ file, line: s.line, key: "", rule: "has commands before the first '# step:'", fix: "begin with '# step: name'" });
    if (steps.length === 0 && !this.problems.some((p) => p.file === file)) this.problems.push({ file, line: 0, key: "", rule: "has no step for this seed", fix: "begin with '# step: name'" });
    return steps;
  }

  /** Steps that exist for this seed. */
  private readScript(lab: Lab | undefined, file: string, text: string, firstLine: number, steps?: readonly Step[]): Step[] {
    const parsed = parseScript(text, this.draw, firstLine);
    const add = (line: number, rule: string, fix: string): void => {
      if (!this.follows(rule)) this.problems.push({ file, line, key: "", rule, fix });
    };
    const skipped = parsed.steps.filter((s) => !s.when.every((w) => this.matches(w.what, w.values, (why) => add(w.line, why, "name a parameter"))));
    for (const p of parsed.problems) if (!skipped.some((s) => isWithin(s, parsed.steps, p.line))) add(p.line, p.rule, p.fix);
    const kept = parsed.steps.filter((s) => !skipped.includes(s));
    for (const action of kept.flatMap((s) => s.actions)) {
      if ("node" in action && lab !== undefined && !Object.hasOwn(lab.nodes, action.node)) add(action.line, `types on '${action.node}', which is no node`, `use one of ${Object.keys(lab.nodes).join(", ")}`);
      if (action.do === "use" && action.step !== "all" && !(this.knownSteps().has(action.step) && steps !== undefined)) add(action.line, `uses '${action.step}', which is no step of the solution`, "name a step, or write 'all'");
    }
    return kept;
  }

  private knownSteps(): Set<string> {
    return new Set([...(this.files.get("solution.sh") ?? "").matchAll(/^#\s*step\s*:\s*(.*?)\s*$/gm)].map((m) => m[1]!));
  }

  private readWays(lab: Lab | undefined, solution: readonly Step[] | undefined): Pick<ResolvedLab, "wrong" | "also"> {
    const tree = this.trees.get("wrong.yaml");
    if (tree === undefined) return { wrong: [], also: [] };
    // Scripts keep their `${…}` until they are read line by line.
    const parsed = Ways.safeParse(tree.value);
    if (!parsed.success) {
      this.addIssues(parsed.error.issues, tree, tree.value);
      return { wrong: [], also: [] };
    }
    const ids = [...parsed.data.wrong, ...parsed.data.also].map((w) => w.id);
    ids.forEach((id, i) => {
      const at = i < parsed.data.wrong.length ? ["wrong", i, "id"] : ["also", i - parsed.data.wrong.length, "id"];
      if (ids.indexOf(id) !== i) this.complain(tree, at, `'${id}' is there twice`, "give each its own id");
    });
    const exists = (when: Record<string, string[]> | undefined, path: Path): boolean => Object.entries(when ?? {}).every(([what, values]) => this.matches(what, values, (why) => this.complain(tree, path, why, "name a parameter")));
    const read = (script: string, path: Path): Step[] => this.readScript(lab, tree.file, script, tree.lineOf(path) + 1, solution ?? []);
    parsed.data.wrong.forEach((w, i) => {
      for (const t of w.fails) if (lab !== undefined && !lab.tasks.some((task) => task.id === t)) this.complain(tree, ["wrong", i, "fails"], `names '${t}', which is no task`, "name tasks of lab.yaml");
    });
    return {
      wrong: parsed.data.wrong.flatMap((w, i) => (exists(w.when, ["wrong", i, "when"]) ? [{ id: w.id, fails: w.fails, steps: read(w.script, ["wrong", i, "script"]) }] : [])),
      also: parsed.data.also.flatMap((w, i) => (exists(w.when, ["also", i, "when"]) ? [{ id: w.id, steps: read(w.script, ["also", i, "script"]) }] : [])),
    };
  }

  // -- conditions -------------------------------------------------------------------------------------------------------

  private matches(what: string, values: readonly string[], complain: (why: string) => void): boolean {
    const v = evaluateText(what, this.draw);
    const text = v.ok ? formatValue(v.value) : v;
    if (!text.ok) complain(`has a condition on '${what}': ${text.error}`);
    return text.ok && values.includes(text.value);
  }

  /** The lab without what its `when` takes away in this variant. */
  private forThisSeed(lab: Lab, tree: Tree): Lab {
    const holds = (x: { when?: Record<string, string[]> | undefined }): boolean =>
      Object.entries(x.when ?? {}).every(([what, values]) => this.matches(what, values, (why) => this.complain(tree, [], why, "name a parameter")));
    const nodes: Lab["nodes"] = {};
    for (const [name, node] of Object.entries(lab.nodes)) nodes[name] = { ...node, start: node.start.filter(holds) };
    const tasks = lab.tasks.map((task) => ({
      ...task,
      checks: task.checks.filter(holds).map((c) => ({ ...c, if: c.if.filter(holds), ...(c.kind === "capture" ? { during: c.during.filter(holds) } : {}) })),
    }));
    return { ...lab, nodes, tasks, prepare: lab.prepare.filter(holds) };
  }
}

/** Whether `line` belongs to `step`. */
function isWithin(step: Step, all: readonly Step[], line: number): boolean {
  const next = all[all.indexOf(step) + 1];
  return line >= step.line && (next === undefined || line < next.line);
}

function toPlain(v: Value): Result<unknown, string> {
  if (typeof v === "number" || typeof v === "string") return ok(v);
  if (!isList(v)) return formatValue(v);
  const out: unknown[] = [];
  for (const item of v) {
    const plain = toPlain(item);
    if (!plain.ok) return plain;
    out.push(plain.value);
  }
  return ok(out);
}

function printed(v: Value): string {
  if (isList(v)) return v.map(printed).join(" ");
  if (typeof v === "object" && v.t === "record") return [...v.fields].map(([k, f]) => `${k}=${printed(f)}`).join(" ");
  const text = formatValue(v);
  return text.ok ? text.value : "";
}
