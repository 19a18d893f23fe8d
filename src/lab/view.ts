/** What a face draws of a lab: see LabView in protocol.ts. Pages at build time and the worker at run time use the same. */
import type { ResolvedLab } from "./load.ts";
import { compareNames } from "./network.ts";
import type { CableView, LabView, NodeView } from "./protocol.ts";
import { terminalNodes } from "./session.ts";

/** @param lang falls back to English, and to whatever there is. */
export function viewLab(resolved: ResolvedLab, lang: string): LabView {
  const { lab } = resolved;
  const used = resolved.texts.has(lang) ? lang : resolved.texts.has("en") ? "en" : ([...resolved.texts.keys()][0] ?? lang);
  const text = resolved.texts.get(used);
  return {
    id: resolved.id,
    kind: lab.kind,
    chapter: lab.chapter,
    minutes: lab.minutes,
    seed: resolved.seed,
    lang: used,
    title: text?.title ?? resolved.id,
    summary: text?.summary ?? "",
    intro: text?.intro ?? "",
    given: text?.given ?? [],
    outro: text?.outro ?? "",
    points: lab.tasks.reduce((sum, t) => sum + t.points, 0),
    nodes: viewNodes(resolved),
    cables: viewCables(resolved),
    tasks: lab.tasks.map((t) => {
      const words = text?.tasks[t.id];
      return { id: t.id, title: words?.title ?? t.id, text: words?.text ?? "", points: t.points, hints: t.hints, done: words?.done ?? "", checks: t.checks.map((c) => ({ id: c.id, text: words?.checks[c.id] ?? "" })) };
    }),
    terminals: terminalNodes(resolved),
  };
}

function viewNodes({ lab }: ResolvedLab): NodeView[] {
  const interfaces = new Map<string, string[]>();
  for (const [name, node] of Object.entries(lab.nodes)) interfaces.set(name, [...node.ports]);
  for (const end of lab.cables.flatMap((c) => c.ends)) {
    const [node, dev] = end.split(":") as [string, string];
    interfaces.get(node)?.push(dev);
  }
  return Object.entries(lab.nodes).map(([name, node]) => ({ name, kind: node.kind, at: node.at, sub: node.sub ?? "", interfaces: interfaces.get(name)!.sort(compareNames) }));
}

function viewCables({ lab, macs }: ResolvedLab): CableView[] {
  const end = (text: string): CableView["ends"][0] => {
    const [node, dev] = text.split(":") as [string, string];
    return { node, dev, mac: macs.get(text)! };
  };
  return lab.cables.map((c, id) => ({ id, ends: [end(c.ends[0]), end(c.ends[1])], delay: c.delay, rate: c.rate, cut: c.cut }));
}

/** The next hint's text; hints count from 0. */
export function hintText(resolved: ResolvedLab, lang: string, task: string, index: number): string | undefined {
  const text = resolved.texts.get(lang) ?? resolved.texts.get("en");
  return text?.tasks[task]?.hints[index];
}
