/**
 * What the pages read of a lab: its name, its size, its task texts. The schema of the whole file is in src/lab;
 * a file that does not fit it is reported by `packetwalk lab check`, not here.
 */
import { getCollection, getEntry } from "astro:content";
import type { Lang } from "./i18n/index.ts";

export interface LabTask {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly points: number;
}
export type LabKind = "build" | "break-fix" | "investigate" | "predict" | "design";
export interface LabPage {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  readonly intro: string;
  readonly kind: LabKind;
  readonly minutes: number;
  readonly points: number;
  readonly tasks: readonly LabTask[];
}

type Data = Readonly<Record<string, unknown>>;
const isData = (value: unknown): value is Data => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === "string" ? value.trim() : "");
const count = (value: unknown): number => (typeof value === "number" ? value : 0);

function taskOf(raw: unknown, texts: Data): LabTask {
  const task = isData(raw) ? raw : {};
  const id = text(task.id);
  const words = isData(texts[id]) ? texts[id] : {};
  return { id, title: text(words.title), text: text(words.text), points: count(task.points) };
}

function pageOf(id: string, lab: Data, words: Data): LabPage {
  const texts = isData(words.tasks) ? words.tasks : {};
  const tasks = (Array.isArray(lab.tasks) ? lab.tasks : []).map((task) => taskOf(task, texts));
  return {
    id,
    title: text(words.title),
    summary: text(words.summary),
    intro: text(words.intro),
    kind: text(lab.kind) as LabKind,
    minutes: count(lab.minutes),
    points: tasks.reduce((sum, task) => sum + task.points, 0),
    tasks,
  };
}

/** A lab in one language, or undefined when that lab or that translation is not there. */
export async function labOf(id: string, lang: Lang): Promise<LabPage | undefined> {
  const lab = await getEntry("labs", id);
  const words = await getEntry("labTexts", `${id}/${lang}`);
  return lab && words ? pageOf(id, lab.data, words.data) : undefined;
}

export async function allLabs(lang: Lang): Promise<LabPage[]> {
  const ids = (await getCollection("labs")).map((lab) => lab.id).sort();
  const pages = await Promise.all(ids.map((id) => labOf(id, lang)));
  return pages.filter((page) => page !== undefined);
}
