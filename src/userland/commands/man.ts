/** man, apropos and whatis: our own pages, made of what each command says of itself. Words of refusal are man-db 2.11's. */
import { type Command, defineCommand } from "../command.ts";
import { octets } from "../octets.ts";
import type { Process, Run } from "../process.ts";
import { compileRegex } from "../regex.ts";
import { pagerTerminal, showManual } from "./less/pager.ts";
import { allBuiltins } from "../shell/builtins/index.ts";
import { textWidth } from "../shell/width.ts";

interface Page {
  name: string;
  section: string;
  summary: string;
  text(width: number): string;
}

function wrapped(text: string, indent: number, width: number): string {
  const pad = " ".repeat(indent);
  const out: string[] = [];
  let line = "";
  for (const word of text.split(/ +/)) {
    if (line !== "" && indent + textWidth(line) + 1 + textWidth(word) > width) {
      out.push(pad + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  out.push(pad + line);
  return `${out.join("\n")}\n`;
}

function heading(name: string, section: string, width: number): string {
  const title = `${name.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32))}(${section})`;
  const middle = "Packetwalk";
  const gap = Math.max(1, Math.floor((width - middle.length) / 2) - title.length);
  const rest = Math.max(1, width - title.length - gap - middle.length - title.length);
  return `${title}${" ".repeat(gap)}${middle}${" ".repeat(rest)}${title}\n`;
}

function sectionText(title: string, paragraphs: readonly string[], width: number): string {
  if (paragraphs.length === 0) return "";
  return `\n${title}\n${paragraphs.map((p) => wrapped(p, 7, width)).join("")}`;
}

function commandPage(command: Command, name: string): Page {
  const { man } = command;
  const section = command.dir?.endsWith("sbin") ? "8" : "1";
  return {
    name,
    section,
    summary: man.summary,
    text: (width) =>
      heading(name, section, width) +
      sectionText("NAME", [`${[command.name, ...(command.aliases ?? [])].join(", ")} - ${man.summary}`], width) +
      sectionText("SYNOPSIS", man.synopsis, width) +
      sectionText("EMULATED", man.emulated, width) +
      sectionText("NOT EMULATED", man.notEmulated, width) +
      sectionText("EXAMPLES", man.examples ?? [], width),
  };
}

function pages(proc: Process): Page[] {
  const out = proc.machine.commands.flatMap((c) => [c.name, ...(c.aliases ?? [])].map((name) => commandPage(c, name)));
  const known = new Set(out.map((p) => p.name));
  for (const b of allBuiltins()) {
    if (known.has(b.name)) continue;
    known.add(b.name);
    out.push({
      name: b.name, section: "1", summary: "bash built-in command",
      text: (width) => heading(b.name, "1", width) + sectionText("NAME", [`${b.name} - builtin of the shell`], width) + sectionText("SYNOPSIS", [b.usage], width) + sectionText("DESCRIPTION", [b.summary], width),
    });
  }
  return out.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function* search(proc: Process, words: readonly string[], exact: boolean): Run<number> {
  let missing = false;
  for (const word of words) {
    const regex = exact ? undefined : compileRegex(octets(word), { syntax: "sed-ere", ignoreCase: true });
    const found = pages(proc).filter((p) => (regex?.ok ? regex.value.test(octets(p.name)) || regex.value.test(octets(p.summary)) : p.name === word));
    if (found.length === 0) {
      yield* proc.warn(`${word}: nothing appropriate.\n`);
      missing = true;
    }
    for (const p of found) yield* proc.print(`${`${p.name} (${p.section})`.padEnd(20)} - ${p.summary}\n`);
  }
  return missing ? 16 : 0;
}

/** On a terminal through less, as pager(1) is on Debian; PAGER=cat does without. */
function* show(proc: Process, page: Page): Run<void> {
  const tty = pagerTerminal(proc);
  const text = page.text(Math.min(tty?.columns ?? 80, 100));
  const pager = proc.env.get("MANPAGER") ?? proc.env.get("PAGER");
  if (tty && pager !== "cat") yield* showManual(proc, tty, `${page.name}(${page.section})`, text);
  else yield* proc.print(text);
}

function* manRun(proc: Process, args: readonly string[]): Run<number> {
  const words: string[] = [];
  let mode: "show" | "apropos" | "whatis" | "where" = "show";
  for (const arg of args) {
    if (arg === "-k" || arg === "--apropos") mode = "apropos";
    else if (arg === "-f" || arg === "--whatis") mode = "whatis";
    else if (arg === "-w" || arg === "--where" || arg === "--path") mode = "where";
    else if (arg === "-a" || arg === "--all") continue;
    else if (arg.startsWith("-") && arg !== "-") {
      yield* proc.warn(`packetwalk: 'man ${arg}' is not emulated\n`);
      return 95;
    } else words.push(arg);
  }
  if (mode === "apropos" || mode === "whatis") return yield* search(proc, words, mode === "whatis");
  const section = words.length > 1 && /^[1-9][a-z]*$/.test(words[0]!) ? words.shift() : undefined;
  if (words.length === 0) {
    yield* proc.warn(section === undefined ? "What manual page do you want?\nFor example, try 'man man'.\n" : `No manual entry for ${section}\n`);
    return 1;
  }
  let status = 0;
  const all = pages(proc);
  for (const word of words) {
    // "ip-route" and "ip-route(8)" are pages of ip here.
    const name = word.replace(/\([0-9][a-z]*\)$/, "");
    const page = all.find((p) => p.name === name) ?? all.find((p) => name.startsWith(`${p.name}-`));
    if (!page) {
      yield* proc.warn(`No manual entry for ${word}${section === undefined ? "" : ` in section ${section}`}\n`);
      status = 16;
    } else if (mode === "where") yield* proc.print(`/usr/share/man/man${page.section}/${page.name}.${page.section}.gz\n`);
    else yield* show(proc, page);
  }
  return status;
}

function complete(proc: Process): readonly string[] {
  return pages(proc).map((p) => p.name);
}

export const man = defineCommand({
  name: "man",
  man: {
    summary: "an interface to the system reference manuals",
    synopsis: ["man [section] page ...", "man -k regexp ...", "man -f page ..."],
    emulated: ["Pages of the commands of this machine: what of them is emulated and what is not.", "-k (apropos), -f (whatis), -w", "On a terminal the page is shown by less; PAGER=cat prints it."],
    notEmulated: ["The pages of the real commands, sections other than 1 and 8."],
    examples: ["man ip", "man -k network"],
  },
  complete,
  run: manRun,
});

function searcher(name: string, summary: string, exact: boolean): Command {
  return defineCommand({
    name,
    man: { summary, synopsis: [`${name} keyword ...`], emulated: ["Searches the pages of this machine's commands."], notEmulated: ["Options."] },
    *run(proc, args) {
      const option = args.find((a) => a.startsWith("-"));
      if (option !== undefined) {
        yield* proc.warn(`packetwalk: '${name} ${option}' is not emulated\n`);
        return 95;
      }
      if (args.length === 0) {
        yield* proc.warn(`${name} what?\n`);
        return 1;
      }
      return yield* search(proc, args, exact);
    },
  });
}

export const apropos = searcher("apropos", "search the manual page names and descriptions", false);
export const whatis = searcher("whatis", "display one-line manual page descriptions", true);
