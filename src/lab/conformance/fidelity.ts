/**
 * The fidelity matrix, docs/fidelity.md: each command and option that recorded cases use, and whether the emulator printed what
 * real machines printed. Made from a run of the cases and from the commands' own man pages, never by hand.
 */
import { byCodeUnit } from "../../base/order.ts";
import type { Command } from "../../userland/command.ts";
import { type ConformanceCase, isSleep, isStart, isStop, type Step } from "./case.ts";
import { formatCase, summarise } from "./report.ts";
import type { CaseResult } from "./runner.ts";

/** identical: every byte agrees. equivalent: agrees where only order or exit status is compared. partial: some uses agree. refused: says so. */
type Verdict = "identical" | "equivalent" | "partial" | "refused" | "different";

interface Use {
  agreed: number;
  exact: number;
  refused: number;
  total: number;
  /** A case that agrees, else one that does not. */
  shown: string;
}

export interface PlayedCase {
  readonly c: ConformanceCase;
  readonly r: CaseResult;
}

/** Words of the simple commands of a shell line: enough for the lines of cases, quotes and operators included. */
export function commandsOf(line: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  let quote = "";
  const endWord = (): void => {
    if (word !== undefined) commands.at(-1)!.push(word);
    word = undefined;
  };
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (quote !== "") {
      if (c === quote) quote = "";
      else word = (word ?? "") + c;
    } else if (c === "'" || c === '"') {
      quote = c;
      word ??= "";
    } else if (c === "\\") word = (word ?? "") + (line[++i] ?? "");
    else if (/\s/.test(c)) {
      endWord();
      if (c === "\n") commands.push([]);
    } else if ("|;&(){}`".includes(c) && !(c === "&" && word !== undefined && /[<>]$/.test(word))) {
      endWord();
      commands.push([]);
    } else if (c === "#" && word === undefined) {
      while (i + 1 < line.length && line[i + 1] !== "\n") i++;
    } else word = (word ?? "") + c;
  }
  endWord();
  return commands.map(withoutPrefix).filter((words) => words.length > 0);
}

const KEYWORDS = new Set(["if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "!", "time", "in"]);

/** The command itself: no assignments, redirections, keywords, and what `ip netns exec X`, `timeout 5` and their like run. */
function withoutPrefix(words: readonly string[]): string[] {
  let rest = words.filter((w, i) => !/^\d*[<>]/.test(w) && !/^\d*(?:[<>]|>>|<<-?|<<<)$/.test(words[i - 1] ?? ""));
  for (;;) {
    const [first = "", second = ""] = rest;
    if (KEYWORDS.has(first) || /^[A-Za-z_]\w*=/.test(first) || first === "exec" || first === "sudo" || first === "nohup" || first === "env") rest = rest.slice(1);
    else if (first === "ip" && second === "netns" && rest[2] === "exec") rest = rest.slice(4);
    else if (first === "timeout") {
      let at = 1;
      while (rest[at]?.startsWith("-")) at += rest[at] === "-s" || rest[at] === "-k" ? 2 : 1;
      rest = rest.slice(at + 1);
    }
    else return rest;
  }
}

/** What a use of a command shows: the command with its verbs, and each of its options. */
function featuresOf([name = "", ...args]: readonly string[], verbs: ReadonlySet<string>): string[] {
  const base = name.slice(name.lastIndexOf("/") + 1);
  const options = [...new Set(args.filter((w) => /^--?[A-Za-z0-9]/.test(w) && !/^-\d+$/.test(w)).map((w) => w.replace(/=.*$/, "")))];
  const plain = args.filter((w) => !w.startsWith("-"));
  const sub = verbs.has(base) ? plain.slice(0, 2).filter((w) => /^[a-z][a-z-]*$/.test(w)) : [];
  return [[base, ...sub].join(" "), ...options.map((o) => `${base} ${o}`)];
}

const VERBS = new Set(["ip", "bridge", "tc", "nft", "wg", "ipset", "conntrack", "birdc", "kubectl"]);

function linesOf(step: Step): string | undefined {
  return isSleep(step) || isStop(step) ? undefined : step.cmd;
}

function count(cases: readonly PlayedCase[], known: ReadonlySet<string>): Map<string, Use> {
  const uses = new Map<string, Use>();
  for (const { c, r } of cases) {
    c.steps.forEach((step, i) => {
      const line = linesOf(step);
      if (line === undefined || r.status === "error") return;
      const compared = isStart(step) ? c.steps.findIndex((s, k) => k > i && isStop(s) && s.stop === step.start) : i;
      const golden = c.steps[compared];
      if (golden === undefined || !("exit" in golden)) return;
      const differences = r.differences.filter((d) => d.step === compared);
      const refused = differences.some((d) => /is not emulated|not found/.test(d.actual) || (d.field === "exit" && d.actual === "95"));
      for (const words of commandsOf(line)) {
        if (!known.has(words[0]!.slice(words[0]!.lastIndexOf("/") + 1))) continue;
        for (const feature of featuresOf(words, VERBS)) {
          const use = uses.get(feature) ?? { agreed: 0, exact: 0, refused: 0, total: 0, shown: "" };
          uses.set(feature, use);
          use.total++;
          if (refused) use.refused++;
          if (differences.length === 0) {
            if (use.agreed === 0) use.shown = `${r.area}/${r.id}`;
            use.agreed++;
            if ((golden.match ?? "exact") === "exact") use.exact++;
          } else if (use.shown === "") use.shown = `${r.area}/${r.id}`;
        }
      }
    });
  }
  return uses;
}

function verdictOf(use: Use): Verdict {
  if (use.agreed === use.total) return use.exact > 0 ? "identical" : "equivalent";
  if (use.agreed > 0) return "partial";
  return use.refused > 0 ? "refused" : "different";
}

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** docs/fidelity.md. */
export function fidelityMatrix(cases: readonly PlayedCase[], commands: readonly Command[]): string {
  const byName = new Map(commands.flatMap((c) => [c.name, ...(c.aliases ?? [])].map((name) => [name, c] as const)));
  const wanted = new Set([...byName.keys(), ...cases.flatMap(({ r }) => r.missing.flatMap((m) => /the command '([^'/]+)'/.exec(m)?.[1] ?? []))]);
  const uses = count(cases, wanted);
  const out = [
    "# Fidelity",
    "",
    "Made by `npm run -s packetwalk -- conformance --fidelity test/conformance > docs/fidelity.md`. Do not edit.",
    "",
    "Recorded cases were played in the engine and compared with what real machines printed. A use is one step of a case. A step whose line holds several",
    "commands counts for each of them, and what went wrong earlier in a case makes later steps differ: a difference may be another command's.",
    "",
    "* **identical**: every use agrees byte for byte, after the masking that test/conformance/README.md describes.",
    "* **equivalent**: every use agrees, in cases that compare the exit status only, or lines in any order.",
    "* **partial**: some uses agree. **refused**: the emulator says that it is not there. **different**: it is there and prints something else.",
    "",
    "## Areas",
    "",
    "| area | cases | steps |",
    "| --- | --- | --- |",
    ...summarise(cases.map(({ r }) => r)).map((a) => `| ${a.area} | ${a.passed} of ${a.cases} | ${a.stepsAgreed} of ${a.steps} |`),
    "",
    "## Cases that differ, and why",
    "",
    ...cases.filter(({ r }) => r.status !== "pass").map(({ c, r }) => `* ${formatCase(c, r).replace(/^FAIL (\S+)\s+/, "`$1`: ")}`),
    "",
    "## Commands",
  ];
  const names = [...wanted].filter((name) => byName.get(name) === undefined || byName.get(name)!.name === name).sort(byCodeUnit);
  for (const name of names) out.push("", ...sectionOf(name, byName.get(name), uses));
  return `${out.join("\n")}\n`;
}

function sectionOf(name: string, command: Command | undefined, uses: ReadonlyMap<string, Use>): string[] {
  const mine = [name, ...(command?.aliases ?? [])];
  const rows = [...uses].filter(([feature]) => mine.includes(feature.split(" ")[0]!)).sort(([a], [b]) => byCodeUnit(a, b));
  const out = [`### ${name}`, "", command === undefined ? "Not emulated." : `${command.man.summary}.`];
  if (rows.length > 0) out.push("", "| use | verdict | agree | shown by |", "| --- | --- | --- | --- |", ...rows.map(([feature, use]) => `| \`${cell(feature)}\` | ${verdictOf(use)} | ${use.agreed} of ${use.total} | ${use.shown} |`));
  else if (command !== undefined) out.push("", "No recorded case uses it; its tests compare it with the real tool.");
  if (command !== undefined && command.man.notEmulated.length > 0) out.push("", "Not emulated:", "", ...command.man.notEmulated.map((line) => `* ${line}`));
  return out;
}
