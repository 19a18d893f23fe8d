/** Labs for tests, read from labs/. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadLab, type ResolvedLab } from "../../src/lab/load.ts";
import { formatProblem } from "../../src/lab/problem.ts";

const root = fileURLToPath(new URL("../../labs/", import.meta.url));

export function labFiles(id: string): Map<string, string> {
  return new Map(readdirSync(root + id).map((name) => [name, readFileSync(`${root}${id}/${name}`, "utf8")]));
}

export function resolvedLab(id: string, seed: number, files = labFiles(id)): ResolvedLab {
  const source = loadLab(id, files, { seeds: [seed] });
  const r = source.ok ? source.value.resolve(seed) : source;
  if (!r.ok) throw new Error(r.error.map(formatProblem).join("\n"));
  return r.value;
}

/** A lab made of a few lines: nodes, cables, tasks as YAML. */
export function tinyLab(yaml: string, seed = 1, solution = ""): ResolvedLab {
  const head = "version: 1\nid: tiny\nkind: build\nchapter: arp\nminutes: 5\n";
  const tasks = /^tasks:/m.test(yaml) ? "" : "tasks: [ { id: t, points: 1, checks: [ { id: c, kind: output, on: h1, run: 'true', exit: 0 } ] } ]\n";
  const files = new Map([["lab.yaml", head + yaml + tasks]]);
  if (solution !== "") files.set("solution.sh", solution);
  return resolvedLab("tiny", seed, files);
}

/** Two hosts on one cable, addressed and up. */
export const PAIR = `nodes:
  h1: { kind: host, at: [0, 0], start: [ ip addr add 10.0.0.1/24 dev eth0, ip link set eth0 up ] }
  h2: { kind: host, at: [1, 0], start: [ ip addr add 10.0.0.2/24 dev eth0, ip link set eth0 up ] }
cables: [ [ "h1:eth0", "h2:eth0" ] ]
`;

/** What a screen shows as lines of text: without control sequences, redrawn prompts run together. */
export function plainText(screen: string): string {
  return screen.replace(/\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007/g, "").replaceAll("\r\n", "\n").replaceAll("\r", "");
}
