/** ipset: sets for iptables. ipset 7.17; texts as recorded from it on Debian 12. */
import { decodeUtf8 } from "../../base/bytes.ts";
import { type IpSet, type IpSetElement, type IpSetOptions, type SetDim, type SetPart, elementKey } from "../../kernel/netfilter/ipset.ts";
import type { XtRule } from "../../kernel/netfilter/types.ts";
import { SECOND } from "../../sim/time.ts";
import { formatIpv4, maskOf, parseIpv4 } from "../../wire/ipv4.ts";
import { defineCommand, notEmulated } from "../command.ts";
import type { Process, Run } from "../process.ts";
import { serviceByName } from "../resolver.ts";

class Refusal extends Error {
  readonly text: string;
  /** 2: a wrong command line, with the hint. */
  readonly status: number;

  constructor(text: string, status = 1) {
    super(text);
    this.text = text;
    this.status = status;
  }
}
function refuse(text: string, status = 1): never {
  throw new Refusal(text, status);
}

interface SetType {
  dims: readonly SetDim[];
  revision: number;
  /** What an empty set takes, and each element: as measured with ipset 7.17. */
  memory: readonly [number, number];
}

const TYPES: Readonly<Record<string, SetType>> = {
  "bitmap:ip": { dims: ["ip"], revision: 3, memory: [88, 0] }, "bitmap:port": { dims: ["port"], revision: 3, memory: [72, 0] },
  "hash:ip": { dims: ["ip"], revision: 6, memory: [200, 56] }, "hash:net": { dims: ["net"], revision: 7, memory: [456, 48] }, "hash:ip,port": { dims: ["ip", "port"], revision: 6, memory: [200, 48] },
  "hash:net,port": { dims: ["net", "port"], revision: 8, memory: [456, 64] }, "hash:ip,port,ip": { dims: ["ip", "port", "ip"], revision: 6, memory: [200, 64] }, "hash:ip,port,net": { dims: ["ip", "port", "net"], revision: 8, memory: [456, 64] },
  "hash:net,net": { dims: ["net", "net"], revision: 4, memory: [456, 64] }, "hash:net,iface": { dims: ["net", "iface"], revision: 8, memory: [456, 64] }, "hash:ip,mark": { dims: ["ip", "mark"], revision: 4, memory: [200, 48] },
  "hash:net,port,net": { dims: ["net", "port", "net"], revision: 4, memory: [456, 64] }, "list:set": { dims: ["set"], revision: 3, memory: [80, 48] },
};
const ALIASES: Readonly<Record<string, string>> = { iphash: "hash:ip", nethash: "hash:net", ipporthash: "hash:ip,port", ipmap: "bitmap:ip", portmap: "bitmap:port", setlist: "list:set" };
const UNEMULATED: ReadonlySet<string> = new Set(["hash:mac", "hash:ip,mac", "bitmap:ip,mac"]);

const PROTOS: readonly (readonly [string, number])[] = [["tcp", 6], ["udp", 17], ["sctp", 132], ["udplite", 136], ["icmp", 1]];

// -- elements ---------------------------------------------------------------------------------------------------------

function address(text: string): number {
  const a = parseIpv4(text);
  return a ?? refuse(`Syntax error: cannot parse ${text}: resolving to IPv4 address failed`);
}

/** "10.0.0.0/24", "10.0.0.1-10.0.0.9", "10.0.0.1": single addresses, or networks that cover the range. */
function addresses(text: string, dim: "ip" | "net"): SetPart[] {
  const [base, bits] = text.split("/");
  if (bits !== undefined) {
    const len = /^\d+$/.test(bits) ? Number(bits) : 99;
    if (len > 32) refuse(`Syntax error: '${bits}' is out of range 0-32`);
    const addr = (address(base!) & maskOf(len)) >>> 0;
    if (dim === "net") {
      if (len === 0) refuse("The value of the CIDR parameter of the IP address is invalid");
      return [{ addr, len }];
    }
    return expand(addr, (addr | ~maskOf(len)) >>> 0);
  }
  const dash = text.indexOf("-");
  if (dash < 0) return [{ addr: address(text), len: 32 }];
  const [low, high] = [address(text.slice(0, dash)), address(text.slice(dash + 1))];
  if (dim === "ip") return expand(low, high);
  const out: SetPart[] = [];
  for (let at = low; at <= high; ) {
    // The largest network that begins here and does not go beyond the end.
    let len = 32;
    while (len > 1 && (at & maskOf(len - 1)) >>> 0 === at && at + (0xffffffff >>> (len - 1)) <= high) len--;
    out.push({ addr: at, len });
    at += len === 32 ? 1 : (0xffffffff >>> len) + 1;
  }
  return out;
}

function expand(low: number, high: number): SetPart[] {
  if (high - low > 65_535) refuse("The range you specified exceeds the size limit of the set type");
  return Array.from({ length: Math.max(0, high - low) + 1 }, (_, i) => ({ addr: low + i, len: 32 }));
}

/** "tcp:80", "80", "udp:53-60", "icmp:8/0" */
function ports(proc: Process, text: string, bitmap: boolean): SetPart[] {
  const colon = text.indexOf(":");
  const name = colon < 0 ? "tcp" : text.slice(0, colon);
  const proto = bitmap ? 0 : PROTOS.find(([n]) => n === name)?.[1];
  if (proto === undefined) return refuse(`Syntax error: cannot parse '${name}' as a protocol`);
  const rest = colon < 0 ? text : text.slice(colon + 1);
  const one = (t: string): number => {
    const n = /^\d+$/.test(t) ? Number(t) : (serviceByName(proc, t) ?? -1);
    if (n < 0) refuse(`Syntax error: cannot parse '${t}' as a ${name} port`);
    if (n > 65535) refuse(`Syntax error: '${t}' is out of range 0-65535`);
    return n;
  };
  const [a, b] = rest.split("-");
  const low = one(a!);
  const high = b === undefined ? low : one(b);
  return Array.from({ length: Math.max(0, high - low) + 1 }, (_, i) => ({ proto, port: low + i }));
}

function elements(proc: Process, set: IpSet, text: string): SetPart[][] {
  const words = text.split(",");
  if (words.length < set.dims.length) refuse(`Syntax error: Second element is missing from ${text}.`);
  if (words.length > set.dims.length) refuse(`Syntax error: Elem separator in ${text}, but settype ${set.type} supports none.`);
  let out: SetPart[][] = [[]];
  for (const [i, dim] of set.dims.entries()) {
    const word = words[i]!;
    let parts: SetPart[];
    if (dim === "ip" || dim === "net") parts = addresses(word, dim);
    else if (dim === "port") parts = ports(proc, word, set.type === "bitmap:port");
    else if (dim === "mark") parts = [{ mark: Number(word) >>> 0 }];
    else parts = [{ name: word }];
    if (dim === "ip" && set.options.netmask !== undefined) parts = parts.map((p) => ("addr" in p ? { addr: (p.addr & maskOf(set.options.netmask!)) >>> 0, len: set.options.netmask! } : p));
    out = out.flatMap((o) => parts.map((p) => [...o, p]));
  }
  return out;
}

function partText(p: SetPart, dim: SetDim, bitmap: boolean): string {
  if ("addr" in p) return dim === "net" && p.len < 32 ? `${formatIpv4(p.addr)}/${p.len}` : formatIpv4(p.addr);
  if ("port" in p) return bitmap ? String(p.port) : `${PROTOS.find(([, n]) => n === p.proto)?.[0] ?? p.proto}:${p.port}`;
  if ("name" in p) return p.name;
  if ("mark" in p) return `0x${p.mark.toString(16).padStart(8, "0")}`;
  return p.mac;
}

function elementText(set: IpSet, e: IpSetElement, now: number): string {
  let s = e.parts.map((p, i) => partText(p, set.dims[i]!, set.type === "bitmap:port")).join(",");
  if (e.nomatch) s += " nomatch";
  if (set.options.timeout !== undefined) s += ` timeout ${e.expires === undefined ? 0 : Math.max(0, Math.floor((e.expires - now) / SECOND))}`;
  if (set.options.counters) s += ` packets ${e.packets} bytes ${e.bytes}`;
  if (e.comment !== undefined) s += ` comment "${e.comment}"`;
  return s;
}

function header(set: IpSet): string {
  const o = set.options;
  if (set.type === "list:set") return `size ${o.size ?? 8}${o.timeout === undefined ? "" : ` timeout ${o.timeout}`}${o.counters ? " counters" : ""}${o.comment ? " comment" : ""}`;
  const extra = `${o.timeout === undefined ? "" : ` timeout ${o.timeout}`}${o.counters ? " counters" : ""}${o.comment ? " comment" : ""}${o.skbinfo ? " skbinfo" : ""}${o.forceadd ? " forceadd" : ""}`;
  if (o.range !== undefined) return `range ${o.range.text}${extra}`;
  return `family ${o.family} hashsize ${o.hashsize} maxelem ${o.maxelem}${o.netmask === undefined ? "" : ` netmask ${o.netmask}`}${extra} bucketsize ${o.bucketsize} initval 0x${o.initval.toString(16).padStart(8, "0")}`;
}

// -- commands ---------------------------------------------------------------------------------------------------------

interface Flags { exist: boolean; names: boolean; terse: boolean; save: boolean }

class Tool {
  private readonly proc: Process;
  private readonly flags: Flags;
  out = "";
  /** What goes to standard error without being a failure. */
  told = "";
  status = 0;

  constructor(proc: Process, flags: Flags) {
    this.proc = proc;
    this.flags = flags;
  }

  private get sets(): Map<string, IpSet> {
    return this.proc.netns.ipsets.sets;
  }

  private must(name: string): IpSet {
    return this.sets.get(name) ?? refuse("The set with the given name does not exist");
  }

  /** Rules that name it, and sets of sets that hold it. */
  private references(name: string): number {
    let n = 0;
    for (const t of this.proc.netns.nf.tables) for (const c of t.chains.values()) for (const r of c.rules) if (r.spec.xt !== undefined) n += uses(r.spec.xt, name);
    for (const s of this.sets.values()) if (s.type === "list:set") for (const e of s.elements.values()) if (elementKey(e.parts) === name) n++;
    return n;
  }

  run(command: string, args: readonly string[]): void {
    const need = (n: number): void => {
      if (args.length < n) refuse(`Missing mandatory argument to command ${command}`, 2);
    };
    switch (command) {
      case "create":
        need(2);
        return this.create(args);
      case "add":
        need(2);
        return this.add(args);
      case "del":
        need(2);
        return this.del(args);
      case "test":
        need(2);
        return this.test(args);
      case "destroy":
        return this.destroy(args[0]);
      case "list": case "save":
        return this.list(args[0], command === "save" || this.flags.save);
      case "flush":
        for (const s of args[0] === undefined ? this.sets.values() : [this.must(args[0])]) s.elements.clear();
        return;
      case "rename": {
        need(2);
        const s = this.must(args[0]!);
        if (this.sets.has(args[1]!)) refuse("Set cannot be renamed: a set with the new name already exists");
        if (this.references(s.name) > 0) refuse("Set cannot be renamed: it is in use by another system");
        this.sets.delete(s.name);
        s.name = args[1]!;
        this.sets.set(s.name, s);
        return;
      }
      case "swap": {
        need(2);
        const a = this.must(args[0]!);
        const b = this.sets.get(args[1]!) ?? refuse("Sets cannot be swapped: the second set does not exist");
        if (a.type !== b.type || a.options.family !== b.options.family) refuse("The sets cannot be swapped: their type does not match");
        this.sets.set(a.name, b);
        this.sets.set(b.name, a);
        [a.name, b.name] = [b.name, a.name];
        return;
      }
      default:
        refuse(`No command specified: unknown argument ${command}`, 2);
    }
  }

  private create([name = "", typeName = "", ...rest]: readonly string[]): void {
    const type = ALIASES[typeName] ?? typeName;
    if (UNEMULATED.has(type)) refuse(`packetwalk: 'ipset create ${type}' is not emulated`, 95);
    const known = TYPES[type] ?? refuse(`Syntax error: typename '${typeName}' is unknown`);
    if (name.length > 31) refuse(`Syntax error: setname '${name}' is longer than 31 characters`);
    const o: IpSetOptions = { family: "inet", hashsize: 1024, maxelem: 65536, bucketsize: 12, initval: 0, counters: false, comment: false, skbinfo: false, forceadd: false };
    let exist = this.flags.exist;
    for (let i = 0; i < rest.length; i++) {
      const word = rest[i]!;
      const value = (): string => rest[++i] ?? refuse(`Missing mandatory argument of ${word}`, 2);
      const number = (): number => {
        const t = value();
        return /^\d+$/.test(t) ? Number(t) : refuse(`Syntax error: '${t}' is invalid as number`);
      };
      switch (word) {
        case "family": {
          const f = value();
          if (f === "inet6" || f === "ipv6") refuse("packetwalk: 'ipset create family inet6' is not emulated", 95);
          break;
        }
        case "hashsize": { let n = 1; const want = number(); while (n < want || n < 64) n *= 2; o.hashsize = n; break; }
        case "maxelem": o.maxelem = number(); break;
        case "bucketsize": o.bucketsize = number(); break;
        case "initval": o.initval = Number(value()) >>> 0; break;
        case "timeout": o.timeout = number(); break;
        case "netmask": o.netmask = number(); break;
        case "size": o.size = number(); break;
        case "counters": o.counters = true; break;
        case "comment": o.comment = true; break;
        case "skbinfo": o.skbinfo = true; break;
        case "forceadd": o.forceadd = true; break;
        case "range": o.range = rangeOf(value(), type); break;
        case "-exist": case "-!": exist = true; break;
        default: refuse(`Unknown argument: \`${word}'`, 2);
      }
    }
    if (type.startsWith("bitmap:") && o.range === undefined) refuse(`Mandatory option \`range' is missing`, 2);
    const old = this.sets.get(name);
    if (old !== undefined) {
      if (exist && old.type === type) return;
      refuse("Set cannot be created: set with the same name already exists");
    }
    if (o.initval === 0) o.initval = this.proc.machine.random(`ipset ${name}`).below(0xffffffff);
    this.sets.set(name, { name, type, dims: known.dims, revision: known.revision, options: o, elements: new Map(), references: 0 });
  }

  private add([name = "", text = "", ...rest]: readonly string[]): void {
    const set = this.must(name);
    let exist = this.flags.exist;
    let timeout = set.options.timeout;
    let comment: string | undefined;
    let nomatch = false;
    for (let i = 0; i < rest.length; i++) {
      const word = rest[i]!;
      if (word === "timeout") {
        if (set.options.timeout === undefined) refuse("Timeout cannot be used: set was created without timeout support");
        timeout = Number(rest[++i]);
      } else if (word === "comment") {
        if (!set.options.comment) refuse("Comment cannot be used: set was created without comment support");
        comment = rest[++i] ?? "";
      } else if (word === "nomatch") nomatch = true;
      else if (word === "-exist" || word === "-!") exist = true;
      else refuse(`Unknown argument: \`${word}'`, 2);
    }
    this.proc.netns.ipsets.sweep(set);
    for (const parts of elements(this.proc, set, text)) {
      if (set.type === "list:set" && !this.sets.has(text)) refuse("Set to be added/deleted/tested as element does not exist.");
      const r = set.options.range;
      const first = parts[0]!;
      const value = "addr" in first ? first.addr : "port" in first ? first.port : 0;
      if (r !== undefined && (value < r.low || value > r.high)) refuse("Element is out of the range of the set");
      const key = elementKey(parts);
      if (set.elements.has(key)) {
        if (!exist) refuse("Element cannot be added to the set: it's already added");
      } else if (set.elements.size >= set.options.maxelem) refuse("Hash is full, cannot add more elements");
      set.elements.set(key, {
        parts, nomatch, packets: 0, bytes: 0, ...(timeout !== undefined && timeout > 0 && { timeout, expires: this.proc.now + timeout * SECOND }), ...(comment !== undefined && { comment }),
      });
    }
  }

  private del([name = "", text = "", ...rest]: readonly string[]): void {
    const set = this.must(name);
    const exist = this.flags.exist || rest.includes("-exist") || rest.includes("-!");
    this.proc.netns.ipsets.sweep(set);
    for (const parts of elements(this.proc, set, text)) if (!set.elements.delete(elementKey(parts)) && !exist) refuse("Element cannot be deleted from the set: it's not added");
  }

  private test([name = "", text = ""]: readonly string[]): void {
    const set = this.must(name);
    const parts = elements(this.proc, set, text)[0]!;
    const hit = set.type === "list:set" ? set.elements.has(elementKey(parts)) : this.proc.netns.ipsets.lookup(set, parts) !== undefined;
    const shown = parts.map((p, i) => partText(p, set.dims[i]!, set.type === "bitmap:port")).join(",");
    if (hit) this.told = `Warning: ${shown} is in set ${name}.\n`;
    else this.told = `${shown} is NOT in set ${name}.\n`;
    this.status = hit ? 0 : 1;
  }

  private destroy(name: string | undefined): void {
    if (name !== undefined) {
      this.must(name);
      if (this.references(name) > 0) refuse("Set cannot be destroyed: it is in use by a kernel component");
      this.sets.delete(name);
      return;
    }
    for (const s of this.sets.values()) if (this.references(s.name) > 0 && s.type !== "list:set") refuse("Set cannot be destroyed: it is in use by a kernel component");
    this.sets.clear();
  }

  private list(name: string | undefined, save: boolean): void {
    const chosen = name === undefined ? [...this.sets.values()] : [this.must(name)];
    if (this.flags.names) {
      this.out = chosen.map((s) => `${s.name}\n`).join("");
      return;
    }
    const now = this.proc.now;
    this.out = chosen
      .map((s) => {
        this.proc.netns.ipsets.sweep(s);
        const all = [...s.elements.values()];
        if (save) return `create ${s.name} ${s.type} ${header(s)}\n${all.map((e) => `add ${s.name} ${elementText(s, e, now)}\n`).join("")}`;
        const [base, each] = TYPES[s.type]!.memory;
        const head = `Name: ${s.name}\nType: ${s.type}\nRevision: ${s.revision}\nHeader: ${header(s)}\nSize in memory: ${memory(s, base, each)}\nReferences: ${this.references(s.name)}\nNumber of entries: ${all.length}\n`;
        return this.flags.terse ? head : `${head}Members:\n${all.map((e) => `${elementText(s, e, now)}\n`).join("")}`;
      })
      .join(save ? "" : "\n");
  }
}

function memory(s: IpSet, base: number, each: number): number {
  const r = s.options.range;
  if (r !== undefined) return base + Math.ceil((r.high - r.low + 1) / 64) * 8;
  return base + each * s.elements.size;
}

function rangeOf(text: string, type: string): { low: number; high: number; text: string } {
  if (type === "bitmap:port") {
    const [a, b] = text.split("-");
    const [low, high] = [Number(a), Number(b ?? a)];
    return { low, high, text: `${low}-${high}` };
  }
  const all = addresses(text, text.includes("/") ? "net" : "ip");
  const first = all[0] as { addr: number; len: number };
  const last = all.at(-1) as { addr: number; len: number };
  const high = (last.addr | ~maskOf(last.len)) >>> 0;
  return { low: first.addr, high, text: `${formatIpv4(first.addr)}-${formatIpv4(high)}` };
}

function uses(rule: XtRule, name: string): number {
  const t = rule.target;
  return rule.matches.filter((m) => m.name === "set" && m.set === name).length + (t.name === "SET" ? (t.add?.set === name ? 1 : 0) + (t.del?.set === name ? 1 : 0) : 0);
}

const COMMANDS: Readonly<Record<string, string>> = {
  create: "create", "-N": "create", "--create": "create", n: "create", add: "add", "-A": "add", "--add": "add", del: "del", "-D": "del", "--del": "del", test: "test", "-T": "test", "--test": "test",
  destroy: "destroy", x: "destroy", "-X": "destroy", "--destroy": "destroy", list: "list", "-L": "list", "--list": "list", save: "save", "-S": "save", "--save": "save", restore: "restore", "-R": "restore", "--restore": "restore",
  flush: "flush", "-F": "flush", "--flush": "flush", rename: "rename", e: "rename", "-E": "rename", "--rename": "rename", swap: "swap", w: "swap", "-W": "swap", "--swap": "swap", version: "version", "-V": "version", "--version": "version", "-v": "version",
  help: "help", "-H": "help", "--help": "help", "-h": "help",
};

/** Words of a line of `ipset restore`; quotes hold blanks. */
function split(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((m) => m[1] ?? m[2]!);
}

export const ipset = defineCommand({
  name: "ipset",
  dir: "/usr/sbin",
  man: {
    summary: "look after sets of addresses, networks and ports",
    synopsis: ["ipset create set type [options]", "ipset add|del|test set element", "ipset list|save|flush|destroy [set]", "ipset rename|swap set set", "ipset restore [-f file]"],
    emulated: [`types: ${Object.keys(TYPES).join(", ")}`, "timeout, counters, comment, nomatch, netmask, hashsize, maxelem, range; -exist, -n, -t, -o save", "iptables -m set --match-set, -j SET"],
    notEmulated: ["types with MAC addresses, family inet6", "-o xml, -o json, -q, -s, -i"],
    examples: ["ipset create bad hash:net", "ipset add bad 203.0.113.0/24", "iptables -A INPUT -m set --match-set bad src -j DROP"],
  },
  *run(proc, args): Run<number> {
    const flags: Flags = { exist: false, names: false, terse: false, save: false };
    const words: string[] = [];
    let file: string | undefined;
    for (let i = 0; i < args.length; i++) {
      const a = args[i]!;
      const asElement = words.length > 2 && a !== "-exist" && a !== "-!";
      if (asElement) words.push(a);
      else if (a === "-exist" || a === "-!" || a === "--exist") flags.exist = true;
      else if (a === "-n" || a === "-name" || a === "--name") flags.names = true;
      else if (a === "-t" || a === "-terse" || a === "--terse") flags.terse = true;
      else if (a === "-o" || a === "-output" || a === "--output") {
        const how = args[++i] ?? "";
        if (how === "save") flags.save = true;
        else if (how !== "plain") return yield* notEmulated(proc, `ipset -o ${how}`);
      } else if (a === "-f" || a === "-file" || a === "--file") file = args[++i];
      else if (["-q", "-s", "-i", "-r", "-quiet", "-sorted", "-interactive", "-resolve"].includes(a)) return yield* notEmulated(proc, `ipset ${a}`);
      else words.push(a);
    }
    const [typed, ...rest] = words;
    let tool = new Tool(proc, flags);
    try {
      if (typed === undefined) refuse("No command specified.", 2);
      const command = COMMANDS[typed!];
      if (command === "version") {
        yield* proc.print("ipset v7.17, protocol version: 7\n");
        return 0;
      }
      if (command === "help") return yield* notEmulated(proc, "ipset help");
      if (proc.uid !== 0) refuse("Kernel error received: Operation not permitted");
      if (command === "restore") {
        let text = "";
        if (file !== undefined) {
          const found = proc.machine.fs.readFile(proc, file);
          if (!found.ok) refuse(`Cannot open ${file} for reading: No such file or directory`);
          else text = decodeUtf8(found.value);
        } else {
          for (;;) {
            const got = yield* proc.read(0);
            if (typeof got === "string" || got.length === 0) break;
            text += decodeUtf8(got);
          }
        }
        for (const [i, line] of text.split("\n").entries()) {
          if (line.trim() === "" || line.startsWith("#") || line.trim() === "COMMIT") continue;
          const [verb, ...more] = split(line);
          try {
            tool = new Tool(proc, flags);
            tool.run(COMMANDS[verb!] ?? verb!, more);
          } catch (e) {
            if (e instanceof Refusal && e.status === 1) throw new Refusal(`Error in line ${i + 1}: ${e.text}`);
            throw e;
          }
        }
        return 0;
      }
      tool.run(command ?? typed!, rest);
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      yield* proc.warn(e.status === 95 ? `${e.text}\n` : `ipset v7.17: ${e.text}\n${e.status === 2 ? "Try `ipset help' for more information.\n" : ""}`);
      return e.status;
    }
    yield* proc.print(tool.out);
    if (tool.told !== "") yield* proc.warn(tool.told);
    return tool.status;
  },
  complete(proc, words) {
    return words.length === 1 ? ["create", "add", "del", "test", "destroy", "list", "save", "restore", "flush", "rename", "swap"] : [...proc.netns.ipsets.sets.keys()];
  },
});
