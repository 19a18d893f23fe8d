/** How nft lists what there is: src/rule.c, src/statement.c of nftables 1.0.6. */
import type { Chain, Rule, Table } from "../../../kernel/netfilter/core.ts";
import { BITMASK_TYPES, NFT_FIELDS, type NftData, type NftElement, type NftScalar, type NftSet, type NftSource, type NftStmt, type NftType, type NftValue, type NftVerdict } from "../../../kernel/netfilter/nft.ts";
import type { ChainSpec } from "../../../kernel/netfilter/types.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import type { Process } from "../../process.ts";
import { flagsText, scalarText, timeText, valueText } from "./values.ts";
import { xtText } from "./xt-text.ts";

export interface Format { handles: boolean; numeric: boolean; stateless: boolean; numericPriority: boolean }

export class Printer {
  private readonly proc: Process;
  private readonly f: Format;

  constructor(proc: Process, f: Format) {
    this.proc = proc;
    this.f = f;
  }

  private handle(n: number): string {
    return this.f.handles ? ` # handle ${n}` : "";
  }

  table(t: Table, what: "all" | "sets" | "maps" | "chains" | "counters" = "all", only?: Chain | NftSet): string {
    const parts: string[] = [];
    if (only === undefined && (what === "all" || what === "counters")) for (const o of t.objects.values()) parts.push(`\tcounter ${o.name} {${this.handle(o.handle)}\n\t\tpackets ${o.counter.packets} bytes ${o.counter.bytes}\n\t}\n`);
    for (const s of t.sets.values()) if (only === s || (only === undefined && (what === "all" || (what === "sets" && s.kind === "set") || (what === "maps" && s.kind === "map")))) parts.push(this.set(s));
    for (const c of t.chains.values()) if (only === c || (only === undefined && (what === "all" || what === "chains"))) parts.push(this.chain(c, what === "chains"));
    const head = `table ${t.family} ${t.name} {${only === undefined ? this.handle(t.handle) : ""}\n${t.comment === undefined || what !== "all" || only !== undefined ? "" : `\tcomment "${t.comment}"\n`}`;
    return `${head}${parts.join(what === "all" && only === undefined ? "\n" : "")}}\n`;
  }

  private chain(c: Chain, empty: boolean): string {
    let s = `\tchain ${c.name} {${this.handle(c.handle)}\n`;
    if (c.comment !== undefined) s += `\t\tcomment "${c.comment}"\n`;
    if (c.base !== undefined) s += `\t\ttype ${c.base.type} hook ${c.base.hook} priority ${this.priority(c.base)}; policy ${c.policy};\n`;
    if (!empty) for (const r of c.rules) s += `\t\t${this.rule(r)}${this.handle(r.handle)}\n`;
    return `${s}\t}\n`;
  }

  private priority(b: ChainSpec): string {
    if (this.f.numericPriority || this.f.numeric) return String(b.priority);
    const names: readonly (readonly [string, number, string?])[] = [["raw", -300], ["mangle", -150], ["dstnat", -100, "prerouting"], ["filter", 0], ["security", 50], ["srcnat", 100, "postrouting"]];
    const hit = names.find(([, n, hook]) => n === b.priority && (hook === undefined || hook === b.hook));
    if (hit !== undefined) return hit[0];
    const near = names.find(([, n, hook]) => (hook === undefined || hook === b.hook) && Math.abs(n - b.priority) <= 10);
    return near === undefined ? String(b.priority) : `${near[0]} ${b.priority < near[1] ? "-" : "+"} ${Math.abs(b.priority - near[1])}`;
  }

  rule(r: Rule): string {
    const { nft, xt, comment } = r.spec;
    if (xt !== undefined) return xtText(xt, r.counter ?? { packets: 0, bytes: 0 });
    return `${this.statements(nft ?? [])}${comment === undefined ? "" : ` comment "${comment}"`}`;
  }

  statements(all: readonly NftStmt[]): string {
    return all.map((s) => this.statement(s)).join(" ");
  }

  private statement(s: NftStmt): string {
    switch (s.s) {
      case "match": return this.match(s);
      case "lookup": return `${this.keys(s.keys)}${s.neg ? " !=" : ""} ${this.ref(s.set)}`;
      case "vmap": return `${this.source(s.from)} vmap ${this.ref(s.set)}`;
      case "verdict": return this.verdict(s.v);
      case "counter": return s.name !== undefined ? `counter name "${s.name}"` : this.f.stateless ? "counter" : `counter packets ${s.counter.packets} bytes ${s.counter.bytes}`;
      case "limit": return `limit rate ${s.over ? "over " : ""}${s.rate}/${s.unit}${s.burst === 5 ? "" : ` burst ${s.burst} packets`}`;
      case "log": return `log${s.prefix === "" ? "" : ` prefix "${s.prefix}"`}${s.level === "" ? "" : ` level ${s.level}`}`;
      case "reject": return `reject${s.shown === "" ? "" : ` with ${s.shown}`}`;
      case "nat": return this.nat(s);
      case "set": return `${s.key} set ${this.setValue(s)}`;
      case "dynset": return `${s.op} @${s.set} { ${this.keys(s.keys)}${s.timeout === undefined ? "" : ` timeout ${timeText(s.timeout)}`} }`;
      case "notrack": return "notrack";
    }
  }

  private setValue(s: NftStmt & { s: "set" }): string {
    const type = NFT_FIELDS.get(s.key)!.type;
    const value = s.value === undefined ? "" : scalarText(this.proc, type, s.value, this.f.numeric);
    if (s.from === undefined) return value;
    return s.op === undefined ? s.from : `${s.from} ${s.op} ${value}`;
  }

  private verdict(v: NftVerdict): string {
    return v.chain === undefined ? v.verdict : `${v.verdict} ${v.chain}`;
  }

  private keys(keys: readonly string[]): string {
    return keys.join(" . ");
  }

  private source(s: NftSource): string {
    return "keys" in s ? this.keys(s.keys) : `numgen ${s.numgen} mod ${s.mod}${s.offset === 0 ? "" : ` offset ${s.offset}`}`;
  }

  private ref(set: string | NftSet): string {
    return typeof set === "string" ? `@${set}` : `{ ${this.sorted(set).map((e) => this.element(set, e)).join(", ")} }`;
  }

  private match(s: NftStmt & { s: "match" }): string {
    const key = s.keys[0]!;
    const { type } = NFT_FIELDS.get(key)!;
    const n = this.f.numeric;
    if (s.mask !== undefined) {
      const value = (s.values[0] as { v: number }).v;
      if (type === "tcp_flag") return `${key} ${s.op === "!=" ? "!= " : ""}${flagsText(type, value, n)} / ${flagsText(type, s.mask, n)}`;
      return `${key} & ${scalarText(this.proc, type, s.mask, n)} ${s.op} ${scalarText(this.proc, type, value, n)}`;
    }
    const op = s.op === "==" ? (type === "tcp_flag" && !s.implicit ? " ==" : "") : ` ${s.op}`;
    if (BITMASK_TYPES.has(type)) return `${key}${op} ${flagsText(type, s.values.reduce((b, v) => b | (v as { v: number }).v, 0), n)}`;
    return `${key}${op} ${valueText(this.proc, type, s.values[0]!, n)}`;
  }

  private nat(s: NftStmt & { s: "nat" }): string {
    let out: string = s.type;
    const addr = s.addr === undefined ? "" : this.data(s.addr, "ipv4_addr");
    const port = s.port === undefined ? "" : `:${this.data(s.port, "inet_service")}`;
    if (addr !== "" || port !== "") out += `${s.family ? " ip" : ""} to ${addr}${port}`;
    for (const f of s.flags) out += s.flags[0] === f ? ` ${f}` : `,${f}`;
    return out;
  }

  private data(d: NftData, type: NftType): string {
    if (d.k === "value") return scalarText(this.proc, type, d.v, true);
    if (d.k === "range") return `${scalarText(this.proc, type, d.lo, true)}-${scalarText(this.proc, type, d.hi, true)}`;
    return `${this.source(d.from)} map ${this.ref(d.set)}`;
  }

  // -- sets ---------------------------------------------------------------------------------------------------------

  private order(v: NftValue): NftScalar {
    return v.k === "value" ? v.v : v.k === "range" ? v.lo : v.k === "prefix" ? v.addr : v.prefix;
  }

  /** By value; of a concatenation the last part weighs most. */
  private sorted(set: NftSet): NftElement[] {
    const { now } = this.proc;
    return set.elements
      .filter((e) => e.expires === undefined || e.expires > now)
      .map((e, i) => ({ e, i }))
      .sort((a, b) => {
        for (let k = a.e.parts.length - 1; k >= 0; k--) {
          const [x, y] = [this.order(a.e.parts[k]!), this.order(b.e.parts[k]!)];
          if (x !== y) return x < y ? -1 : 1;
        }
        return a.i - b.i;
      })
      .map(({ e }) => e);
  }

  private element(set: NftSet, e: NftElement): string {
    let s = e.parts.map((p, i) => valueText(this.proc, set.types[i]!, p, this.f.numeric)).join(" . ");
    if (e.counter !== undefined) s += this.f.stateless ? " counter" : ` counter packets ${e.counter.packets} bytes ${e.counter.bytes}`;
    if (e.timeout !== undefined && e.timeout !== set.timeout) s += ` timeout ${timeText(e.timeout)}`;
    if (e.expires !== undefined && !this.f.stateless) {
      const ms = Math.floor((e.expires - this.proc.now) / 1_000_000);
      const whole = Math.floor(ms / 1000);
      s += ` expires ${whole > 0 ? timeText(whole) : ""}${ms % 1000 === 0 ? "" : `${ms % 1000}ms`}`;
    }
    if (e.comment !== undefined) s += ` comment "${e.comment}"`;
    if (e.data !== undefined) s += ` : ${"verdict" in e.data ? this.verdict(e.data) : e.data.map((v, i) => (typeof v === "number" && (set.data as readonly NftType[])[i] === "ipv4_addr" ? formatIpv4(v) : scalarText(this.proc, (set.data as readonly NftType[])[i] ?? "integer", v, true))).join(" . ")}`;
    return s;
  }

  private set(s: NftSet): string {
    let out = `\t${s.kind} ${s.name} {${this.handle(s.handle)}\n`;
    const data = s.data === undefined ? "" : ` : ${s.data === "verdict" ? "verdict" : s.data.join(" . ")}`;
    out += s.typeofText === undefined ? `\t\ttype ${s.types.join(" . ")}${data}\n` : `\t\ttypeof ${s.typeofText}\n`;
    if (s.size !== undefined) out += `\t\tsize ${s.size}\n`;
    const flags = s.timeout === undefined ? s.flags : s.flags.filter((f) => f !== "timeout");
    if (flags.length > 0) out += `\t\tflags ${flags.join(",")}\n`;
    if (s.timeout !== undefined) out += `\t\ttimeout ${timeText(s.timeout)}\n`;
    if (s.counter) out += "\t\tcounter\n";
    if (s.comment !== undefined) out += `\t\tcomment "${s.comment}"\n`;
    const all = this.sorted(s);
    if (all.length > 0) {
      const type = s.types[0]!;
      const perLine = s.types.length > 1 ? 1 : ["inet_service", "inet_proto", "integer", "mark", "ct_state", "icmp_type", "icmp_code"].includes(type) ? 5 : 2;
      let text = "";
      for (const [i, e] of all.entries()) text += `${i === 0 ? "" : i % perLine === 0 ? ",\n\t\t\t     " : ", "}${this.element(s, e)}`;
      out += `\t\telements = { ${text} }\n`;
    }
    return `${out}\t}\n`;
  }
}

