/** conntrack: the table of connections. conntrack-tools 1.4.7; texts as recorded from it on Debian 12. */
import { WaitQueue } from "../../base/wait-queue.ts";
import { type Conn, IPS, type Tuple } from "../../kernel/conntrack/entry.ts";
import { protocolName, stateText, tupleText } from "../../kernel/conntrack/text.ts";
import { SECOND } from "../../sim/time.ts";
import { parseIpv4 } from "../../wire/ipv4.ts";
import { defineCommand, notEmulated } from "../command.ts";
import type { Process, Run } from "../process.ts";

const BANNER = "conntrack v1.4.7 (conntrack-tools): ";

class Refusal extends Error {
  readonly text: string;

  constructor(text: string) {
    super(text);
    this.text = text;
  }
}
function refuse(text: string): never {
  throw new Refusal(text);
}

type Filter = (ct: Conn) => boolean;

interface Request {
  verb: string;
  filters: Filter[];
  output: Set<string>;
  events: Set<string>;
  mark: { value: number; mask: number } | undefined;
  timeout: number | undefined;
  zero: boolean;
}

const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, icmp: 1, icmpv6: 58, sctp: 132, udplite: 136, dccp: 33, gre: 47, unknown: -1 };

/** Name → letter. Options with : take a value, with :: may. */
const LONG: Readonly<Record<string, string>> = {
  dump: "L::", get: "G::", delete: "D::", create: "I::", update: "U::", add: "A::", event: "E::", flush: "F::", stats: "S", count: "C::", version: "V", help: "h",
  "orig-src": "s:", src: "s:", "orig-dst": "d:", dst: "d:", "reply-src": "r:", "reply-dst": "q:", protonum: "p:", timeout: "t:", status: "u:", zero: "z", "event-mask": "e:", family: "f:", "src-nat": "n::", "dst-nat": "g::",
  "any-nat": "j::", mark: "m:", output: "o:", "buffer-size": "b:", zone: "w:", secmark: "c:", label: "l:",
};
const SHORT: Readonly<Record<string, string>> = Object.fromEntries(Object.values(LONG).map((v) => [v[0]!, v.slice(1)]));

/** Of TCP and UDP, and of ICMP: what each compares. */
const PORT_OPTIONS: Readonly<Record<string, (ct: Conn) => number>> = {
  sport: (c) => c.original.sport, "orig-port-src": (c) => c.original.sport, dport: (c) => c.original.dport, "orig-port-dst": (c) => c.original.dport, "reply-port-src": (c) => c.reply.sport, "reply-port-dst": (c) => c.reply.dport,
};
const ICMP_OPTIONS: Readonly<Record<string, (ct: Conn) => number>> = { "icmp-type": (c) => c.original.dport >> 8, "icmp-code": (c) => c.original.dport & 255, "icmp-id": (c) => c.original.sport };

class ArgumentParser {
  private readonly args: readonly string[];
  private at = 0;
  private protocol: string | undefined;
  readonly request: Request = { verb: "", filters: [], output: new Set(), events: new Set(), mark: undefined, timeout: undefined, zero: false };

  constructor(args: readonly string[]) {
    this.args = args;
  }

  parse(): Request {
    while (this.at < this.args.length) {
      const word = this.args[this.at++]!;
      if (word.startsWith("--")) this.long(word.slice(2));
      else if (word.startsWith("-") && word.length > 1) this.short(word.slice(1));
      else refuse(`Bad parameter \`${word}'`);
    }
    return this.request;
  }

  private value(typed: string): string {
    const v = this.args[this.at++];
    if (v === undefined) refuse(`option \`${typed}' requires an argument`);
    return v!;
  }

  private long(text: string): void {
    const eq = text.indexOf("=");
    const name = eq < 0 ? text : text.slice(0, eq);
    const given = eq < 0 ? undefined : text.slice(eq + 1);
    const spec = LONG[name];
    if (spec !== undefined) return this.option(spec[0]!, given ?? (spec.slice(1) === ":" ? this.value(`--${name}`) : undefined));
    const ported = this.protocol !== undefined && this.protocol !== "icmp";
    const getter = ported ? PORT_OPTIONS[name] : this.protocol === "icmp" ? ICMP_OPTIONS[name] : undefined;
    if (getter !== undefined) {
      const n = Number(given ?? this.value(`--${name}`));
      this.request.filters.push((ct) => getter(ct) === n);
      return;
    }
    if (name === "state" && this.protocol === "tcp") {
      const want = given ?? this.value("--state");
      this.request.filters.push((ct) => stateText(ct) === want);
      return;
    }
    refuse(`unknown option \`--${name}'`);
  }

  private short(letters: string): void {
    const letter = letters[0]!;
    const kind = SHORT[letter];
    if (kind === undefined) refuse(`unknown option \`-${letter}'`);
    if (kind === "") {
      this.option(letter, undefined);
      if (letters.length > 1) this.short(letters.slice(1));
      return;
    }
    const rest = letters.slice(1);
    this.option(letter, rest !== "" ? rest : kind === ":" ? this.value(`-${letter}`) : undefined);
  }

  private optional(): string | undefined {
    const next = this.args[this.at];
    if (next === undefined || next.startsWith("-")) return undefined;
    this.at++;
    return next;
  }

  private option(letter: string, value: string | undefined): void {
    const r = this.request;
    if ("LGDIUAEFSCVh".includes(letter)) {
      if (r.verb !== "" && r.verb !== letter) refuse("Can't use more than one command");
      r.verb = letter;
      const table = letter === "S" ? undefined : (value ?? this.optional());
      if (table !== undefined && !["conntrack", "expect", "dying", "unconfirmed"].includes(table)) refuse(`unknown type \`${table}'`);
      if (table !== undefined && table !== "conntrack") r.verb = `${letter} ${table}`;
      return;
    }
    switch (letter) {
      case "s": return this.address(value!, (c) => c.original, "src");
      case "d": return this.address(value!, (c) => c.original, "dst");
      case "r": return this.address(value!, (c) => c.reply, "src");
      case "q": return this.address(value!, (c) => c.reply, "dst");
      case "p": {
        const number = PROTOCOLS[value!] ?? (/^\d+$/.test(value!) ? Number(value) : undefined);
        if (number === undefined) refuse(`\`${value}' unsupported protocol`);
        this.protocol = Object.keys(PROTOCOLS).find((k) => PROTOCOLS[k] === number) ?? "unknown";
        r.filters.push((ct) => ct.protocol === number);
        return;
      }
      case "n": return this.nat(IPS.SRC_NAT, value, (c) => c.reply.dst);
      case "g": return this.nat(IPS.DST_NAT, value, (c) => c.reply.src);
      case "j": return this.nat(IPS.SRC_NAT | IPS.DST_NAT, value, undefined);
      case "m": {
        const [a, b] = value!.split("/");
        const mark = Number(a);
        const mask = b === undefined ? 0xffffffff : Number(b);
        if (!Number.isInteger(mark) || !Number.isInteger(mask)) refuse(`Bad parameter \`${value}'`);
        r.mark = { value: mark >>> 0, mask: mask >>> 0 };
        return;
      }
      case "t":
        r.timeout = Number(value);
        return;
      case "u":
        for (const s of value!.split(",")) r.filters.push(statusFilter(s));
        return;
      case "f":
        if (value !== "ipv4" && value !== "ipv6") refuse(`\`${value}' unsupported protocol`);
        if (value === "ipv6") r.filters.push(() => false);
        return;
      case "w": {
        const zone = Number(value);
        r.filters.push((ct) => ct.zone === zone);
        return;
      }
      case "o":
        for (const o of value!.split(",")) {
          if (!["xml", "extended", "timestamp", "id", "ktimestamp", "labels", "userspace", "save"].includes(o)) refuse(`Bad parameter \`${o}'`);
          r.output.add(o);
        }
        return;
      case "e":
        for (const e of value!.split(",")) {
          if (!["ALL", "NEW", "UPDATES", "DESTROY"].includes(e)) refuse(`Bad parameter \`${e}'`);
          r.events.add(e);
        }
        return;
      case "z":
        r.zero = true;
        return;
    }
  }

  private address(text: string, of: (c: Conn) => Tuple, side: "src" | "dst"): void {
    const [a, len] = text.split("/");
    const addr = parseIpv4(a!);
    if (addr === undefined) refuse(`Invalid IP address \`${a}'`);
    const bits = len === undefined ? 32 : Number(len);
    const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
    this.request.filters.push((ct) => ((of(ct)[side] & mask) >>> 0) === ((addr! & mask) >>> 0));
  }

  private nat(bit: number, value: string | undefined, address: ((c: Conn) => number) | undefined): void {
    this.request.filters.push((ct) => (ct.status & bit) !== 0);
    const text = value ?? this.optional();
    if (text === undefined || address === undefined) return;
    const addr = parseIpv4(text.split(":")[0]!);
    if (addr === undefined) refuse(`Invalid IP address \`${text}'`);
    this.request.filters.push((ct) => address(ct) >>> 0 === addr);
  }
}

function statusFilter(name: string): Filter {
  switch (name) {
    case "ASSURED": return (ct) => (ct.status & IPS.ASSURED) !== 0;
    case "SEEN_REPLY": return (ct) => (ct.status & IPS.SEEN_REPLY) !== 0;
    case "UNSET": case "UNREPLIED": return (ct) => (ct.status & IPS.SEEN_REPLY) === 0;
    case "SRC_NAT": return (ct) => (ct.status & IPS.SRC_NAT) !== 0;
    case "DST_NAT": return (ct) => (ct.status & IPS.DST_NAT) !== 0;
    case "FIXED_TIMEOUT": case "EXPECTED": return () => false;
    default: return refuse(`Bad parameter \`${name}'`);
  }
}

/** As nfct_snprintf writes it. */
function line(ct: Conn, r: Request, now: number, kind: "list" | "new" | "update" | "destroy", acct: boolean): string {
  const count = (dir: number): string => (acct ? `packets=${ct.packets[dir]} bytes=${ct.bytes[dir]} ` : "");
  let s = r.output.has("extended") ? "ipv4     2 " : "";
  s += `${protocolName(ct.protocol).padEnd(8)} ${ct.protocol} `;
  if (kind !== "destroy") s += `${Math.max(0, Math.floor((ct.expires - now) / SECOND))} `;
  const state = stateText(ct);
  if (state !== "" && kind !== "destroy") s += `${state} `;
  s += `${tupleText(ct.original)} ${count(0)}`;
  if ((ct.status & IPS.SEEN_REPLY) === 0) s += "[UNREPLIED] ";
  s += `${tupleText(ct.reply)} ${count(1)}`;
  if ((ct.status & IPS.ASSURED) !== 0) s += "[ASSURED] ";
  if (kind === "list" || ct.mark !== 0) s += `mark=${ct.mark} `;
  if (ct.zone !== 0) s += `zone=${ct.zone} `;
  if (kind === "list") s += "use=1 ";
  if (r.output.has("id")) s += `id=${ct.id} `;
  return s.trimEnd();
}

function* listen(proc: Process, r: Request): Run<number> {
  const { conntrack, sysctl } = proc.netns;
  const waiters = new WaitQueue();
  const queue: string[] = [];
  let shown = 0;
  let stop = false;
  const tags = { new: "    [NEW] ", update: " [UPDATE] ", destroy: "[DESTROY] " } as const;
  const names = { new: "NEW", update: "UPDATES", destroy: "DESTROY" } as const;
  const unlisten = conntrack.listen((event, ct) => {
    if (r.events.size > 0 && !r.events.has("ALL") && !r.events.has(names[event])) return;
    if (!r.filters.every((f) => f(ct))) return;
    const stamp = r.output.has("timestamp") ? `[${(Math.floor(proc.now / 1000) / 1_000_000).toFixed(6)}]\t` : "";
    queue.push(`${stamp}${tags[event]}${line(ct, r, proc.now, event, sysctl.get("net.netfilter.nf_conntrack_acct") === "1")}\n`);
    waiters.wake();
  });
  const source = { get readable(): boolean { return queue.length > 0; }, writable: true, waiters };
  for (const sig of ["SIGINT", "SIGTERM"] as const) {
    proc.onSignal(sig, () => {
      stop = true;
    });
  }
  while (!stop) {
    if (queue.length === 0) yield { read: [source] };
    const batch = queue.splice(0);
    shown += batch.length;
    if (batch.length > 0) yield* proc.print(batch.join(""));
  }
  unlisten();
  yield* proc.warn(`${BANNER}${shown} flow events have been shown.\n`);
  return 0;
}

export const conntrack = defineCommand({
  name: "conntrack",
  dir: "/usr/sbin",
  man: {
    summary: "look into the table of tracked connections",
    synopsis: ["conntrack -L [filter]", "conntrack -E [-e events] [filter]", "conntrack -D [filter]", "conntrack -U [filter] --mark mark", "conntrack -F | -C | -S"],
    emulated: [
      "-L list, -E show events as they happen, -D delete, -U change mark or timeout, -F empty, -C count, -S figures of the CPU",
      "filters: -s -d -r -q (addresses), -p protocol with --sport --dport --reply-port-src --reply-port-dst --state --icmp-type, -m mark, -n -g -j (translated ones), -u status, -w zone, -f ipv4",
      "-o extended, id, timestamp; -e NEW, UPDATES, DESTROY",
      "tables: conntrack; expect, dying and unconfirmed are empty",
    ],
    notEmulated: ["-I, -A, -G", "-o xml, save, ktimestamp, labels", "labels, security marks"],
    examples: ["conntrack -L -p tcp", "conntrack -E -p icmp", "conntrack -D -s 10.0.0.2"],
  },
  *run(proc, args): Run<number> {
    if (args.length === 0) return yield* notEmulated(proc, "conntrack -h");
    let r: Request;
    try {
      r = new ArgumentParser(args).parse();
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      yield* proc.warn(`${BANNER}${e.text}\nTry \`conntrack -h' or 'conntrack --help' for more information.\n`);
      return 2;
    }
    const { conntrack: table, sysctl } = proc.netns;
    const [verb, where] = r.verb.split(" ");
    if (verb !== "V" && verb !== "h" && proc.uid !== 0) {
      yield* proc.warn(`${BANNER}Operation failed: sorry, you must be root or get CAP_NET_ADMIN capability to do this\n`);
      return 1;
    }
    for (const o of ["xml", "save", "ktimestamp", "labels"]) if (r.output.has(o)) return yield* notEmulated(proc, `conntrack -o ${o}`);
    const acct = sysctl.get("net.netfilter.nf_conntrack_acct") === "1";
    const found = (): Conn[] => (where === undefined ? table.entries().filter((ct) => r.filters.every((f) => f(ct))) : []);
    const marked = (ct: Conn): boolean => r.mark === undefined || ((ct.mark & r.mark.mask) >>> 0) === r.mark.value;
    switch (verb) {
      case "L": {
        const all = found().filter(marked);
        yield* proc.print(all.map((ct) => `${line(ct, r, proc.now, "list", acct)}\n`).join(""));
        if (where === "expect") yield* proc.warn(`${BANNER}0 expectations have been shown.\n`);
        else yield* proc.warn(`${BANNER}${all.length} flow entries have been shown.\n`);
        return 0;
      }
      case "D": {
        const all = found().filter(marked);
        for (const ct of all) table.kill(ct);
        yield* proc.print(all.map((ct) => `${line(ct, r, proc.now, "list", acct)}\n`).join(""));
        yield* proc.warn(`${BANNER}${all.length} flow entries have been deleted.\n`);
        return all.length > 0 ? 0 : 1;
      }
      case "U": {
        const all = found();
        for (const ct of all) table.update(ct, { ...(r.mark !== undefined && { mark: ((ct.mark & ~r.mark.mask) | r.mark.value) >>> 0 }), ...(r.timeout !== undefined && { timeout: r.timeout }) });
        yield* proc.print(all.map((ct) => `${line(ct, r, proc.now, "list", acct)}\n`).join(""));
        yield* proc.warn(`${BANNER}${all.length} flow entries have been updated.\n`);
        return all.length > 0 ? 0 : 1;
      }
      case "E":
        return yield* listen(proc, r);
      case "F":
        if (where === undefined) table.flush();
        yield* proc.warn(where === "expect" ? `${BANNER}expectation table has been emptied.\n` : `${BANNER}connection tracking table has been emptied.\n`);
        return 0;
      case "C":
        yield* proc.print(`${where === undefined ? table.entries().length : 0}\n`);
        return 0;
      case "S": {
        const s = table.stats;
        yield* proc.print(`cpu=0   \tfound=${s.found} invalid=${s.invalid} insert=${s.insert} insert_failed=${s.insertFailed} drop=${s.drop} early_drop=${s.earlyDrop} error=${s.icmpError} search_restart=${s.searchRestart} clash_resolve=${s.clashResolve} chaintoolong=${s.chainToolong} \n`);
        return 0;
      }
      case "V":
        yield* proc.print("conntrack v1.4.7 (conntrack-tools)\n");
        return 0;
      case "":
        yield* proc.warn(`${BANNER}You need to supply a command\nTry \`conntrack -h' or 'conntrack --help' for more information.\n`);
        return 2;
      default:
        return yield* notEmulated(proc, `conntrack -${verb}`);
    }
  },
});
