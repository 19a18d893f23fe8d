/**
 * The file a learner hands in: which lab and seed, what was done, what the browser showed. `claimed` is never believed:
 * the grade is what a replay gives (replay.ts). Small, readable, diffable: one log entry a line.
 */
import { z } from "zod";
import { encodeUtf8 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { problemsOf } from "./issues.ts";
import { LogEntry } from "./log.ts";
import { LIMITS, NAME } from "./schema.ts";

export const SUBMISSION_FORMAT = 1;

const Name = z.string().regex(NAME, "must be a name");
const Digest = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hex digits");
/** No control, invisible or direction-changing characters: the file is read by people. */
const Student = z.string().max(200).regex(/^[^\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*$/, "must be one line without control or invisible characters");
const Points = z.int().min(0).max(1_000_000);

export const Submission = z.strictObject({
  format: z.literal(SUBMISSION_FORMAT, { error: `must be ${SUBMISSION_FORMAT}` }),
  lab: Name,
  labDigest: Digest,
  /** Version of the engine that the browser ran. */
  engine: z.string().max(64).regex(/^[0-9A-Za-z.+-]+$/, "must be a version"),
  seed: z.int().min(0).max(0xffff_ffff),
  student: Student,
  log: z.array(LogEntry).max(LIMITS.logEntries),
  claimed: z.strictObject({ points: Points, of: Points, tasks: z.record(Name, Points), digest: Digest }),
});
export type Submission = z.infer<typeof Submission>;

/** One JSON value a line where that helps a reader; the order of keys is always the same. */
export function formatSubmission(s: Submission): string {
  const { log, claimed, ...head } = s;
  const lines = Object.entries({ format: head.format, lab: head.lab, labDigest: head.labDigest, engine: head.engine, seed: head.seed, student: head.student }).map(([k, v]) => ` ${JSON.stringify(k)}: ${JSON.stringify(v)},`);
  const entries = log.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n");
  const tasks = Object.entries(claimed.tasks).map(([id, points]) => `${JSON.stringify(id)}: ${points}`).join(", ");
  const claim = ` "claimed": {"points": ${claimed.points}, "of": ${claimed.of}, "tasks": {${tasks}}, "digest": ${JSON.stringify(claimed.digest)}}`;
  return `{\n${lines.join("\n")}\n "log": [\n${entries}\n ],\n${claim}\n}\n`;
}

/** What everything in the digest begins with, so that no part of a submission can be changed unseen. */
export function submissionHead(s: Pick<Submission, "lab" | "labDigest" | "seed" | "student" | "log">): string {
  return JSON.stringify([SUBMISSION_FORMAT, s.lab, s.labDigest, s.seed, s.student, s.log]);
}

/** @returns the submission, or the one reason why the text is none. */
export function parseSubmission(text: string): Result<Submission, string> {
  if (text.length > LIMITS.submissionOctets || encodeUtf8(text).length > LIMITS.submissionOctets) return err(`is larger than ${LIMITS.submissionOctets} octets`);
  if (isTooDeep(text)) return err(`is nested deeper than ${LIMITS.depth}`);
  const json = parseJson(text);
  if (!json.ok) return json;
  const parsed = Submission.safeParse(json.value);
  return parsed.success ? ok(parsed.data) : err(firstIssue(parsed.error, json.value));
}

function parseJson(text: string): Result<unknown, string> {
  try {
    return ok(JSON.parse(text) as unknown);
  } catch {
    // The message differs from engine to engine; what it says does not help whoever reads this.
    return err(text.trim().endsWith("}") ? "is not JSON" : "is not JSON, or was cut off");
  }
}

function firstIssue(error: z.ZodError, value: unknown): string {
  const [p] = problemsOf(error.issues, { file: "", value, lineOf: () => 0 }, value);
  return p === undefined ? "has another form than it should" : p.key === "" ? p.rule : `${p.key}: ${p.rule}`;
}

/** Looks at the text only: the parser itself would recurse. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 92) i++;
      else if (c === 34) quoted = false;
    } else if (c === 34) quoted = true;
    else if (c === 91 || c === 123) {
      if (++depth > LIMITS.depth) return true;
    } else if (c === 93 || c === 125) depth--;
  }
  return false;
}
