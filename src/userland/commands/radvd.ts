/** radvd 2.19: advertises a router to the hosts of its links. RFC 4861 §6.2; radvd.conf(5). */
import { decodeUtf8, encodeUtf8, setU16, setU32 } from "../../base/bytes.ts";
import type { LinkInfo, Raw6Sock } from "../../kernel/api.ts";
import type { RandomStream } from "../../sim/random.ts";
import { type Nanos, SECOND } from "../../sim/time.ts";
import { ICMPV6_TYPE } from "../../wire/icmpv6.ts";
import { parseIpv6 } from "../../wire/ipv6.ts";
import { defineCommand, notEmulated } from "../command.ts";
import { getopt } from "../getopt.ts";
import type { Process, Run } from "../process.ts";

const ALL_NODES = parseIpv6("ff02::1")!;
const ALL_ROUTERS = parseIpv6("ff02::2")!;
const INFINITE = 0xffffffff;
/** RFC 4861 §10: the first three go out quicker; answers wait up to half a second, and three seconds lie between two to everybody. */
const INITIAL = { COUNT: 3, INTERVAL: 16 } as const;

interface Prefix { addr: Uint8Array; len: number; onlink: boolean; autonomous: boolean; valid: number; preferred: number }
interface Dns { servers: Uint8Array[]; lifetime: number | undefined }
interface Interface {
  name: string; send: boolean; min: number | undefined; max: number; managed: boolean; other: boolean; mtu: number; reachable: number; retrans: number; hopLimit: number; lifetime: number | undefined;
  preference: number; withLladdr: boolean; unicastOnly: boolean; prefixes: Prefix[]; dns: Dns[];
}
interface Failure { line: number; text: string }

// -- radvd.conf -------------------------------------------------------------------------------------------------------

/** Words, braces and semicolons with their lines. */
function tokens(text: string): { word: string; line: number }[] {
  const out: { word: string; line: number }[] = [];
  text.split("\n").forEach((raw, i) => {
    for (const m of raw.replace(/#.*/, "").matchAll(/[{};]|[^\s{};]+/g)) out.push({ word: m[0], line: i + 1 });
  });
  return out;
}

class Reader {
  private readonly list: { word: string; line: number }[];
  private at = 0;
  constructor(text: string) {
    this.list = tokens(text);
  }
  get done(): boolean {
    return this.at >= this.list.length;
  }
  get word(): string {
    return this.list[this.at]?.word ?? "";
  }
  take(): string {
    return this.list[this.at++]?.word ?? "";
  }
  fail(text = "syntax error"): Failure {
    return { line: this.list[Math.min(this.at, this.list.length - 1)]?.line ?? 1, text };
  }
  /** Takes this word, or there is a mistake. */
  expect(word: string): Failure | undefined {
    return this.word === word ? void this.take() : this.fail();
  }
  /** The value and the semicolon behind it. */
  value(): string | Failure {
    const v = this.take();
    return v === "" || v === ";" || v === "{" || v === "}" ? this.fail() : (this.expect(";") ?? v);
  }
}

const isOn = (v: string): boolean => v === "on";
const number = (v: string): number => (v === "infinity" ? INFINITE : Number(v));

/** Names of an interface's numbers and switches; what is not here is not emulated. */
const INTERFACE_WORDS: Readonly<Record<string, (i: Interface, v: string) => void>> = {
  AdvSendAdvert: (i, v) => (i.send = isOn(v)), MinRtrAdvInterval: (i, v) => (i.min = number(v)), MaxRtrAdvInterval: (i, v) => (i.max = number(v)), AdvManagedFlag: (i, v) => (i.managed = isOn(v)),
  AdvOtherConfigFlag: (i, v) => (i.other = isOn(v)), AdvLinkMTU: (i, v) => (i.mtu = number(v)), AdvReachableTime: (i, v) => (i.reachable = number(v)), AdvRetransTimer: (i, v) => (i.retrans = number(v)),
  AdvCurHopLimit: (i, v) => (i.hopLimit = number(v)), AdvDefaultLifetime: (i, v) => (i.lifetime = number(v)), AdvDefaultPreference: (i, v) => (i.preference = v === "high" ? 1 : v === "low" ? 3 : 0),
  AdvSourceLLAddress: (i, v) => (i.withLladdr = isOn(v)), UnicastOnly: (i, v) => (i.unicastOnly = isOn(v)), IgnoreIfMissing: () => {}, MinDelayBetweenRAs: () => {},
};
const PREFIX_WORDS: Readonly<Record<string, (p: Prefix, v: string) => void>> = {
  AdvOnLink: (p, v) => (p.onlink = isOn(v)), AdvAutonomous: (p, v) => (p.autonomous = isOn(v)), AdvValidLifetime: (p, v) => (p.valid = number(v)), AdvPreferredLifetime: (p, v) => (p.preferred = number(v)),
  AdvRouterAddr: () => {}, DeprecatePrefix: () => {},
};

function readPrefix(r: Reader, i: Interface): Failure | undefined {
  const [text = "", len = ""] = r.take().split("/");
  const addr = parseIpv6(text);
  if (addr === undefined || !/^[0-9]+$/.test(len)) return r.fail();
  const p: Prefix = { addr, len: Number(len), onlink: true, autonomous: true, valid: 86400, preferred: 14400 };
  const bad = readBlock(r, (word, v) => {
    PREFIX_WORDS[word]?.(p, v);
    return PREFIX_WORDS[word] !== undefined;
  });
  if (bad === undefined) i.prefixes.push(p);
  return bad;
}

function readDns(r: Reader, i: Interface): Failure | undefined {
  const d: Dns = { servers: [], lifetime: undefined };
  while (r.word !== "{" && r.word !== ";" && !r.done) {
    const a = parseIpv6(r.take());
    if (a === undefined) return r.fail();
    d.servers.push(a);
  }
  i.dns.push(d);
  return readBlock(r, (word, v) => {
    if (word === "AdvRDNSSLifetime") d.lifetime = number(v);
    return word === "AdvRDNSSLifetime" || word === "FlushRDNSS";
  });
}

/** `{ name value; ... };`, or just the semicolon. */
function readBlock(r: Reader, set: (word: string, value: string) => boolean): Failure | undefined {
  if (r.word === ";") return void r.take();
  const open = r.expect("{");
  if (open !== undefined) return open;
  while (r.word !== "}") {
    if (r.done) return r.fail();
    const word = r.take();
    const v = r.value();
    if (typeof v !== "string") return v;
    if (!set(word, v)) return r.fail();
  }
  r.take();
  return r.expect(";");
}

function readInterface(r: Reader): Interface | Failure {
  const i: Interface = {
    name: r.take(), send: false, min: undefined, max: 600, managed: false, other: false, mtu: 0, reachable: 0, retrans: 0, hopLimit: 64, lifetime: undefined, preference: 0, withLladdr: true, unicastOnly: false, prefixes: [], dns: [],
  };
  const open = r.expect("{");
  if (open !== undefined) return open;
  while (r.word !== "}") {
    if (r.done) return r.fail();
    const word = r.take();
    let bad: Failure | undefined;
    if (word === "prefix") bad = readPrefix(r, i);
    else if (word === "RDNSS") bad = readDns(r, i);
    else if (INTERFACE_WORDS[word] === undefined) return r.fail();
    else {
      const v = r.value();
      if (typeof v === "string") INTERFACE_WORDS[word](i, v);
      else bad = v;
    }
    if (bad !== undefined) return bad;
  }
  r.take();
  return r.expect(";") ?? i;
}

function readConfig(text: string): Interface[] | Failure {
  const r = new Reader(text);
  const out: Interface[] = [];
  while (!r.done) {
    if (r.take() !== "interface") return r.fail();
    const i = readInterface(r);
    if ("text" in i) return i;
    out.push(i);
  }
  return out;
}

// -- advertising ------------------------------------------------------------------------------------------------------

/** In radvd's order: prefixes, DNS servers, MTU, our own address. */
function advert(i: Interface, link: LinkInfo, lifetime: number): Uint8Array {
  const options: number[] = [];
  const word = (n: number): number[] => [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
  for (const p of i.prefixes) options.push(3, 4, p.len, (p.onlink ? 0x80 : 0) | (p.autonomous ? 0x40 : 0), ...word(p.valid), ...word(p.preferred), 0, 0, 0, 0, ...p.addr);
  for (const d of i.dns) options.push(25, 1 + 2 * d.servers.length, 0, 0, ...word(d.lifetime ?? i.max), ...d.servers.flatMap((s) => [...s]));
  if (i.mtu !== 0) options.push(5, 1, 0, 0, ...word(i.mtu));
  if (i.withLladdr) options.push(1, 1, ...link.lladdr);
  const b = new Uint8Array(16 + options.length);
  b[0] = ICMPV6_TYPE.ROUTER_ADVERT;
  b[4] = i.hopLimit;
  b[5] = (i.managed ? 0x80 : 0) | (i.other ? 0x40 : 0) | (i.preference << 3);
  setU16(b, 6, lifetime);
  setU32(b, 8, i.reachable);
  setU32(b, 12, i.retrans);
  b.set(options, 16);
  return b;
}

class Advertiser {
  readonly config: Interface;
  readonly link: LinkInfo;
  readonly sock: Raw6Sock;
  private readonly random: RandomStream;
  private sent = 0;
  next: Nanos;

  constructor(proc: Process, config: Interface, link: LinkInfo) {
    this.config = config;
    this.link = link;
    this.random = proc.machine.random(`radvd ${proc.pid} ${link.name}`);
    this.sock = proc.netns.raw6(58);
    this.sock.set({ bindToDevice: link.ifindex, multicastHops: 255, hoplimit: 255, multicastLoop: false });
    this.sock.setFilter([ICMPV6_TYPE.ROUTER_SOLICIT]);
    this.sock.join(ALL_ROUTERS, link.ifindex);
    this.next = proc.now;
  }

  get lifetime(): number {
    return this.config.lifetime ?? 3 * this.config.max;
  }

  /** To everybody. */
  announce(proc: Process): void {
    const { config, link } = this;
    if (!config.unicastOnly) this.sock.send(advert(config, link, this.lifetime), ALL_NODES, link.ifindex);
    this.sent++;
    const min = config.min ?? Math.max(Math.floor(config.max / 3), 3);
    let wait = min + (this.random.below(1000) * Math.max(config.max - min, 0)) / 1000;
    if (this.sent < INITIAL.COUNT) wait = Math.min(wait, INITIAL.INTERVAL);
    this.next = proc.now + Math.round(wait * SECOND);
  }

  /** Who asked is answered alone; who asked without an address, with all the others. */
  answer(proc: Process): void {
    for (let r = this.sock.recv(); typeof r !== "string"; r = this.sock.recv()) {
      if (r.hoplimit !== 255) continue;
      if (r.from.every((b) => b === 0)) this.announce(proc);
      else this.sock.send(advert(this.config, this.link, this.lifetime), r.from, this.link.ifindex);
    }
  }

  /** The last word: this is no router any more. */
  retire(): void {
    this.sock.send(advert(this.config, this.link, 0), ALL_NODES, this.link.ifindex);
    this.sock.close();
  }
}

export const radvd = defineCommand({
  name: "radvd",
  dir: "/usr/sbin",
  man: {
    summary: "advertise a router and its prefixes to the hosts of a link",
    synopsis: ["radvd -n [-C file] [-p pidfile] [-m method]"],
    emulated: [
      "Reads /etc/radvd.conf (-C: another file): interface { AdvSendAdvert, MinRtrAdvInterval, MaxRtrAdvInterval, AdvManagedFlag, AdvOtherConfigFlag, AdvLinkMTU, AdvReachableTime, AdvRetransTimer, AdvCurHopLimit, AdvDefaultLifetime, AdvDefaultPreference, AdvSourceLLAddress, UnicastOnly }.",
      "prefix P { AdvOnLink, AdvAutonomous, AdvValidLifetime, AdvPreferredLifetime }, RDNSS servers { AdvRDNSSLifetime }.",
      "Advertises at once, then now and then; answers router solicitations; says good-bye when it is ended. -c: only reads the file.",
    ],
    notEmulated: ["Running in the background without -n, route, DNSSL, clients, abro and other blocks, log methods."],
    examples: ["radvd -n -m none -C /etc/radvd.conf -p /run/radvd.pid &"],
  },
  *run(proc, args) {
    const given = getopt(args, "C:d:f:hl:m:np:t:u:vc", { config: "C:", debug: "d:", facility: "f:", help: "h", logfile: "l:", logmethod: "m:", nodaemon: "n", pidfile: "p:", chrootdir: "t:", username: "u:", version: "v", configtest: "c" });
    const last = (key: string): string | undefined => given.options.filter((x) => x.key === key).at(-1)?.value;
    const has = (key: string): boolean => given.options.some((x) => x.key === key);
    if (given.error !== undefined) {
      yield* proc.warn(`${proc.name}: ${given.error}\n`);
      return 1;
    }
    if (has("v")) {
      yield* proc.print("Version: 2.19\n");
      return 0;
    }
    const path = last("C") ?? "/etc/radvd.conf";
    const file = proc.machine.fs.readFile(proc, path);
    if (!file.ok) {
      if (last("m") !== "none") yield* proc.warn(`can't open ${path}: No such file or directory\n`);
      return 1;
    }
    const config = readConfig(decodeUtf8(file.value));
    if ("text" in config) {
      yield* proc.warn(`${path}:${config.line} error: ${config.text}\n`);
      return 1;
    }
    if (has("c")) return 0;
    if (!has("n")) return yield* notEmulated(proc, "radvd without -n");
    return yield* serve(proc, config, last("p"));
  },
});

function* serve(proc: Process, config: readonly Interface[], pidfile: string | undefined): Run<number> {
  const advertisers: Advertiser[] = [];
  for (const i of config) {
    const link = proc.netns.rtnl.link(i.name);
    if (link !== undefined && i.send) advertisers.push(new Advertiser(proc, i, link));
  }
  if (pidfile !== undefined) proc.machine.fs.writeFile(pidfile, encodeUtf8(`${proc.pid}\n`), { mode: 0o644 });
  let ending = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    proc.onSignal(signal, () => {
      ending = true;
    });
  }
  while (!ending) {
    for (const a of advertisers) {
      a.answer(proc);
      if (proc.now >= a.next) a.announce(proc);
    }
    const until = Math.min(...advertisers.map((a) => a.next));
    yield { read: advertisers.map((a) => a.sock), ...(advertisers.length > 0 && { until }) };
  }
  for (const a of advertisers) a.retire();
  if (pidfile !== undefined) proc.machine.fs.unlink(pidfile);
  return 0;
}
