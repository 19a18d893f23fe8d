/** nft: tables, chains, rules, sets and maps of nf_tables. nftables 1.0.6 as Debian 12 has it; what it does not know it refuses. */
import { decodeUtf8 } from "../../base/bytes.ts";
import { type Errno, strerror } from "../../kernel/errno.ts";
import { type Chain, Counter, type Rule, type Table } from "../../kernel/netfilter/core.ts";
import { type NftElement, nftSets, type NftSet, type NftValue } from "../../kernel/netfilter/nft.ts";
import type { Family, RuleSpec } from "../../kernel/netfilter/types.ts";
import { SECOND } from "../../sim/time.ts";
import { defineCommand, notEmulated } from "../command.ts";
import type { Process, Run } from "../process.ts";
import { NftError, type Token } from "./nft/lexer.ts";
import { NotHere, Reader } from "./nft/parse.ts";
import { type Format, Printer } from "./nft/print.ts";

const processing = (errno: Errno): string => `Could not process rule: ${strerror(errno)}`;

class Tool {
  private readonly proc: Process;
  private readonly r: Reader;
  private readonly printer: Printer;
  out = "";

  constructor(proc: Process, text: string, f: Format) {
    this.proc = proc;
    this.r = new Reader(proc, text);
    this.printer = new Printer(proc, f);
  }

  private get nf() {
    return this.proc.netns.nf;
  }

  /** Runs all commands of the input. Throws NftError or NotHere. */
  run(): void {
    for (;;) {
      this.r.skipLines();
      if (this.r.peek.kind === "end") return;
      this.command();
      const t = this.r.peek;
      if (t.kind !== "newline" && t.kind !== "end") throw this.r.syntax(t);
    }
  }

  private command(): void {
    const { r } = this;
    const t = r.peek;
    if (t.kind !== "word") throw r.syntax(t);
    switch (t.text) {
      case "define":
        r.next();
        return r.define();
      case "table":
        r.next();
        return this.tableBlock(true);
      case "add": case "create": case "insert": case "replace":
        r.next();
        return this.add(t);
      case "delete": case "destroy":
        r.next();
        return this.remove();
      case "list":
        r.next();
        return this.list();
      case "flush":
        r.next();
        return this.flush();
      case "get":
        r.next();
        return this.getElement(t);
      case "reset": {
        r.next();
        const what = r.word().text;
        if (what !== "counters") throw new NotHere(`nft reset ${what}`);
        while (!r.atEnd) r.next();
        for (const table of this.nf.tables) for (const o of table.objects.values()) o.counter.packets = o.counter.bytes = 0;
        return;
      }
      case "include": case "rename": case "monitor": case "describe": case "export": case "import":
        throw new NotHere(`nft ${t.text}`);
      default: {
        r.next();
        throw r.syntax(r.peek, "string");
      }
    }
  }

  // -- names --------------------------------------------------------------------------------------------------------

  private tableName(): { family: Family; name: Token } {
    const family = this.r.family();
    return { family, name: this.r.word() };
  }

  /** The table must be there: as the cache or as the kernel says it is not. */
  private needTable(cache: boolean): { table: Table; name: Token } {
    const { family, name } = this.tableName();
    const table = this.nf.table(family, name.text);
    if (table === undefined) throw new NftError(cache ? "No such file or directory" : processing("ENOENT"), name);
    return { table, name };
  }

  private needChain(table: Table): { chain: Chain; name: Token } {
    const name = this.r.word();
    const chain = table.chains.get(name.text);
    if (chain === undefined) throw new NftError(processing("ENOENT"), name);
    return { chain, name };
  }

  private needSet(table: Table, cache: boolean): { set: NftSet; name: Token } {
    const name = this.r.word();
    const set = table.sets.get(name.text);
    if (set === undefined) throw new NftError(cache ? "No such file or directory" : processing("ENOENT"), name);
    return { set, name };
  }

  // -- add ----------------------------------------------------------------------------------------------------------

  private add(verb: Token): void {
    const { r } = this;
    const what = r.word();
    switch (what.text) {
      case "table":
        return this.tableBlock(verb.text === "add");
      case "chain": {
        const { table } = this.needTable(true);
        const name = r.word();
        return this.chainBlock(table, name, verb.text === "create");
      }
      case "rule": {
        const { table } = this.needTable(true);
        return this.addRule(table, verb);
      }
      case "set": case "map": {
        const { table } = this.needTable(true);
        const first = r.word();
        if (["fwd", "dup", "ip", "tcp", "udp", "accept", "drop"].includes(first.text)) {
          const e = new NftError(`syntax error, unexpected ${first.text}, expecting string`, first);
          const brace = r.lastBrace();
          if (brace !== undefined) e.more = new NftError("syntax error, unexpected '}'", brace);
          throw e;
        }
        if (!r.is("{")) throw r.syntax(r.peek, "'{'");
        return this.addSet(table, what.text, first, verb.text === "create");
      }
      case "element": {
        const { table } = this.needTable(true);
        const { set } = this.needSet(table, true);
        for (const e of r.elements(set)) this.addElement(set, e, verb.text === "create");
        return;
      }
      case "counter": {
        const { table } = this.needTable(true);
        this.addCounter(table, r.word());
        return;
      }
      default:
        if (["quota", "limit", "ct", "flowtable", "secmark", "synproxy"].includes(what.text)) throw new NotHere(`nft add ${what.text}`);
        // "add ip t c ..." is a rule
        throw r.syntax(what);
    }
  }

  private addCounter(table: Table, name: Token): void {
    const { r } = this;
    const counter = new Counter();
    if (r.accept("{")) {
      r.skipLines();
      if (r.accept("packets")) counter.packets = r.number();
      if (r.accept("bytes")) counter.bytes = r.number();
      r.skipLines();
      r.expect("}");
    }
    if (!table.objects.has(name.text)) table.objects.set(name.text, { kind: "counter", name: name.text, handle: table.nextHandle++, counter });
  }

  /** "table ip t { ... }" */
  private tableBlock(mayExist: boolean): void {
    const { r } = this;
    const { family, name } = this.tableName();
    if (!mayExist && this.nf.table(family, name.text) !== undefined) {
      throw new NftError(processing("EEXIST"), name);
    }
    const table = this.nf.addTable(family, name.text);
    if (!r.accept("{")) return;
    const rules: (() => void)[] = [];
    for (;;) {
      r.skipLines();
      if (r.accept("}")) break;
      const what = r.next();
      if (what.text === "chain") {
        const chain = r.word();
        this.chainBlock(table, chain, false, rules);
      } else if (what.text === "set" || what.text === "map") this.addSet(table, what.text, r.word(), false);
      else if (what.text === "comment") table.comment = r.next().text;
      else if (what.text === "counter") this.addCounter(table, r.word());
      else if (what.text === "flags") r.word();
      else throw r.syntax(what);
    }
    // Rules last: they may lead to chains that stand below them.
    const at = r.at;
    for (const add of rules) add();
    r.at = at;
  }

  private chainBlock(table: Table, name: Token, exclusive: boolean, later?: (() => void)[]): void {
    const { r } = this;
    let chain = table.chains.get(name.text);
    if (chain !== undefined && exclusive) throw new NftError(processing("EEXIST"), name);
    const make = (): Chain => (chain ??= this.nf.addChain(table, name.text));
    if (!r.accept("{")) {
      make();
      return;
    }
    for (;;) {
      r.skipLines();
      if (r.accept("}")) break;
      if (r.peek.kind === "end") throw r.syntax(r.peek);
      if (r.is("type")) {
        r.next();
        const spec = r.chainSpec();
        if (!r.atEnd) throw r.syntax(r.peek);
        if (chain === undefined) chain = this.nf.addChain(table, name.text, spec, "accept");
      } else if (r.is("policy")) {
        r.next();
        const p = r.word();
        make().policy = p.text === "drop" ? "drop" : "accept";
      } else if (r.is("comment")) {
        r.next();
        make().comment = r.next().text;
      } else {
        const c = make();
        const from = r.at;
        // Read once for its syntax, and again when all chains and sets are there.
        r.familyOfRule = table.family;
        r.rule({ table: () => table });
        const add = (): void => {
          r.at = from;
          this.appendRule(c);
        };
        if (later === undefined) {
          const at = r.at;
          add();
          r.at = at;
        } else later.push(add);
      }
    }
    make();
  }

  private spec(table: Table): { spec: RuleSpec; places: readonly Token[] } {
    const { r, printer } = this;
    r.familyOfRule = table.family;
    const { stmts, comment } = r.rule({ table: () => table });
    return { spec: { nft: stmts, text: () => printer.statements(stmts), ...(comment !== undefined && { comment }) }, places: r.chainPlaces };
  }

  private refuse(table: Table, places: readonly Token[], errno: Errno, from: Token, to: Token): never {
    const missing = errno === "ENOENT" ? places.find((p) => !table.chains.has(p.text) && !table.sets.has(p.text)) : undefined;
    throw missing === undefined ? new NftError(processing(errno), from, to) : new NftError(processing(errno), missing);
  }

  private appendRule(chain: Chain): void {
    const first = this.r.peek;
    const { spec, places } = this.spec(chain.table);
    const made = this.nf.addRule(chain, spec);
    if (!made.ok) this.refuse(chain.table, places, made.error, first, first);
  }

  private addRule(table: Table, verb: Token): void {
    const { r } = this;
    const { chain, name } = this.needChain(table);
    let at: number | undefined;
    if (r.is("handle") || r.is("position") || r.is("index")) {
      const how = r.next().text;
      const number = r.peek;
      const n = r.number();
      at = how === "index" ? n : chain.rules.findIndex((x) => x.handle === n);
      if (at < 0 || at >= chain.rules.length) throw new NftError(processing("ENOENT"), number);
    }
    const { spec, places } = this.spec(table);
    const last = { ...name, end: r.peek.end, text: "" };
    const result = verb.text === "replace" ? this.nf.replaceRule(chain, at ?? 0, spec) : verb.text === "insert" ? this.nf.addRule(chain, spec, at ?? 0) : this.nf.addRule(chain, spec, at === undefined ? chain.rules.length : at + 1);
    if (!result.ok) this.refuse(table, places, result.error, verb, last);
  }

  private addSet(table: Table, kind: "set" | "map", name: Token, exclusive: boolean): void {
    const { r } = this;
    const open = r.expect("{");
    let set: NftSet;
    try {
      set = r.setBlock(kind, name.text);
    } catch (e) {
      const brace = r.lastBrace();
      if (e instanceof NftError && e.text.startsWith("unknown datatype") && brace !== undefined) e.more = new NftError("set definition does not specify key", open, { ...brace, end: brace.start - 1 });
      throw e;
    }
    if (set.types.length === 0) throw new NftError("set definition does not specify key", open);
    const old = table.sets.get(name.text);
    if (old !== undefined) {
      if (exclusive) throw new NftError(processing("EEXIST"), name);
      for (const e of set.elements) this.addElement(old, e, false);
      return;
    }
    set.handle = table.nextHandle++;
    const elements = set.elements;
    set.elements = [];
    table.sets = new Map(table.sets).set(name.text, set);
    for (const e of elements) this.addElement(set, e, false);
  }

  private addElement(set: NftSet, e: NftElement, exclusive: boolean): void {
    const [from, to] = this.r.places.get(e) ?? [this.r.peek, this.r.peek];
    const interval = set.flags.includes("interval");
    const ranged = e.parts.some((p) => p.k === "range" || (p.k === "prefix" && p.len < 32));
    if (ranged && !interval) throw new NftError(`You must add 'flags interval' to your set declaration if you want to add ${e.parts.some((p) => p.k === "prefix") ? "prefix" : "range"} elements`, from, to);
    if (interval && set.types.length === 1) {
      const [lo, hi] = ends(e.parts[0]!);
      const clash = set.elements.find((x) => {
        const [a, b] = ends(x.parts[0]!);
        return a <= hi && lo <= b;
      });
      if (clash !== undefined && (exclusive || JSON.stringify(clash.parts) !== JSON.stringify(e.parts))) throw new NftError("interval overlaps with an existing one", from, to);
    }
    const same = set.elements.findIndex((x) => JSON.stringify(x.parts) === JSON.stringify(e.parts));
    if (same >= 0) {
      if (exclusive || (e.data !== undefined && JSON.stringify(set.elements[same]!.data) !== JSON.stringify(e.data))) throw new NftError(processing("EEXIST"), from, to);
      return;
    }
    if (set.size !== undefined && set.elements.length >= set.size) throw new NftError(processing("EMFILE"), from, to);
    const timeout = e.timeout ?? set.timeout;
    if (timeout !== undefined) {
      e.timeout = timeout;
      e.expires = this.proc.now + timeout * SECOND;
    }
    set.elements = [...set.elements, e];
  }

  // -- delete, flush ------------------------------------------------------------------------------------------------

  private remove(): void {
    const { r } = this;
    const what = r.word();
    switch (what.text) {
      case "table":
        return this.nf.deleteTable(this.needTable(false).table);
      case "chain": {
        const { table } = this.needTable(false);
        const { chain, name } = this.needChain(table);
        if (this.nf.references(chain) > 0) throw new NftError(processing("EBUSY"), name);
        this.nf.flushChain(chain);
        this.nf.deleteChain(chain);
        return;
      }
      case "rule": {
        const { table } = this.needTable(false);
        const { chain } = this.needChain(table);
        if (!r.is("handle")) throw r.syntax(r.peek, "handle");
        r.next();
        const t = r.peek;
        const n = r.number();
        const rule = chain.rules.find((x) => x.handle === n);
        if (rule === undefined) throw new NftError(processing("ENOENT"), t);
        return this.nf.deleteRule(rule);
      }
      case "set": case "map": {
        const { table } = this.needTable(false);
        const { set, name } = this.needSet(table, false);
        for (const c of table.chains.values()) if (c.rules.some((x: Rule) => nftSets(x.spec.nft ?? []).includes(set.name))) throw new NftError(processing("EBUSY"), name);
        const sets = new Map(table.sets);
        sets.delete(set.name);
        table.sets = sets;
        return;
      }
      case "element": {
        const { table } = this.needTable(true);
        const { set } = this.needSet(table, true);
        const inside = r.peek;
        for (const e of r.elements(set)) {
          const at = set.elements.findIndex((x) => JSON.stringify(x.parts) === JSON.stringify(e.parts));
          const [from, to] = r.places.get(e) ?? [inside, inside];
          if (at < 0) throw new NftError(processing("ENOENT"), from, to);
          set.elements = set.elements.filter((_, i) => i !== at);
        }
        return;
      }
      case "counter": {
        const { table } = this.needTable(false);
        const name = r.word();
        if (!table.objects.delete(name.text)) throw new NftError(processing("ENOENT"), name);
        return;
      }
      default:
        throw r.syntax(what);
    }
  }

  private flush(): void {
    const { r } = this;
    const what = r.word();
    switch (what.text) {
      case "ruleset": {
        const family = r.atEnd ? undefined : r.family();
        for (const t of this.nf.tables) if (family === undefined || t.family === family) this.nf.deleteTable(t);
        return;
      }
      case "table": {
        const { table } = this.needTable(true);
        for (const c of table.chains.values()) this.nf.flushChain(c);
        return;
      }
      case "chain":
        return this.nf.flushChain(this.needChain(this.needTable(true).table).chain);
      case "set": case "map":
        this.needSet(this.needTable(true).table, true).set.elements = [];
        return;
      default:
        throw r.syntax(what);
    }
  }

  // -- list ---------------------------------------------------------------------------------------------------------

  private list(): void {
    const { r, printer } = this;
    if (r.atEnd) throw r.syntax(r.peek);
    const what = r.word();
    const each = (kind: "all" | "sets" | "maps" | "chains" | "counters"): void => {
      let only: Table | undefined;
      let family: Family | undefined;
      if (r.accept("table")) only = this.needTable(true).table;
      else if (!r.atEnd) family = r.family();
      for (const t of this.nf.tables) if ((only === undefined || t === only) && (family === undefined || t.family === family)) this.out += printer.table(t, kind);
    };
    switch (what.text) {
      case "ruleset": return each("all");
      case "tables": {
        const family = r.atEnd ? undefined : r.family();
        for (const t of this.nf.tables) if (family === undefined || t.family === family) this.out += `table ${t.family} ${t.name}\n`;
        return;
      }
      case "table":
        this.out += printer.table(this.needTable(true).table);
        return;
      case "chains": case "sets": case "maps": case "counters":
        return each(what.text);
      case "chain": {
        const { table } = this.needTable(true);
        const name = r.word();
        const chain = table.chains.get(name.text);
        if (chain === undefined) throw new NftError("No such file or directory", name);
        this.out += printer.table(table, "all", chain);
        return;
      }
      case "set": case "map": {
        const { table } = this.needTable(true);
        this.out += printer.table(table, "all", this.needSet(table, true).set);
        return;
      }
      default:
        throw new NotHere(`nft list ${what.text}`);
    }
  }

  private getElement(verb: Token): void {
    const { r } = this;
    r.expect("element");
    const { table } = this.needTable(true);
    const { set } = this.needSet(table, true);
    const wanted = r.elements(set);
    const found = set.elements.filter((x) => wanted.some((e) => JSON.stringify(e.parts) === JSON.stringify(x.parts)));
    if (found.length < wanted.length) throw new NftError(processing("ENOENT"), verb, { ...verb, end: r.peek.end });
    const shown: NftSet = { ...set, elements: found };
    const kept = table.sets;
    table.sets = new Map([[set.name, shown]]);
    this.out += this.printer.table(table, "all", shown);
    table.sets = kept;
  }
}

function ends(v: NftValue): [number, number] {
  if (v.k === "range") return [v.lo, v.hi];
  if (v.k === "prefix") return [v.addr, (v.addr | (v.len === 0 ? -1 : ~(-1 << (32 - v.len)))) >>> 0];
  return v.k === "value" && typeof v.v === "number" ? [v.v, v.v] : [0, -1];
}

/** The line, and the place under it. */
function complaint(text: string, e: NftError, file: string | undefined): string {
  const line = text.split("\n")[e.from.line] ?? "";
  const [start, end] = [e.from.start, Math.max(e.to.line === e.from.line ? e.to.end : e.from.end, e.from.start + 1)];
  const rest = e.more === undefined ? "" : complaint(text, e.more, file);
  const where = file === undefined ? "" : `${file}:${e.from.line + 1}:${start + 1}-${end}: `;
  return `${where}Error: ${e.text}\n${line}\n${line.slice(0, start).replace(/[^\t]/g, " ")}${"^".repeat(end - start)}\n${rest}`;
}

export const nft = defineCommand({
  name: "nft",
  dir: "/usr/sbin",
  man: {
    summary: "look after the packet filter: tables, chains, rules, sets and maps",
    synopsis: ["nft [-a] [-n] [-s] [-y] [-c] command", "nft [-c] -f file|-"],
    emulated: [
      "add, create, insert, replace, delete, list, flush, get: table, chain, rule, set, map, element, counter, ruleset; families ip and inet (for IPv4 packets)",
      "matches: ip, tcp, udp, th, icmp, ether, meta, ct, fib type; ranges, prefixes, sets, concatenations, masks; vmap, map",
      "statements: verdicts, counter, limit, log, reject, snat, dnat, masquerade, redirect, meta mark set, ct mark set, ip ttl set, ip dscp set, numgen, add/update @set, notrack, comment",
      "files: define, comments, all of a file or nothing",
    ],
    notEmulated: ["families ip6, arp, bridge, netdev", "-j but for list tables, -i, -I; monitor, rename, include", "quota, queue, meter, flowtable, tproxy, synproxy, jhash, socket, rt"],
    examples: ["nft list ruleset", "nft add table ip t", "nft add chain ip t in '{ type filter hook input priority 0; policy accept; }'", "nft add rule ip t in tcp dport 22 accept"],
  },
  *run(proc, args): Run<number> {
    const f: Format = { handles: false, numeric: false, stateless: false, numericPriority: false };
    let file: string | undefined;
    let check = false;
    let json = false;
    const words: string[] = [];
    for (let i = 0; i < args.length; i++) {
      const a = args[i]!;
      if (words.length > 0 || !a.startsWith("-") || a === "-") words.push(a);
      else if (a === "--handle") f.handles = true;
      else if (a === "--numeric") f.numeric = true;
      else if (a === "--stateless") f.stateless = true;
      else if (a === "--check") check = true;
      else if (a === "--json") json = true;
      else if (a === "--file") file = args[++i];
      else if (a === "--version") {
        yield* proc.print("nftables v1.0.6 (Lester Gooch #5)\n");
        return 0;
      } else if (a.startsWith("--")) {
        if (["--interactive", "--includepath", "--echo", "--reversedns", "--service", "--guid", "--numeric-protocol", "--numeric-time", "--terse", "--debug", "--define", "--optimize", "--help"].includes(a.split("=")[0]!)) return yield* notEmulated(proc, `nft ${a}`);
        yield* proc.warn(`nft: unrecognized option '${a}'\n`);
        return 1;
      } else {
        for (let k = 1; k < a.length; k++) {
          const c = a[k]!;
          if (c === "a") f.handles = true;
          else if (c === "n") f.numeric = true;
          else if (c === "s") f.stateless = true;
          else if (c === "y") f.numericPriority = true;
          else if (c === "c") check = true;
          else if (c === "j") json = true;
          else if (c === "f") {
            file = a.slice(k + 1) || args[++i];
            break;
          } else if (c === "v") {
            yield* proc.print("nftables v1.0.6 (Lester Gooch #5)\n");
            return 0;
          } else if ("iIeNSupTtdDoh".includes(c)) return yield* notEmulated(proc, `nft -${c}`);
          else {
            yield* proc.warn(`nft: invalid option -- '${c}'\n`);
            return 1;
          }
        }
      }
    }
    let text = words.join(" ");
    if (json) {
      if (text.trim() !== "list tables" || file !== undefined) return yield* notEmulated(proc, "nft -j");
      const tables = proc.netns.nf.tables.map((t) => `, {"table": {"family": "${t.family}", "name": "${t.name}", "handle": ${t.handle}}}`).join("");
      yield* proc.print(`{"nftables": [{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}}${tables}]}\n`);
      return 0;
    }
    if (file !== undefined) {
      if (file === "-") {
        text = "";
        for (;;) {
          const got = yield* proc.read(0);
          if (typeof got === "string" || got.length === 0) break;
          text += decodeUtf8(got);
        }
        file = "/dev/stdin";
      } else {
        const found = proc.machine.fs.readFile(proc, file);
        if (!found.ok) {
          yield* proc.warn(`internal:0:0-0: Error: Could not open file "${file}": ${strerror(found.error)}\n\n\n`);
          return 1;
        }
        text = decodeUtf8(found.value);
      }
    } else if (words.length === 0) {
      yield* proc.warn("nft: no command specified\n");
      return 1;
    }
    if (proc.uid !== 0) {
      yield* proc.warn("Operation not permitted (you must be root)\n");
      return 1;
    }
    const tool = new Tool(proc, text, f);
    const { nf } = proc.netns;
    const handles = nf.nextTable;
    const failure = nf.batch((): Error | "checked" | undefined => {
      try {
        tool.run();
      } catch (e) {
        if (e instanceof NftError || e instanceof NotHere) return e;
        throw e;
      }
      return check ? "checked" : undefined;
    });
    if (failure instanceof NotHere) return yield* notEmulated(proc, failure.what);
    if (failure instanceof NftError) {
      // What the parser refuses never reaches the kernel: no number is used up.
      if (!failure.text.startsWith("Could not process")) nf.nextTable = handles;
      yield* proc.warn(complaint(text, failure, file));
      return 1;
    }
    yield* proc.print(tool.out);
    return 0;
  },
});
