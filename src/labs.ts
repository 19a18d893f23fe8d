/**
 * What the pages show of a lab: its name, its size, its task texts, its network. Labs are read by the loader of src/lab,
 * with the values of seed 1; a reader whose own seed gives other values sees those once the room runs.
 */
import { readdir, readFile } from "node:fs/promises";
import type { Lang } from "./i18n/index.ts";
import { loadLab, type LabFiles, type ResolvedLab } from "./lab/load.ts";
import { packLab, type PackedLab } from "./lab/packed.ts";
import { formatProblem } from "./lab/problem.ts";
import type { Lab, LabText } from "./lab/schema.ts";
import type { CableSpec, NodeSpec } from "./components/net.ts";

export interface LabTask {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly points: number;
}
/** A network of a chapter is a lab without tasks: its files are served, but it has no room and stands in no list. */
export type LabKind = Exclude<Lab["kind"], "figure">;
export interface LabPage {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly intro: string;
  readonly given: readonly string[];
  readonly kind: LabKind | "figure";
  /** Slug of its chapter. */
  readonly chapter: string;
  readonly minutes: number;
  readonly points: number;
  readonly tasks: readonly LabTask[];
  readonly nodes: NodeSpec[];
  readonly cables: CableSpec[];
}

const ROOT = "labs";
/** What a page may have of a lab's folder: never the solution. */
const PUBLIC = /^(lab|text\.[a-z-]+)\.yaml$/;

async function readFiles(id: string): Promise<LabFiles> {
  const names = (await readdir(`${ROOT}/${id}`)).filter((name) => PUBLIC.test(name)).sort();
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(`${ROOT}/${id}/${name}`, "utf8")] as const)));
}

/** What the browser is given of a lab: its files byte for byte, and the variant of seed 1 as they give it. */
export async function labForBrowser(id: string): Promise<{ id: string; files: Record<string, string>; packed: PackedLab }> {
  return { id, files: Object.fromEntries(await readFiles(id)), packed: packLab(await resolved(id)) };
}

async function resolve(id: string): Promise<ResolvedLab> {
  const source = loadLab(id, await readFiles(id), { prefix: `${ROOT}/${id}/`, seeds: [1] });
  const resolved = source.ok ? source.value.resolve(1) : source;
  if (resolved.ok) return resolved.value;
  throw new Error(resolved.error.map(formatProblem).join("\n"));
}

const known = new Map<string, Promise<ResolvedLab>>();
/** A lab is read once for a build. The development server reads it anew, so that an edit shows. */
function resolved(id: string): Promise<ResolvedLab> {
  if (import.meta.env.DEV) return resolve(id);
  const lab = known.get(id) ?? resolve(id);
  known.set(id, lab);
  return lab;
}

function pageOf({ id, lab }: ResolvedLab, words: LabText): LabPage {
  return {
    id,
    title: words.title,
    summary: words.summary,
    intro: words.intro,
    given: words.given,
    kind: lab.kind,
    chapter: lab.chapter,
    minutes: lab.minutes,
    points: lab.tasks.reduce((sum, task) => sum + task.points, 0),
    tasks: lab.tasks.map((task) => ({ id: task.id, title: words.tasks[task.id]?.title ?? task.id, text: words.tasks[task.id]?.text ?? "", points: task.points })),
    nodes: Object.entries(lab.nodes).map(([name, node]) => ({ id: name, at: node.at, kind: node.kind, ...(node.sub === undefined ? {} : { sub: node.sub }) })),
    cables: lab.cables.map((cable) => (cable.cut ? { ends: cable.ends.join(" "), state: "down" as const } : cable.ends.join(" "))),
  };
}

/** Every folder of labs/, figures included. */
export async function labIds(): Promise<string[]> {
  const entries = await readdir(ROOT, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
}

/** A lab in one language, or undefined when that lab or that translation is not there. */
export async function labOf(id: string, lang: Lang): Promise<LabPage | undefined> {
  if (!(await labIds()).includes(id)) return undefined;
  const lab = await resolved(id);
  const words = lab.texts.get(lang);
  return words ? pageOf(lab, words) : undefined;
}

export type Room = LabPage & { readonly kind: LabKind };
export const isRoom = (page: LabPage | undefined): page is Room => page !== undefined && page.kind !== "figure";

/** What a reader can open and be graded in. */
export async function allLabs(lang: Lang): Promise<Room[]> {
  const pages = await Promise.all((await labIds()).map((id) => labOf(id, lang)));
  return pages.filter(isRoom);
}
