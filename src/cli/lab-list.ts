/** `packetwalk lab list`: the labs of the book. */
import { join } from "node:path";
import { viewLab } from "../lab/view.ts";
import { type Io, readArguments, say, Usage } from "./io.ts";
import { labIds, LABS_DIR, readLab } from "./lab-files.ts";

export const LIST_USAGE = `usage: packetwalk lab list [--json]

Lists the labs: id, kind, minutes, points, title.

  --json   one JSON array instead
`;

export function list(argv: readonly string[], io: Io): number | Usage {
  const args = readArguments(argv, { json: "flag" });
  if (args instanceof Usage) return args;
  if (args.flags.has("help")) return say(io, LIST_USAGE);
  if (args.rest.length > 0) return new Usage(`lab list takes no argument '${args.rest[0]}'`);
  const rows: { id: string; kind: string; minutes: number; points: number; tasks: number; title: string }[] = [];
  let bad = 0;
  for (const id of labIds()) {
    const source = readLab(join(LABS_DIR, id), io.cwd, { seeds: [1] });
    const resolved = source.ok ? source.value.resolve(1) : source;
    if (!resolved.ok) {
      bad++;
      io.err(`packetwalk: ${id}: ${resolved.error.length} problems; see packetwalk lab check ${id}\n`);
      continue;
    }
    if (resolved.value.lab.kind === "figure") continue; // a chapter's network, nothing to do in it
    const { kind, minutes, points, tasks, title } = viewLab(resolved.value, "en");
    rows.push({ id, kind, minutes, points, tasks: tasks.length, title });
  }
  if (args.flags.has("json")) io.out(`${JSON.stringify(rows, null, 1)}\n`);
  else for (const r of rows) io.out(`${r.id.padEnd(24)}  ${r.kind.padEnd(11)}  ${String(r.minutes).padStart(3)} min  ${String(r.points).padStart(3)} points  ${r.title}\n`);
  return bad === 0 ? 0 : 1;
}
