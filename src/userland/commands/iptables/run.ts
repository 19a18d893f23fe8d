/** What each command of iptables does: iptables/nft.c. */
import type { Chain, Rule } from "../../../kernel/netfilter/core.ts";
import type { NfResult } from "../../../kernel/netfilter/control.ts";
import type { RuleSpec, XtRule } from "../../../kernel/netfilter/types.ts";
import { type Errno, strerror } from "../../../kernel/errno.ts";
import type { Process } from "../../process.ts";
import { EXIT, Fail, wrong } from "./fail.ts";
import type { Parsed } from "./parse.ts";
import type { Tables } from "./tables.ts";
import { countText, type ListFormat, listHeader, listRule, saveRule } from "./text.ts";

const NO_CHAIN = "No chain/target/match by that name.";
const NO_RULE = "Bad rule (does a matching rule exist in that chain?).";

function short(text: string): never {
  throw new Fail(text, EXIT.OTHER, "short");
}

function refused(what: string, errno: Errno, where: string): never {
  if (errno === "ENOENT") return short(NO_CHAIN);
  throw new Fail(` ${what} failed (${strerror(errno)}): ${where}`, EXIT.RESOURCE, "full");
}

const specOf = (chain: string, xt: XtRule): RuleSpec => ({ xt, text: () => saveRule(chain, xt) });

/** Runs one command in a table. @returns what goes to standard output. Throws a Fail. */
export function run(proc: Process, c: Parsed, t: Tables): string {
  const { nf } = t.ns;
  switch (c.verb) {
    case "A": case "I": case "R": case "D": case "C":
      return rules(c, t);
    case "L":
      return list(proc, c, t);
    case "S":
      return specs(c, t);
    case "F":
      if (c.chain !== "") nf.flushChain(t.find(c.chain) ?? builtinOrFail(t, c.chain));
      else for (const x of t.table?.chains.values() ?? []) nf.flushChain(x);
      return "";
    case "Z":
      zero(c, t);
      return "";
    case "N":
      if (t.isBuiltin(c.chain) || t.find(c.chain) !== undefined) short("Chain already exists.");
      nf.addChain(nf.addTable("ip", t.name), c.chain);
      return "";
    case "X":
      return remove(c, t);
    case "E": {
      const chain = t.find(c.chain);
      if (chain === undefined || t.isBuiltin(c.chain)) return short(NO_CHAIN);
      if (t.isBuiltin(c.newName) || !nf.renameChain(chain, c.newName).ok) short("File exists.");
      return "";
    }
    case "P":
      return policy(c, t);
    default:
      return "";
  }
}

function builtinOrFail(t: Tables, name: string): Chain {
  return t.obtain(name) ?? short(NO_CHAIN);
}

function policy(c: Parsed, t: Tables): string {
  if (!t.isBuiltin(c.chain)) short("Bad built-in chain name.");
  if (c.policy !== "ACCEPT" && c.policy !== "DROP") short("Bad policy name. Run `dmesg' for more information.");
  t.obtain(c.chain)!.policy = c.policy === "DROP" ? "drop" : "accept";
  return "";
}

// -- rules ------------------------------------------------------------------------------------------------------------

function rules(c: Parsed, t: Tables): string {
  const { nf } = t.ns;
  if (c.jump !== undefined) {
    if (t.isBuiltin(c.jump) || t.find(c.jump) === undefined) wrong(`Chain '${c.jump}' does not exist`);
  }
  if (c.verb === "D" || c.verb === "C") {
    if (c.verb === "D" && c.number !== undefined) return deleteAt(c, t);
    const chain = t.find(c.chain);
    for (const r of c.rules) {
      const rule = chain?.rules.find((x) => x.spec.xt !== undefined && saveRule(c.chain, x.spec.xt) === saveRule(c.chain, r));
      if (chain === undefined && !t.isBuiltin(c.chain)) short(NO_CHAIN);
      if (rule === undefined) short(NO_RULE);
      if (c.verb === "D") nf.deleteRule(rule!);
    }
    return "";
  }
  const chain = c.verb === "R" ? t.find(c.chain) : t.obtain(c.chain);
  if (chain === undefined) return short(NO_CHAIN);
  for (const r of c.rules) {
    const spec = specOf(c.chain, r);
    const where = `rule in chain ${c.chain}`;
    if (c.verb === "A") check(nf.addRule(chain, spec), "RULE_APPEND", where);
    else if (c.verb === "I") {
      if (c.number! > chain.rules.length + 1) short("Index of insertion too big.");
      check(nf.addRule(chain, spec, c.number! - 1), "RULE_INSERT", where);
    } else {
      if (c.number! > chain.rules.length) short("Index of replacement too big.");
      check(nf.replaceRule(chain, c.number! - 1, spec), "RULE_REPLACE", where);
    }
  }
  return "";
}

function check(r: NfResult<Rule>, what: string, where: string): void {
  if (!r.ok) refused(what, r.error, where);
}

function deleteAt(c: Parsed, t: Tables): string {
  const chain = t.find(c.chain);
  if (chain === undefined) return short(NO_CHAIN);
  const rule = chain.rules[c.number! - 1];
  if (rule === undefined) return short("Index of deletion too big.");
  t.ns.nf.deleteRule(rule);
  return "";
}

function zero(c: Parsed, t: Tables): void {
  const { nf } = t.ns;
  if (c.chain === "") {
    for (const x of t.table?.chains.values() ?? []) nf.zero(x);
    return;
  }
  const chain = t.find(c.chain) ?? builtinOrFail(t, c.chain);
  if (c.number === undefined) return nf.zero(chain);
  const rule = chain.rules[c.number - 1];
  if (rule === undefined) short("Index of zeroing too big.");
  nf.zero(chain, rule);
}

function remove(c: Parsed, t: Tables): string {
  const { nf } = t.ns;
  if (c.chain !== "") {
    const chain = t.find(c.chain);
    if (chain === undefined) return short(NO_CHAIN);
    const r = nf.deleteChain(chain);
    if (!r.ok) refused("CHAIN_DEL", r.error, `chain ${c.chain}`);
    return "";
  }
  for (const chain of t.users()) {
    const r = nf.deleteChain(chain);
    if (!r.ok) refused("CHAIN_DEL", r.error, `chain ${chain.name}`);
  }
  return "";
}

// -- listings ---------------------------------------------------------------------------------------------------------

const ZERO = { packets: 0, bytes: 0 };

function known(c: Parsed, t: Tables): { name: string; chain: Chain | undefined; builtin: boolean }[] {
  if (c.chain === "") return t.all();
  const one = t.all().find((x) => x.name === c.chain);
  if (one === undefined) throw new Fail(`chain \`${c.chain}' in table \`${t.name}' is incompatible, use 'nft' tool.`, EXIT.OTHER, "full");
  return [one];
}

function list(proc: Process, c: Parsed, t: Tables): string {
  const f: ListFormat = { numeric: c.numeric, verbose: c.verbose, exact: c.exact, lineNumbers: c.lineNumbers };
  const out: string[] = [];
  for (const { name, chain, builtin } of known(c, t)) {
    if (c.number !== undefined) {
      const rule = chain?.rules[c.number - 1];
      if (rule?.spec.xt !== undefined) out.push(listRule(rule.spec.xt, rule.counter ?? ZERO, c.number, f, proc));
      continue;
    }
    const counts = chain?.counter ?? ZERO;
    const extra = builtin
      ? `policy ${chain?.policy === "drop" ? "DROP" : "ACCEPT"}${c.verbose ? ` ${countText(counts.packets, true).trim()} packets, ${countText(counts.bytes, true).trim()} bytes` : ""}`
      : `${t.ns.nf.references(chain!)} references`;
    let s = `Chain ${name} (${extra})\n${listHeader(f)}`;
    for (const [i, rule] of (chain?.rules ?? []).entries()) if (rule.spec.xt !== undefined) s += listRule(rule.spec.xt, rule.counter ?? ZERO, i + 1, f, proc);
    out.push(s);
  }
  if (c.zero) zero(c, t);
  return out.join(c.number === undefined ? "\n" : "");
}

function specs(c: Parsed, t: Tables): string {
  const chains = known(c, t);
  let s = "";
  const counted = (n: { packets: number; bytes: number }): string => (c.verbose ? ` -c ${n.packets} ${n.bytes}` : "");
  if (c.number === undefined) {
    for (const { name, chain, builtin } of chains) if (builtin) s += `-P ${name} ${chain?.policy === "drop" ? "DROP" : "ACCEPT"}${counted(chain?.counter ?? ZERO)}\n`;
    for (const { name, builtin } of chains) if (!builtin) s += `-N ${name}\n`;
  }
  for (const { name, chain } of chains) {
    for (const [i, rule] of (chain?.rules ?? []).entries()) {
      if ((c.number === undefined || c.number === i + 1) && rule.spec.xt !== undefined) s += `${saveRule(name, rule.spec.xt, c.verbose ? (rule.counter ?? ZERO) : undefined)}\n`;
    }
  }
  if (c.zero) zero(c, t);
  return s;
}

/** One table as iptables-save writes it, "" when nobody made it. */
export function saveTable(t: Tables, counters: boolean): string {
  if (t.table === undefined) return "";
  let s = `*${t.name}\n`;
  const chains = t.all();
  for (const { name, chain, builtin } of chains) {
    const n = chain?.counter ?? ZERO;
    s += `:${name} ${builtin ? (chain?.policy === "drop" ? "DROP" : "ACCEPT") : "-"} [${n.packets}:${n.bytes}]\n`;
  }
  for (const { name, chain } of chains) {
    for (const rule of chain?.rules ?? []) {
      if (rule.spec.xt === undefined) continue;
      const n = rule.counter ?? ZERO;
      s += `${counters ? `[${n.packets}:${n.bytes}] ` : ""}${saveRule(name, rule.spec.xt)}\n`;
    }
  }
  return `${s}COMMIT\n`;
}
