/** nft's language: commands, blocks, rules. src/parser_bison.y of nftables 1.0.6, the part that is here. */
import { Counter, type Table } from "../../../kernel/netfilter/core.ts";
import { BITMASK_TYPES, NFT_FIELDS, type NftData, type NftElement, type NftScalar, type NftSet, type NftSource, type NftStmt, type NftType, type NftValue, type NftVerdict } from "../../../kernel/netfilter/nft.ts";
import { type ChainSpec, FAMILIES, type Family } from "../../../kernel/netfilter/types.ts";
import { REJECT_CODES } from "../../../kernel/netfilter/reject.ts";
import type { Process } from "../../process.ts";
import { NftError, type Token, tokens } from "./lexer.ts";
import { parseTime, scalar, TYPES } from "./values.ts";

/** Where a rule looks for sets while it is read. */
export interface Scope { table(): Table | undefined }

export interface SetDraft { set: NftSet }

const META_BARE: ReadonlySet<string> = new Set(["iif", "oif", "iifname", "oifname"]);
const META_KEYS = "length, protocol, priority, mark, iif, oif, iifname, oifname, iiftype, oiftype, skuid, skgid, nftrace, rtclassid, secmark, nfproto, l4proto, ibrname, obrname, pkttype, cpu, iifgroup, oifgroup, cgroup, random, ipsec, iifkind, oifkind, ibrpvid, ibrvproto, time, day, hour, sdif, sdifname";
const HEADERS: ReadonlySet<string> = new Set(["ip", "tcp", "udp", "th", "icmp", "ether"]);
const HOOKS: ReadonlySet<string> = new Set(["prerouting", "input", "forward", "output", "postrouting", "ingress"]);
const PRIORITIES: Readonly<Record<string, number>> = { raw: -300, mangle: -150, dstnat: -100, filter: 0, security: 50, srcnat: 100 };
/** What the kernel has and this does not. */
export class NotHere extends Error {
  readonly what: string;

  constructor(what: string) {
    super(what);
    this.what = what;
  }
}

export class Reader {
  readonly proc: Process;
  private readonly list: Token[];
  at = 0;
  readonly defines = new Map<string, Token[]>();

  constructor(proc: Process, text: string) {
    this.proc = proc;
    this.list = tokens(text);
  }

  // -- tokens -------------------------------------------------------------------------------------------------------

  get peek(): Token {
    return this.list[this.at]!;
  }
  next(): Token {
    const t = this.list[this.at]!;
    if (t.kind !== "end") this.at++;
    return t;
  }
  is(text: string): boolean {
    return this.peek.text === text && this.peek.kind !== "string" && this.peek.kind !== "end";
  }
  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }
  syntax(t: Token, expecting?: string): NftError {
    const shown = t.kind === "end" || t.kind === "newline" ? (t.text === ";" ? "semicolon" : "newline") : t.kind === "punct" ? `'${t.text}'` : t.kind === "string" ? "quoted string" : t.kind === "number" ? "number" : t.text;
    return new NftError(`syntax error, unexpected ${shown}${expecting === undefined ? "" : `, expecting ${expecting}`}`, t);
  }
  expect(text: string): Token {
    if (!this.is(text)) throw this.syntax(this.peek, text.length === 1 ? `'${text}'` : text);
    return this.next();
  }
  word(): Token {
    if (this.peek.kind !== "word") throw this.syntax(this.peek, "string");
    return this.next();
  }
  number(): number {
    if (this.peek.kind !== "number") throw this.syntax(this.peek, "number");
    return Number(this.next().text);
  }
  skipLines(): void {
    while (this.peek.kind === "newline") this.at++;
  }
  /** The last closing brace of the input. */
  lastBrace(): Token | undefined {
    return this.list.findLast((t) => t.kind === "punct" && t.text === "}");
  }
  get atEnd(): boolean {
    return this.peek.kind === "newline" || this.peek.kind === "end" || this.is("}");
  }

  /** Puts a variable's words where it stands. */
  private variable(): void {
    while (this.is("$")) {
      const name = this.list[this.at + 1]!;
      const value = this.defines.get(name.text);
      if (value === undefined) throw new NftError(`unknown identifier '${name.text}'`, name);
      this.list.splice(this.at, 2, ...value.map((t) => ({ ...t, start: name.start, end: name.end, line: name.line })));
    }
  }

  define(): void {
    const name = this.word();
    this.expect("=");
    const value: Token[] = [];
    let depth = 0;
    for (;;) {
      this.variable();
      const t = this.peek;
      if (t.kind === "end" || (t.kind === "newline" && depth === 0)) break;
      if (t.text === "{") depth++;
      if (t.text === "}") depth--;
      if (t.kind !== "newline") value.push(t);
      this.at++;
    }
    this.defines.set(name.text, value);
  }

  family(): Family {
    const t = this.peek;
    if (t.kind === "word" && (FAMILIES as readonly string[]).includes(t.text)) {
      this.at++;
      if (t.text !== "ip" && t.text !== "inet") throw new NotHere(`nft ... ${t.text}`);
      return t.text as Family;
    }
    return "ip";
  }

  // -- chains, sets -------------------------------------------------------------------------------------------------

  /** "type filter hook input priority 0; policy drop;" */
  chainSpec(): ChainSpec {
    const type = this.word();
    if (type.text !== "filter" && type.text !== "nat" && type.text !== "route") throw new NftError("unknown chain type", type);
    this.expect("hook");
    const hook = this.word();
    if (!HOOKS.has(hook.text)) throw new NftError("unknown chain hook", hook);
    if (!this.is("priority")) {
      const e = this.syntax(this.peek, "priority");
      if (this.is("}")) e.more = new NftError("syntax error, unexpected end of file", { ...this.peek, start: 0, end: 1 });
      throw e;
    }
    this.next();
    return { type: type.text, hook: hook.text as ChainSpec["hook"], priority: this.priority() };
  }

  private priority(): number {
    const sign = this.accept("-") ? -1 : 1;
    if (this.peek.kind === "number") return sign * this.number();
    const t = this.word();
    const base = PRIORITIES[t.text];
    if (base === undefined) throw new NftError(`'${t.text}' is invalid priority.`, t);
    if (this.accept("+")) return base + this.number();
    if (this.accept("-")) return base - this.number();
    return base;
  }

  private typeList(): NftType[] {
    const out: NftType[] = [];
    do {
      const t = this.word();
      if (!TYPES.has(t.text)) throw new NftError(`unknown datatype ${t.text}`, t);
      out.push(t.text as NftType);
    } while (this.accept("."));
    return out;
  }

  /** The block of a set or map, its opening brace read. */
  setBlock(kind: "set" | "map", name: string): NftSet {
    const s: NftSet = { kind, name, handle: 0, types: [], data: undefined, typeofText: undefined, flags: [], size: undefined, timeout: undefined, counter: false, comment: undefined, elements: [], anonymous: false };
    for (;;) {
      this.skipLines();
      if (this.accept("}")) break;
      const t = this.word();
      switch (t.text) {
        case "type":
          s.types = this.typeList();
          if (this.accept(":")) s.data = this.accept("verdict") ? "verdict" : this.typeList();
          break;
        case "typeof": {
          const keys = this.keys();
          s.types = keys.map((k) => NFT_FIELDS.get(k)!.type);
          s.typeofText = keys.join(" . ");
          if (this.accept(":")) {
            if (this.accept("verdict")) s.data = "verdict";
            else {
              const data = this.keys();
              s.data = data.map((k) => NFT_FIELDS.get(k)!.type);
              s.typeofText += ` : ${data.join(" . ")}`;
            }
          }
          break;
        }
        case "flags": {
          const flags: string[] = [];
          do flags.push(this.word().text);
          while (this.accept(","));
          s.flags = flags;
          break;
        }
        case "size": s.size = this.number(); break;
        case "timeout": s.timeout = this.time(); break;
        case "gc-interval": this.time(); break;
        case "counter": s.counter = true; break;
        case "comment": s.comment = this.next().text; break;
        case "auto-merge": break;
        case "policy": this.word(); break;
        case "elements":
          this.expect("=");
          s.elements = this.elements(s);
          break;
        default: throw this.syntax(t);
      }
    }
    if (s.flags.includes("dynamic") && s.size === undefined) s.size = 65535;
    return s;
  }

  private time(): number {
    const t = this.next();
    const n = parseTime(t.text);
    if (n === undefined) throw this.syntax(t);
    return n;
  }

  /** "{ a, b : verdict }" for a set that is known. */
  elements(s: NftSet): NftElement[] {
    this.variable();
    this.expect("{");
    const out: NftElement[] = [];
    for (;;) {
      this.skipLines();
      if (this.accept("}")) return out;
      out.push(this.element(s));
      this.skipLines();
      if (!this.accept(",")) {
        this.expect("}");
        return out;
      }
    }
  }

  /** First and last token of each element, for messages. */
  readonly places = new Map<NftElement, readonly [Token, Token]>();

  private element(s: NftSet): NftElement {
    const first = this.peek;
    const parts: NftValue[] = [];
    for (const [i, type] of s.types.entries()) {
      if (i > 0 && !this.accept(".")) {
        // A lone value is taken for the whole key, which it does not fill: all of it is zero then.
        parts.push({ k: "value", v: 0 });
        parts[0] = { k: "value", v: 0 };
        continue;
      }
      parts.push(this.value(type));
    }
    const last = this.list[this.at - 1]!;
    const e: NftElement = { parts };
    if (s.counter) e.counter = new Counter();
    for (;;) {
      if (this.accept("timeout")) e.timeout = this.time();
      else if (this.accept("comment")) e.comment = this.next().text;
      else if (this.accept("counter")) e.counter = this.counter();
      else if (this.accept("expires")) this.time();
      else break;
    }
    if (this.accept(":")) e.data = s.data === "verdict" ? this.verdict() : this.dataOf(s.data ?? []);
    this.places.set(e, [first, last]);
    return e;
  }

  private dataOf(types: readonly NftType[]): NftScalar[] {
    const out: NftScalar[] = [];
    for (const [i, type] of types.entries()) {
      if (i > 0) this.expect(".");
      out.push(scalar(this.proc, type, this.next()));
    }
    return out;
  }

  private counter(): Counter {
    const c = new Counter();
    if (this.accept("packets")) c.packets = this.number();
    if (this.accept("bytes")) c.bytes = this.number();
    return c;
  }

  // -- values -------------------------------------------------------------------------------------------------------

  /** A value, a range, a prefix, or a beginning of names. */
  value(type: NftType, max?: number): NftValue {
    this.variable();
    const t = this.next();
    if (t.kind === "newline" || t.kind === "end" || (t.kind === "punct" && t.text !== "-")) throw this.syntax(t);
    if (type === "ifname" && t.text.endsWith("*")) return { k: "name", prefix: t.text.slice(0, -1) };
    const v = scalar(this.proc, type, t, max);
    if (this.is("/") && type === "ipv4_addr") {
      this.next();
      const len = this.next();
      const n = Number(len.text);
      if (n > 32) throw new NftError(`Prefix length ${n} is invalid for type of 32 bits width`, t, len);
      return { k: "prefix", addr: ((v as number) & (n === 0 ? 0 : -1 << (32 - n))) >>> 0, len: n };
    }
    if (this.is("-") && typeof v === "number") {
      this.next();
      const u = this.next();
      const hi = scalar(this.proc, type, u, max) as number;
      if (hi < v) throw new NftError("Range has zero or negative size", t, u);
      return { k: "range", lo: v, hi };
    }
    return { k: "value", v };
  }

  verdict(): NftVerdict {
    const t = this.next();
    if (t.text === "accept" || t.text === "drop" || t.text === "return" || t.text === "continue") return { verdict: t.text };
    if (t.text === "jump" || t.text === "goto") {
      const chain = this.word();
      this.chainPlaces.push(chain);
      return { verdict: t.text, chain: chain.text };
    }
    throw this.syntax(t);
  }
  /** Chains, sets and counters that the rule names, for messages. */
  chainPlaces: Token[] = [];

  // -- keys ---------------------------------------------------------------------------------------------------------

  /** "ip saddr . tcp dport" */
  keys(): string[] {
    const out = [this.key()];
    while (this.accept(".")) out.push(this.key());
    return out;
  }

  private key(): string {
    const t = this.next();
    let key = t.text;
    let last = t;
    if (t.text === "meta") {
      last = this.next();
      key = META_BARE.has(last.text) ? last.text : `meta ${last.text}`;
      if (!META_KEYS.split(", ").includes(last.text)) throw new NftError(`syntax error, unexpected ${last.text}, known keys are ${META_KEYS}`, t, last);
    } else if (HEADERS.has(t.text) || t.text === "ct") {
      last = this.next();
      key = `${t.text} ${last.text}`;
    } else if (t.text === "fib") {
      const what = this.next();
      last = this.next();
      key = `fib ${what.text} ${last.text}`;
    } else if (["mark", "l4proto", "nfproto", "pkttype", "skuid", "skgid"].includes(t.text)) key = `meta ${t.text}`;
    else if (t.text === "ip6" || t.text === "icmpv6") {
      last = this.next();
      const f = this.familyOfRule;
      if (f === "ip") throw new NftError(`conflicting protocols specified: ip vs. ${t.text}`, t, last);
      throw new NotHere(`nft ... ${t.text}`);
    } else if (!META_BARE.has(t.text)) {
      if (t.kind === "word" && this.peek.kind === "number") throw new NftError("No symbol type information", t);
      throw this.syntax(t.kind === "word" ? this.peek : t);
    }
    if (!NFT_FIELDS.has(key)) {
      if (["tcp", "udp", "ip", "icmp", "ct", "meta", "fib", "ether", "th"].includes(t.text)) throw new NotHere(`nft ... ${key}`);
      throw this.syntax(last);
    }
    return key;
  }
  familyOfRule: Family = "ip";

  // -- rules --------------------------------------------------------------------------------------------------------

  /** A rule's statements up to the end of its line. */
  rule(scope: Scope): { stmts: NftStmt[]; comment: string | undefined } {
    const stmts: NftStmt[] = [];
    let comment: string | undefined;
    this.chainPlaces = [];
    while (!this.atEnd) {
      if (this.accept("comment")) comment = this.next().text;
      else stmts.push(this.statement(scope));
    }
    return { stmts, comment };
  }

  private statement(scope: Scope): NftStmt {
    this.variable();
    const t = this.peek;
    switch (t.kind === "word" ? t.text : "") {
      case "accept": case "drop": case "return": case "continue": case "jump": case "goto":
        return { s: "verdict", v: this.verdict() };
      case "counter": {
        this.next();
        if (this.accept("name")) {
          const name = this.next();
          this.chainPlaces.push(name);
          const o = scope.table()?.objects.get(name.text);
          if (o === undefined) throw new NftError("Could not process rule: No such file or directory", name);
          return { s: "counter", counter: o.counter, name: o.name };
        }
        return { s: "counter", counter: this.counter() };
      }
      case "limit": return this.limit();
      case "log": {
        this.next();
        let prefix = "";
        let level = "";
        for (;;) {
          if (this.accept("prefix")) prefix = this.next().text;
          else if (this.accept("level")) level = this.word().text;
          else break;
        }
        return { s: "log", prefix, level };
      }
      case "reject": return this.reject();
      case "masquerade": case "redirect": case "snat": case "dnat": return this.nat(scope);
      case "notrack":
        this.next();
        return { s: "notrack" };
      case "add": case "update": case "delete": return this.dynset();
      case "numgen": {
        const from = this.numgen();
        this.expect("vmap");
        return { s: "vmap", from, set: this.mapRef(scope, ["integer"], "verdict") };
      }
      case "quota": case "queue": case "dup": case "fwd": case "tproxy": case "synproxy": case "flow": case "meter": case "socket": case "rt": case "osf": case "jhash": case "symhash": case "exthdr": case "vlan": case "arp":
        throw new NotHere(`nft ... ${t.text}`);
      default: return this.expression(scope);
    }
  }

  private limit(): NftStmt {
    this.next();
    this.expect("rate");
    const over = this.accept("over");
    const rate = this.number();
    this.expect("/");
    const unit = this.word();
    if (!["second", "minute", "hour", "day", "week"].includes(unit.text)) throw new NotHere(`nft limit rate .../${unit.text}`);
    let burst = 5;
    if (this.accept("burst")) {
      burst = this.number();
      this.expect("packets");
    }
    return { s: "limit", rate, unit: unit.text, over, burst };
  }

  private reject(): NftStmt {
    this.next();
    if (!this.accept("with")) return { s: "reject", with: "icmp-port-unreachable", shown: "" };
    const kind = this.word();
    if (kind.text === "tcp") {
      this.expect("reset");
      return { s: "reject", with: "tcp-reset", shown: "tcp reset" };
    }
    this.accept("type");
    const name = this.word().text;
    const full = `icmp-${name.replace(/^prot-/, "proto-")}`;
    if ((kind.text !== "icmp" && kind.text !== "icmpx") || REJECT_CODES[full] === undefined) throw new NotHere(`nft reject with ${kind.text} ${name}`);
    return { s: "reject", with: full, shown: name === "port-unreachable" && kind.text === "icmp" ? "" : `${kind.text} ${name}` };
  }

  private numgen(): NftSource {
    this.next();
    const how = this.word().text as "inc" | "random";
    this.expect("mod");
    const mod = this.number();
    const offset = this.accept("offset") ? this.number() : 0;
    return { numgen: how, mod, offset };
  }

  private nat(scope: Scope): NftStmt {
    const type = this.next().text as "snat" | "dnat" | "masquerade" | "redirect";
    const family = this.accept("ip");
    let addr: NftData | undefined;
    let port: NftData | undefined;
    if (this.accept("to")) {
      this.variable();
      if (this.peek.kind === "ip") {
        const v = this.value("ipv4_addr");
        addr = v.k === "range" ? v : { k: "value", v: (v as { v: NftScalar }).v };
      } else if (!this.is(":")) addr = this.mapData(scope, family);
      if (this.accept(":")) {
        if (this.peek.kind === "number") {
          const v = this.value("inet_service");
          port = v.k === "range" ? v : { k: "value", v: (v as { v: NftScalar }).v };
        } else port = this.mapData(scope, false);
      }
    }
    const flags: string[] = [];
    while (["random", "fully-random", "persistent"].includes(this.peek.text)) {
      flags.push(this.next().text);
      this.accept(",");
    }
    return { s: "nat", type, flags, family, ...(addr !== undefined && { addr }), ...(port !== undefined && { port }) };
  }

  private mapData(scope: Scope, _pair: boolean): NftData {
    const from: NftSource = this.is("numgen") ? this.numgen() : { keys: this.keys() };
    this.expect("map");
    const types = "keys" in from ? from.keys.map((k) => NFT_FIELDS.get(k)!.type) : (["integer"] as NftType[]);
    return { k: "map", from, set: this.mapRef(scope, types, ["ipv4_addr"]) };
  }

  /** "@name" or "{ ... }". */
  private mapRef(_scope: Scope, types: readonly NftType[], data: NftSet["data"]): string | NftSet {
    this.variable();
    if (this.accept("@")) {
      const name = this.word();
      this.chainPlaces.push(name);
      return name.text;
    }
    const s: NftSet = { kind: data === undefined ? "set" : "map", name: "", handle: 0, types, data, typeofText: undefined, flags: [], size: undefined, timeout: undefined, counter: false, comment: undefined, elements: [], anonymous: true };
    s.elements = this.elements(s);
    this.written = s.elements.length;
    s.elements = s.elements.filter((e, i) => s.elements.findIndex((x) => JSON.stringify(x.parts) === JSON.stringify(e.parts)) === i);
    return s;
  }
  /** How many elements the last anonymous set had as it was written. */
  private written = 0;

  private dynset(): NftStmt {
    const op = this.next().text as "add";
    this.expect("@");
    const set = this.word();
    this.chainPlaces.push(set);
    this.expect("{");
    const keys = this.keys();
    let timeout: number | undefined;
    let counter = false;
    for (;;) {
      if (this.accept("timeout")) timeout = this.time();
      else if (this.accept("counter")) counter = true;
      else break;
    }
    this.expect("}");
    return { s: "dynset", op, set: set.text, keys, counter, timeout };
  }

  private expression(scope: Scope): NftStmt {
    const keys = this.keys();
    const field = NFT_FIELDS.get(keys[0]!)!;
    const types = keys.map((k) => NFT_FIELDS.get(k)!.type);
    this.variable();
    if (this.accept("vmap")) return { s: "vmap", from: { keys }, set: this.mapRef(scope, types, "verdict") };
    if (this.accept("set")) return this.setStatement(keys[0]!);
    let mask: number | undefined;
    if (this.accept("&") || this.accept("and")) mask = this.bits(field.type);
    let op: "==" | "!=" | "<" | ">" | "<=" | ">=" = "==";
    let implicit = true;
    for (const [text, o] of [["==", "=="], ["eq", "=="], ["!=", "!="], ["ne", "!="], ["<=", "<="], ["le", "<="], [">=", ">="], ["ge", ">="], ["<", "<"], ["lt", "<"], [">", ">"], ["gt", ">"]] as const) {
      if (!this.accept(text)) continue;
      op = o;
      implicit = o === "!=";
      break;
    }
    this.variable();
    if (this.is("{") || this.is("@")) {
      const set = this.mapRef(scope, types, undefined);
      if (typeof set !== "string" && this.written === 1 && keys.length === 1) return { s: "match", keys, op, implicit: true, values: [set.elements[0]!.parts[0]!], list: false };
      return { s: "lookup", keys, neg: op === "!=", set };
    }
    if (keys.length > 1) {
      const s: NftSet = { kind: "set", name: "", handle: 0, types, data: undefined, typeofText: undefined, flags: [], size: undefined, timeout: undefined, counter: false, comment: undefined, elements: [], anonymous: true };
      s.elements = [this.element(s)];
      return { s: "lookup", keys, neg: op === "!=", set: s };
    }
    const max = keys[0] === "ip ttl" ? 255 : undefined;
    if (mask !== undefined) return { s: "match", keys, op, mask, implicit: false, values: [{ k: "value", v: this.bits(field.type) }], list: false };
    const values = [this.value(field.type, max)];
    if (field.type === "tcp_flag" && this.accept("/")) {
      const m = this.flagList(field.type);
      return { s: "match", keys, op, mask: m, implicit: false, values, list: false };
    }
    while (BITMASK_TYPES.has(field.type) && (this.accept(",") || this.accept("|"))) values.push(this.value(field.type));
    if (field.type === "tcp_flag" && this.accept("/")) {
      const cmp = values.reduce((n, v) => n | (v as { v: number }).v, 0);
      return { s: "match", keys, op, mask: this.flagList(field.type), implicit: false, values: [{ k: "value", v: cmp }], list: false };
    }
    return { s: "match", keys, op, implicit, values, list: values.length > 1 };
  }

  private flagList(type: NftType): number {
    let n = 0;
    do n |= scalar(this.proc, type, this.next()) as number;
    while (this.accept(",") || this.accept("|"));
    return n >>> 0;
  }

  /** "0x4000", "(syn|ack)", "syn" */
  private bits(type: NftType): number {
    if (this.accept("(")) {
      const n = this.flagList(type);
      this.expect(")");
      return n;
    }
    if (type === "tcp_flag") return this.flagList(type);
    return scalar(this.proc, type, this.next()) as number;
  }

  private setStatement(key: string): NftStmt {
    if (!["meta mark", "ct mark", "ip ttl", "ip dscp"].includes(key)) throw new NotHere(`nft ${key} set`);
    const type = NFT_FIELDS.get(key)!.type;
    this.variable();
    if (this.is("meta") || this.is("ct") || this.is("mark")) {
      const from = this.key();
      for (const [text, op] of [["and", "&"], ["&", "&"], ["or", "|"], ["|", "|"], ["xor", "^"], ["^", "^"]] as const) if (this.accept(text)) return { s: "set", key, from, op, value: scalar(this.proc, type, this.next()) as number };
      return { s: "set", key, from };
    }
    return { s: "set", key, value: (this.value(type, key === "ip ttl" ? 255 : undefined) as { v: number }).v };
  }
}
