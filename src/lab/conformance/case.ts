/**
 * A conformance case: what real machines printed, step by step, and the network they stood in. The format is described
 * in test/conformance/README.md. Strict: a key nobody knows is an error, not a step that silently compares nothing.
 */
import { z } from "zod";
import { err, ok, type Result } from "../../base/result.ts";
import type { Problem } from "../problem.ts";

const MAX_TEXT = 4 << 20; // octets of one case file; the largest recorded one has 60 KB
const MAX_DEPTH = 32; // nested arrays and objects; a case needs 4

const Id = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, "must be lower-case letters, digits, '.', '_' and '-'");
const NodeName = z.string().regex(/^[A-Za-z][A-Za-z0-9-]*$/, "must be a host name");
const LinkEnd = z.string().regex(/^[A-Za-z][A-Za-z0-9-]*:[^\s:/]{1,15}$/, "must be NODE:INTERFACE, the interface at most 15 characters");
const Mac = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, "must be a MAC address in lower case, aa:bb:cc:dd:ee:ff");
const ExitStatus = z.int().min(0).max(255);
const Match = z.enum(["exact", "unordered", "exit"]);

const RunStep = z.strictObject({
  node: NodeName,
  cmd: z.string(),
  match: Match.optional(),
  tty: z.literal(true).optional(),
  exit: ExitStatus,
  stdout: z.string(),
  stderr: z.string(),
});
const SleepStep = z.strictObject({ sleep: z.number().positive() });
const StartStep = z.strictObject({ node: NodeName, start: z.string().min(1), cmd: z.string() });
const StopStep = z.strictObject({
  stop: z.string().min(1),
  match: Match.optional(),
  exit: ExitStatus,
  stdout: z.string(),
  stderr: z.string(),
});

export type RunStep = z.infer<typeof RunStep>;
export type SleepStep = z.infer<typeof SleepStep>;
export type StartStep = z.infer<typeof StartStep>;
export type StopStep = z.infer<typeof StopStep>;
export type Step = RunStep | SleepStep | StartStep | StopStep;

export const isSleep = (s: Step): s is SleepStep => "sleep" in s;
export const isStart = (s: Step): s is StartStep => "start" in s;
export const isStop = (s: Step): s is StopStep => "stop" in s;
/** A step whose outcome is compared. */
export const hasOutcome = (s: Step): s is RunStep | StopStep => "exit" in s;

/** The schema of the kind a step is, told by the one key that only this kind has; errors then speak of that kind only. */
function stepSchema(step: object): z.ZodType<Step> {
  if ("sleep" in step) return SleepStep;
  if ("start" in step) return StartStep;
  return "stop" in step ? StopStep : RunStep;
}

const AnyStep = z.custom<Step>((v) => typeof v === "object" && v !== null && !Array.isArray(v), "must be an object").superRefine((v, ctx) => {
  const parsed = stepSchema(v).safeParse(v);
  if (!parsed.success) for (const issue of parsed.error.issues) ctx.addIssue({ ...issue, path: [...issue.path] } as never);
});

const Node = z.strictObject({
  /** Written over what every node starts with, by sysctl(8) name. */
  sysctls: z.record(z.string(), z.string()).optional(),
  /** Absolute path to content. */
  files: z.record(z.string().startsWith("/", "must be an absolute path"), z.string()).optional(),
});

const Link = z.strictObject({ a: LinkEnd, b: LinkEnd, macA: Mac, macB: Mac, mtu: z.int().min(68).max(65535) });

export const ConformanceCase = z
  .strictObject({
    id: Id,
    title: z.string().min(1),
    area: Id,
    /** Features the case uses, for choosing what to run. */
    needs: z.array(z.string()),
    note: z.string().optional(),
    recorded: z.strictObject({ kernel: z.string(), tools: z.record(z.string(), z.string()), also: z.array(z.string()).optional() }),
    nodes: z.record(NodeName, Node),
    links: z.array(Link),
    steps: z.array(AnyStep).min(1),
  })
  .superRefine((c, ctx) => {
    const wrong = (path: (string | number)[], message: string): void => ctx.addIssue({ code: "custom", path, message });
    const ends = new Set<string>();
    c.links.forEach((link, i) => {
      for (const side of ["a", "b"] as const) {
        if (!Object.hasOwn(c.nodes, link[side].split(":")[0]!)) wrong(["links", i, side], "names a node that is not in nodes");
        if (ends.has(link[side])) wrong(["links", i, side], "is the end of an earlier link already");
        ends.add(link[side]);
      }
    });
    const started = new Map<string, boolean>();
    c.steps.forEach((step, i) => {
      if ("node" in step && !Object.hasOwn(c.nodes, step.node)) wrong(["steps", i, "node"], "names a node that is not in nodes");
      if (isStart(step)) {
        if (started.has(step.start)) wrong(["steps", i, "start"], "is a name used by an earlier start; each needs its own");
        started.set(step.start, true);
      } else if (isStop(step)) {
        if (!started.get(step.stop)) wrong(["steps", i, "stop"], "names nothing that an earlier start left running");
        started.set(step.stop, false);
      }
    });
  });

export type ConformanceCase = z.infer<typeof ConformanceCase>;
export type CaseLink = ConformanceCase["links"][number];

/** @param file only named in the problems. @returns the case, or everything that is wrong with it. */
export function parseCase(file: string, text: string): Result<ConformanceCase, readonly Problem[]> {
  const whole = (rule: string): Result<never, readonly Problem[]> => err([{ file, line: 0, key: "", rule, fix: "" }]);
  if (text.length > MAX_TEXT) return whole(`must be at most ${MAX_TEXT >> 20} MiB`);
  if (jsonDepth(text) > MAX_DEPTH) return whole(`must not nest deeper than ${MAX_DEPTH} levels`);
  const json = readJson(text);
  if (!json.ok) return whole("must be JSON; it is cut short or mistyped");
  const parsed = ConformanceCase.safeParse(json.value);
  if (parsed.success) return ok(parsed.data);
  return err(parsed.error.issues.flatMap((issue) => problemsOf(file, issue)));
}

function readJson(text: string): Result<unknown, void> {
  try {
    return ok(JSON.parse(text) as unknown);
  } catch {
    return err(undefined); // the words of a SyntaxError differ between engines
  }
}

/** Deepest nesting of a JSON text, without parsing it: the parser itself would not object to a million levels. */
function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) {
      if (c === "\\") i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "{" || c === "[") deepest = Math.max(deepest, ++depth);
    else if (c === "}" || c === "]") depth--;
  }
  return deepest;
}

function problemsOf(file: string, issue: z.core.$ZodIssue): Problem[] {
  const key = formatPath(issue.path);
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((k) => ({ file, line: 0, key: formatPath([...issue.path, k]), rule: "is not a key known here", fix: "remove it or mend its spelling" }));
  if (issue.code === "invalid_key") return issue.issues.flatMap((i) => problemsOf(file, { ...i, path: [...issue.path, ...i.path] }));
  return [{ file, line: 0, key, rule: issue.message, fix: "" }];
}

function formatPath(path: readonly PropertyKey[]): string {
  let s = "";
  for (const p of path) s += typeof p === "number" ? `[${p}]` : `${s === "" ? "" : "."}${String(p)}`;
  return s;
}
