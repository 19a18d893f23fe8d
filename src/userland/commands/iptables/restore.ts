/** iptables-restore: iptables/xtables-restore.c. All of a table or nothing. */
import { Counter } from "../../../kernel/netfilter/core.ts";
import type { Process } from "../../process.ts";
import { EXIT, Fail } from "./fail.ts";
import { Parser } from "./parse.ts";
import { run } from "./run.ts";
import { Tables } from "./tables.ts";

export interface RestoreOptions { counters: boolean; noflush: boolean; test: boolean; table: string | undefined }

/** Words of a rule's line, quotes and backslashes taken away: add_param_to_argv(). */
export function splitRule(line: string): string[] {
  const out: string[] = [];
  let word: string | undefined;
  let quote = false;
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (quote) {
      if (c === "\\" && i + 1 < line.length) word += line[++i]!;
      else if (c === '"') quote = false;
      else word += c;
    } else if (c === '"') {
      quote = true;
      word ??= "";
    } else if (c === " " || c === "\t" || c === "\n") {
      if (word !== undefined) out.push(word);
      word = undefined;
    } else word = (word ?? "") + c;
  }
  if (word !== undefined) out.push(word);
  return out;
}

interface Block { table: string; start: number; lines: { number: number; text: string }[] }

/** Throws a Fail whose text names the line. */
export function restore(proc: Process, text: string, o: RestoreOptions): void {
  let block: Block | undefined;
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (const [i, line] of lines.entries()) {
    const number = i + 1;
    if (line === "" || line.startsWith("#") || /^\s*$/.test(line)) continue;
    if (block === undefined) {
      if (!line.startsWith("*")) throw new Fail(`line ${number} failed`, EXIT.OTHER, "short");
      block = { table: line.slice(1).trim(), start: number, lines: [] };
      continue;
    }
    if (line.trimEnd() === "COMMIT") {
      if (o.table === undefined || o.table === block.table) apply(proc, block, o);
      block = undefined;
      continue;
    }
    if (line.startsWith("*")) throw new Fail(`line ${number} failed`, EXIT.OTHER, "short");
    block.lines.push({ number, text: line });
  }
  if (block !== undefined) throw new Fail(`COMMIT expected at line ${lines.length + 1}`, EXIT.OTHER, "short");
}

function apply(proc: Process, block: Block, o: RestoreOptions): void {
  const { nf } = proc.netns;
  const failure = nf.batch((): Fail | undefined => {
    let at = block.start;
    try {
      const t = new Tables(proc.netns, block.table);
      if (!o.noflush && t.table !== undefined) nf.deleteTable(t.table);
      // Chains first: a rule may lead to one that stands below it.
      for (const { number, text } of block.lines) {
        at = number;
        if (text.startsWith(":")) declare(t, text, o);
      }
      for (const { number, text } of block.lines) {
        at = number;
        if (!text.startsWith(":")) command(proc, t, text, o);
      }
    } catch (e) {
      if (!(e instanceof Fail)) throw e;
      return e.style === "full" && e.status !== EXIT.RESOURCE
        ? new Fail(`${e.text}\nError occurred at line: ${at}`, e.status, "full")
        : new Fail(`line ${at} failed: ${e.text.replace(/^ ?RULE_\w+ failed \((.*)\): .*$/, "$1.")}`, EXIT.OTHER, e.style === "bare" ? "bare" : "short");
    }
    return o.test ? new Fail("", 0, "bare") : undefined;
  });
  if (failure !== undefined && failure.status !== 0) throw failure;
}

/** ":INPUT DROP [0:0]" */
function declare(t: Tables, line: string, o: RestoreOptions): void {
  const m = /^:(\S+)\s+(\S+)(?:\s+\[(\d+):(\d+)\])?/.exec(line);
  if (m === null) throw new Fail("invalid line", EXIT.OTHER, "short");
  const [, name, policy] = m as unknown as [string, string, string];
  const { nf } = t.ns;
  if (name.length > 28) throw new Fail(`Invalid chain name \`${name}' (28 chars max)`);
  if (t.isBuiltin(name)) {
    const chain = t.obtain(name)!;
    if (policy === "DROP" || policy === "ACCEPT") chain.policy = policy === "DROP" ? "drop" : "accept";
    if (o.counters && m[3] !== undefined) {
      chain.counter = new Counter();
      chain.counter.packets = Number(m[3]);
      chain.counter.bytes = Number(m[4]);
    }
    return;
  }
  const old = t.find(name);
  if (old !== undefined) nf.flushChain(old);
  else nf.addChain(nf.addTable("ip", t.name), name);
}

function command(proc: Process, t: Tables, line: string, o: RestoreOptions): void {
  const m = /^\[(\d+):(\d+)\]\s*(.*)$/.exec(line);
  const argv = splitRule(m === null ? line : m[3]!);
  if (m !== null && o.counters) argv.push("--set-counters", m[1]!, m[2]!);
  const parsed = new Parser(proc, argv).parse();
  if (parsed.table !== undefined && parsed.table !== t.name) throw new Fail("The -t option cannot be used in iptables-restore.\n");
  run(proc, parsed, t);
}
