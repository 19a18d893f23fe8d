/** Options of the matches: extensions/libxt_*.c and libipt_*.c of iptables 1.8.9; iptables-extensions(8). */
import { SECOND } from "../../../sim/time.ts";
import { parseIpv4 } from "../../../wire/ipv4.ts";
import { CT_STATE, CT_STATUS, type XtMatch } from "../../../kernel/netfilter/types.ts";
import type { Draft, Extension, Option, ParseContext } from "./extension.ts";
import { wrong } from "./fail.ts";
import { parseAddrMask, parsePort, parsePortRange, parseProtocol, parseUint } from "./numbers.ts";

const built = (name: string, d: Draft): XtMatch => ({ name, ...d }) as unknown as XtMatch;
const opt = (name: string, args: Option["args"], parse: Option["parse"], invertible = true): Option => ({ name, args, parse, invertible });

const upper = (s: string): string => s.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));

// -- ports ------------------------------------------------------------------------------------------------------------

function portOption(name: string, key: "spt" | "dpt", protocol: "tcp" | "udp"): Option {
  return opt(name, 1, (d, v, inv, c) => {
    d[key] = { ...parsePortRange(c.proc, v, protocol), inv };
  });
}

/** Flag names in the order of their bits, as they are listed. */
export const TCP_FLAGS: readonly (readonly [string, number])[] = [["FIN", 1], ["SYN", 2], ["RST", 4], ["PSH", 8], ["ACK", 16], ["URG", 32]];

function tcpFlags(text: string): number {
  let bits = 0;
  for (const word of text.split(",")) {
    const name = upper(word);
    const bit = name === "ALL" ? 63 : name === "NONE" ? 0 : TCP_FLAGS.find(([n]) => n === name)?.[1];
    if (bit === undefined) wrong(`Unknown TCP flag \`${word}'`);
    else bits |= bit;
  }
  return bits;
}

const tcp: Extension = {
  name: "tcp",
  options: [
    portOption("source-port", "spt", "tcp"), portOption("sport", "spt", "tcp"), portOption("destination-port", "dpt", "tcp"), portOption("dport", "dpt", "tcp"),
    opt("syn", 0, (d, _v, inv) => {
      d["flags"] = { mask: 0x17, cmp: 2, inv };
    }),
    opt("tcp-flags", 2, (d, v, inv, _c, second) => {
      d["flags"] = { mask: tcpFlags(v), cmp: tcpFlags(second), inv };
    }),
    opt("tcp-option", 1, (d, v, inv) => {
      const kind = parseUint(v, 255);
      if (kind === undefined || kind === 0) wrong(`Bad TCP option "${v}"`);
      d["option"] = { kind, inv };
    }),
  ],
  match: (d) => built("tcp", d),
};

const udp: Extension = {
  name: "udp",
  options: [portOption("source-port", "spt", "udp"), portOption("sport", "spt", "udp"), portOption("destination-port", "dpt", "udp"), portOption("dport", "dpt", "udp")],
  match: (d) => built("udp", d),
};

const multiportOption = (name: string, side: "source" | "dest" | "either"): Option =>
  opt(name, 1, (d, v, inv, c) => {
    const p = c.protocol;
    if (p === undefined || p.inv || ![6, 17, 132, 33, 136].includes(p.number)) wrong("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'");
    const name2 = p!.number === 17 ? "udp" : "tcp";
    const ports = v.split(",").map((t) => {
      const [a, b] = t.split(":");
      const low = parsePort(c.proc, a!, name2);
      const high = b === undefined ? low : parsePort(c.proc, b, name2);
      if (b !== undefined && low >= high) wrong("invalid portrange specified");
      return { low, high };
    });
    if (ports.reduce((n, r) => n + (r.low === r.high ? 1 : 2), 0) > 15) wrong("too many ports specified");
    d["side"] = side;
    d["ports"] = ports;
    d["inv"] = inv;
  });

const multiport: Extension = {
  name: "multiport",
  options: [
    multiportOption("source-ports", "source"), multiportOption("sports", "source"), multiportOption("destination-ports", "dest"), multiportOption("dports", "dest"), multiportOption("ports", "either"),
  ],
  match(d) {
    if (d["side"] === undefined) wrong("multiport expection an option");
    return built("multiport", d);
  },
};

// -- ICMP -------------------------------------------------------------------------------------------------------------

/** Name, type, lowest and highest code. */
export const ICMP_NAMES: readonly (readonly [string, number, number, number])[] = [
  ["any", 255, 0, 255], ["echo-reply", 0, 0, 255], ["pong", 0, 0, 255], ["destination-unreachable", 3, 0, 255], ["network-unreachable", 3, 0, 0], ["host-unreachable", 3, 1, 1],
  ["protocol-unreachable", 3, 2, 2], ["port-unreachable", 3, 3, 3], ["fragmentation-needed", 3, 4, 4], ["source-route-failed", 3, 5, 5], ["network-unknown", 3, 6, 6], ["host-unknown", 3, 7, 7],
  ["network-prohibited", 3, 9, 9], ["host-prohibited", 3, 10, 10], ["TOS-network-unreachable", 3, 11, 11], ["TOS-host-unreachable", 3, 12, 12], ["communication-prohibited", 3, 13, 13],
  ["host-precedence-violation", 3, 14, 14], ["precedence-cutoff", 3, 15, 15], ["source-quench", 4, 0, 255], ["redirect", 5, 0, 255], ["network-redirect", 5, 0, 0], ["host-redirect", 5, 1, 1],
  ["TOS-network-redirect", 5, 2, 2], ["TOS-host-redirect", 5, 3, 3], ["echo-request", 8, 0, 255], ["ping", 8, 0, 255], ["router-advertisement", 9, 0, 255], ["router-solicitation", 10, 0, 255],
  ["time-exceeded", 11, 0, 255], ["ttl-exceeded", 11, 0, 255], ["ttl-zero-during-transit", 11, 0, 0], ["ttl-zero-during-reassembly", 11, 1, 1], ["parameter-problem", 12, 0, 255],
  ["ip-header-bad", 12, 0, 0], ["required-option-missing", 12, 1, 1], ["timestamp-request", 13, 0, 255], ["timestamp-reply", 14, 0, 255], ["address-mask-request", 17, 0, 255], ["address-mask-reply", 18, 0, 255],
];

const icmp: Extension = {
  name: "icmp",
  options: [
    opt("icmp-type", 1, (d, v, inv) => {
      const m = /^(\d+)(?:\/(\d+))?$/.exec(v);
      if (m !== null) {
        const type = Number(m[1]);
        const code = m[2] === undefined ? undefined : Number(m[2]);
        if (type > 255) wrong(`Invalid ICMP type \`${m[1]}'\n`);
        Object.assign(d, { type, low: code ?? 0, high: code ?? 255, inv });
        return;
      }
      const hits = ICMP_NAMES.filter(([name]) => name.toLowerCase().startsWith(v.toLowerCase()));
      const exact = hits.find(([name]) => name.toLowerCase() === v.toLowerCase());
      if (hits.length === 0) wrong(`Unknown ICMP type \`${v}'`);
      const hit = exact ?? hits[0]!;
      if (exact === undefined && hits.length > 1) wrong(`Ambiguous ICMP type \`${v}': \`${hits[0]![0]}' or \`${hits[1]![0]}'?`);
      Object.assign(d, { type: hit[1], low: hit[2], high: hit[3], inv });
    }),
  ],
  match: (d) => built("icmp", d["type"] === undefined ? { type: 255, low: 0, high: 255, inv: false } : d),
};

// -- conntrack --------------------------------------------------------------------------------------------------------

function stateBitsOf(text: string, what: string): number {
  let bits = 0;
  for (const word of text.split(",")) {
    const bit = (CT_STATE as Readonly<Record<string, number>>)[upper(word)];
    if (bit === undefined) wrong(`Bad ${what} "${word}"`);
    else bits |= bit;
  }
  return bits;
}

const addrOption = (name: string, key: string): Option =>
  opt(name, 1, (d, v, inv) => {
    d[key] = { ...parseAddrMask(v), inv };
  });
const ctPort = (name: string, key: string): Option =>
  opt(name, 1, (d, v, inv, c) => {
    d[key] = { ...parsePortRange(c.proc, v, undefined), inv };
  });

function uintRange(text: string, what: string): { low: number; high: number } {
  const [a, b] = text.split(":");
  const low = a === "" ? 0 : parseUint(a!);
  const high = b === undefined ? low : b === "" ? 0xffffffff : parseUint(b);
  if (low === undefined || high === undefined) return wrong(`${what}: bad value for option "--${what}", or out of range`);
  return { low, high };
}

const conntrack: Extension = {
  name: "conntrack",
  options: [
    opt("ctstate", 1, (d, v, inv) => {
      d["state"] = { bits: stateBitsOf(v, "ctstate"), inv };
    }),
    opt("ctproto", 1, (d, v, inv, c) => {
      d["proto"] = { number: parseProtocol(c.proc, v), inv };
    }),
    addrOption("ctorigsrc", "origSrc"), addrOption("ctorigdst", "origDst"), addrOption("ctreplsrc", "replSrc"), addrOption("ctrepldst", "replDst"),
    ctPort("ctorigsrcport", "origSport"), ctPort("ctorigdstport", "origDport"), ctPort("ctreplsrcport", "replSport"), ctPort("ctrepldstport", "replDport"),
    opt("ctstatus", 1, (d, v, inv) => {
      let bits = 0;
      for (const word of v.split(",")) {
        const bit = (CT_STATUS as Readonly<Record<string, number>>)[upper(word)];
        if (bit === undefined) wrong(`Bad ctstatus "${word}"`);
        else bits |= bit;
      }
      d["status"] = { bits, inv };
    }),
    opt("ctexpire", 1, (d, v, inv) => {
      d["expire"] = { ...uintRange(v, "ctexpire"), inv };
    }),
    opt("ctdir", 1, (d, v, inv) => {
      const word = upper(v);
      if (word !== "ORIGINAL" && word !== "REPLY") wrong("conntrack");
      d["dir"] = { reply: word === "REPLY", inv };
    }),
  ],
  match(d) {
    if (Object.keys(d).length === 0) wrong("conntrack: At least one option is required");
    return built("conntrack", d);
  },
};

const state: Extension = {
  name: "state",
  options: [
    opt("state", 1, (d, v, inv) => {
      d["state"] = { bits: stateBitsOf(v, "state"), inv };
    }),
  ],
  match(d) {
    if (d["state"] === undefined) wrong("state: option \"--state\" must be specified");
    return built("state", d);
  },
};

// -- the rest ---------------------------------------------------------------------------------------------------------

const comment: Extension = {
  name: "comment",
  options: [
    opt("comment", 1, (d, v) => {
      if (v.length > 255) wrong('comment: option "--comment" exceeds maximum length of 255');
      d["text"] = v;
    }, false),
  ],
  match(d) {
    if (d["text"] === undefined) wrong("comment: option \"--comment\" must be specified");
    return built("comment", d);
  },
};

/** "value[/mask]" */
export function markMask(text: string, option: string, ext: string): { mark: number; mask: number } {
  const [a, b] = text.split("/");
  const mark = parseUint(a!);
  const mask = b === undefined ? 0xffffffff : parseUint(b);
  if (mark === undefined || mask === undefined) return wrong(`${ext}: bad integer value for option "--${option}", or out of range.`);
  return { mark, mask };
}

function markMatch(name: "mark" | "connmark"): Extension {
  return {
    name,
    options: [
      opt("mark", 1, (d, v, inv) => {
        Object.assign(d, markMask(v, "mark", name), { inv });
      }),
    ],
    match(d) {
      if (d["mark"] === undefined) wrong(`${name}: option "--mark" must be specified`);
      return built(name, d);
    },
  };
}

export const ADDR_TYPES = ["UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT", "THROW", "NAT", "XRESOLVE"] as const;

function addrTypes(text: string): string[] {
  return text.split(",").map((w) => {
    const t = upper(w);
    if (!(ADDR_TYPES as readonly string[]).includes(t)) wrong(`addrtype: bad type "${w}"`);
    return t;
  });
}

const addrtype: Extension = {
  name: "addrtype",
  options: [
    opt("src-type", 1, (d, v, inv) => {
      d["src"] = { types: addrTypes(v), inv };
    }),
    opt("dst-type", 1, (d, v, inv) => {
      d["dst"] = { types: addrTypes(v), inv };
    }),
    opt("limit-iface-in", 0, (d) => {
      d["limit"] = "in";
    }, false),
    opt("limit-iface-out", 0, (d) => {
      d["limit"] = "out";
    }, false),
  ],
  match(d) {
    if (d["src"] === undefined && d["dst"] === undefined) wrong("addrtype: you must specify --src-type or --dst-type");
    return built("addrtype", d);
  },
};

const mac: Extension = {
  name: "mac",
  options: [
    opt("mac-source", 1, (d, v, inv) => {
      const parts = v.split(":");
      if (parts.length !== 6 || parts.some((p) => !/^[0-9a-fA-F]{1,2}$/.test(p))) wrong("Invalid MAC address specified.");
      d["addr"] = Uint8Array.from(parts, (p) => Number.parseInt(p, 16));
      d["inv"] = inv;
    }),
  ],
  match(d) {
    if (d["addr"] === undefined) wrong("mac: option \"--mac-source\" must be specified");
    return built("mac", d);
  },
};

const UNITS: readonly (readonly [string, number])[] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
/** XT_LIMIT_SCALE: the kernel counts in ten-thousandths of a second. */
const LIMIT_SCALE = 10_000;

/** print_rate: the unit in which the rate is a whole number, if any. */
function rateText(period: number): string {
  const rates: readonly (readonly [string, number])[] = [["day", LIMIT_SCALE * 86400], ["hour", LIMIT_SCALE * 3600], ["min", LIMIT_SCALE * 60], ["sec", LIMIT_SCALE]];
  let i = 1;
  for (; i < rates.length; i++) if (period > rates[i]![1] || Math.floor(rates[i]![1] / period) < rates[i]![1] % period) break;
  return `${Math.floor(rates[i - 1]![1] / period)}/${rates[i - 1]![0]}`;
}

function parseRate(text: string): number | undefined {
  const m = /^(\d+)(?:\/(\w+))?$/.exec(text);
  if (m === null) return undefined;
  const unit = m[2] === undefined ? "second" : UNITS.find(([n]) => n.startsWith(m[2]!.toLowerCase()))?.[0];
  const seconds = UNITS.find(([n]) => n === unit)?.[1];
  const rate = Number(m[1]);
  if (seconds === undefined || rate === 0) return undefined;
  if (rate / seconds > LIMIT_SCALE) return undefined;
  return Math.floor((LIMIT_SCALE * seconds) / rate);
}

const limit: Extension = {
  name: "limit",
  options: [
    opt("limit", 1, (d, v) => {
      const period = parseRate(v);
      if (period === undefined) wrong(`bad rate "${v}"'`);
      d["scaled"] = period;
    }, false),
    opt("limit-burst", 1, (d, v) => {
      const n = parseUint(v, 10_000);
      if (n === undefined) wrong(`limit: bad value for option "--limit-burst", or out of range (0-10000).`);
      d["burst"] = n;
    }, false),
  ],
  match(d) {
    const scaled = (d["scaled"] as number | undefined) ?? (LIMIT_SCALE * 3600) / 3;
    return { name: "limit", period: scaled * (SECOND / LIMIT_SCALE), burst: (d["burst"] as number | undefined) ?? 5, shown: rateText(scaled) };
  },
};

const statistic: Extension = {
  name: "statistic",
  options: [
    opt("mode", 1, (d, v) => {
      if (v !== "random" && v !== "nth") wrong(`Bad mode "${v}"`);
      d["mode"] = v;
    }, false),
    opt("probability", 1, (d, v, inv) => {
      const p = /^\d*\.?\d+$/.test(v) ? Number(v) : undefined;
      if (p === undefined || p > 1) wrong('statistic: bad value for option "--probability", or out of range (0-1).');
      else d["probability"] = Math.round(p * 0x80000000);
      d["inv"] = inv;
    }),
    opt("every", 1, (d, v, inv) => {
      const n = parseUint(v);
      if (n === undefined || n === 0) wrong(`statistic: bad value for option "--every", or out of range (1-4294967295).`);
      d["every"] = n;
      d["inv"] = inv;
    }),
    opt("packet", 1, (d, v) => {
      const n = parseUint(v);
      if (n === undefined) wrong(`statistic: bad value for option "--packet", or out of range`);
      d["packet"] = n;
    }, false),
  ],
  match(d) {
    if (d["mode"] === undefined || d["mode"] === "random") {
      if (d["probability"] === undefined) wrong("--probability must be specified when using random mode");
      return { name: "statistic", mode: "random", probability: d["probability"] as number, inv: d["inv"] === true };
    }
    if (d["every"] === undefined) wrong("--every must be specified when using nth mode");
    if (d["packet"] === undefined) wrong('statistic: option "--every" also requires "--packet".');
    const packet = d["packet"] as number;
    if (packet >= (d["every"] as number)) wrong("the --packet p must be 0 <= p <= n-1");
    return { name: "statistic", mode: "nth", every: d["every"] as number, packet, inv: d["inv"] === true };
  },
};

const setOption: Extension = {
  name: "set",
  options: [
    opt("match-set", 2, (d, v, inv, c, second) => {
      if (d["set"] !== undefined) wrong("--match-set can be specified only once");
      if (v.length > 31) wrong(`setname \`${v}' too long, max 31 characters.`);
      if (c.proc.netns.ipsets.get(v) === undefined) wrong(`Set ${v} doesn't exist.`);
      const dims = second.split(",");
      for (const x of dims) if (x !== "src" && x !== "dst") wrong("You must spefify (the comma separated list of) 'src' or 'dst'.");
      if (dims.length > 6) wrong("Can't be more src/dst options than 6.");
      Object.assign(d, { set: v, dims, inv });
    }),
  ],
  match(d) {
    if (d["set"] === undefined) wrong("You must specify `--match-set' with proper arguments");
    return built("set", d);
  },
};

const physdevFlag = (name: string, key: string): Option => opt(name, 0, (d, _v, inv) => void (d[key] = { inv }));
const physdev: Extension = {
  name: "physdev",
  options: [
    opt("physdev-in", 1, (d, v, inv) => void (d["in"] = { name: v, inv })), opt("physdev-out", 1, (d, v, inv) => void (d["out"] = { name: v, inv })),
    physdevFlag("physdev-is-in", "isIn"), physdevFlag("physdev-is-out", "isOut"), physdevFlag("physdev-is-bridged", "isBridged"),
  ],
  match(d) {
    if (Object.keys(d).length === 0) wrong("PHYSDEV: no physdev option specified");
    return built("physdev", d);
  },
};

function ipRange(text: string): { low: number; high: number } {
  const [a, b] = text.split("-");
  const low = parseIpv4(a ?? "");
  if (low === undefined) return wrong(`iprange: Bad value for "--src-range" option: "${a}"`);
  const high = b === undefined ? low : parseIpv4(b);
  if (high === undefined) return wrong(`iprange: Bad value for "--src-range" option: "${b}"`);
  return { low, high };
}

const iprange: Extension = {
  name: "iprange",
  options: [
    opt("src-range", 1, (d, v, inv) => {
      d["src"] = { ...ipRange(v), inv };
    }),
    opt("dst-range", 1, (d, v, inv) => {
      d["dst"] = { ...ipRange(v), inv };
    }),
  ],
  match(d) {
    if (Object.keys(d).length === 0) wrong("iprange match: You must specify `--src-range' or `--dst-range'");
    return built("iprange", d);
  },
};

const idOption = (name: string, key: string): Option =>
  opt(name, 1, (d, v, inv) => {
    const [a, b] = v.split("-");
    const low = a === "root" ? 0 : parseUint(a!);
    const high = b === undefined ? low : parseUint(b);
    if (low === undefined || high === undefined) wrong(`owner: Bad value for "--${name}" option: "${v}"`);
    d[key] = { low, high, inv };
  });
const owner: Extension = {
  name: "owner",
  options: [idOption("uid-owner", "uid"), idOption("gid-owner", "gid"), opt("socket-exists", 0, (d, _v, inv) => void (d["socket"] = { inv }))],
  match(d) {
    if (Object.keys(d).length === 0) wrong("owner: At least one of --uid-owner, --gid-owner or --socket-exists is required");
    return built("owner", d);
  },
};

const recentCommand = (name: "set" | "rcheck" | "update" | "remove"): Option =>
  opt(name, 0, (d, _v, inv) => {
    if (d["command"] !== undefined) wrong("recent: only one of `--set', `--rcheck' `--update' or `--remove' may be set");
    d["command"] = name;
    d["inv"] = inv;
  });
const recentNumber = (name: string, key: string): Option =>
  opt(name, 1, (d, v) => {
    const n = parseUint(v);
    if (n === undefined) wrong(`recent: bad value for option "--${name}", or out of range`);
    d[key] = n;
  }, false);
const recent: Extension = {
  name: "recent",
  options: [
    recentCommand("set"), recentCommand("rcheck"), recentCommand("update"), recentCommand("remove"), recentNumber("seconds", "seconds"), recentNumber("hitcount", "hits"),
    opt("reap", 0, (d) => void (d["reap"] = true), false), opt("rttl", 0, (d) => void (d["rttl"] = true), false),
    opt("name", 1, (d, v) => void (d["list"] = v), false), opt("rsource", 0, (d) => void (d["side"] = "source"), false), opt("rdest", 0, (d) => void (d["side"] = "dest"), false),
    opt("mask", 1, (d, v) => {
      const m = parseIpv4(v);
      if (m === undefined) wrong(`recent: bad value for option "--mask", or out of range`);
      d["mask"] = m;
    }, false),
  ],
  match(d) {
    if (d["command"] === undefined) wrong("recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'");
    if (d["reap"] === true && d["seconds"] === undefined) wrong('recent: option "--reap" requires option "--seconds"');
    return {
      name: "recent", command: d["command"] as "set", list: (d["list"] as string | undefined) ?? "DEFAULT", inv: d["inv"] === true, seconds: (d["seconds"] as number | undefined) ?? 0, hits: (d["hits"] as number | undefined) ?? 0,
      reap: d["reap"] === true, rttl: d["rttl"] === true, mask: (d["mask"] as number | undefined) ?? 0xffffffff, side: (d["side"] as "source" | undefined) ?? "source",
    };
  },
};

const ttlOption = (name: string, op: "eq" | "lt" | "gt"): Option =>
  opt(name, 1, (d, v, inv) => {
    const n = parseUint(v, 255);
    if (n === undefined) wrong(`ttl: bad value for option "--${name}", or out of range (0-255).`);
    Object.assign(d, { op: inv ? "ne" : op, ttl: n });
  });
const ttl: Extension = {
  name: "ttl",
  options: [ttlOption("ttl-eq", "eq"), ttlOption("ttl-lt", "lt"), ttlOption("ttl-gt", "gt"), ttlOption("ttl", "eq")],
  match(d) {
    if (d["op"] === undefined) wrong("TTL match: You must specify one of `--ttl-eq', `--ttl-lt', `--ttl-gt");
    return built("ttl", d);
  },
};

const length: Extension = {
  name: "length",
  options: [
    opt("length", 1, (d, v, inv) => {
      const r = uintRange(v, "length");
      Object.assign(d, { low: r.low, high: Math.min(r.high, 65535), inv });
    }),
  ],
  match(d) {
    if (d["low"] === undefined) wrong("length: option \"--length\" must be specified");
    return built("length", d);
  },
};

export const PKT_TYPES: readonly (readonly [string, number])[] = [["unicast", 0], ["broadcast", 1], ["multicast", 2]];
const pkttype: Extension = {
  name: "pkttype",
  options: [
    opt("pkt-type", 1, (d, v, inv) => {
      const hit = v.toLowerCase() === "host" ? 0 : PKT_TYPES.find(([n]) => n === v.toLowerCase())?.[1];
      if (hit === undefined) wrong(`Bad packet type '${v}'`);
      Object.assign(d, { type: hit, inv });
    }),
  ],
  match(d) {
    if (d["type"] === undefined) wrong("pkttype: option \"--pkt-type\" must be specified");
    return built("pkttype", d);
  },
};

const tos: Extension = {
  name: "tos",
  options: [
    opt("tos", 1, (d, v, inv) => {
      const [a, b] = v.split("/");
      const value = parseUint(a!, 255);
      const mask = b === undefined ? 0xff : parseUint(b, 255);
      if (value === undefined || mask === undefined) wrong(`tos: bad value for option "--tos", or out of range`);
      Object.assign(d, { value, mask, inv });
    }),
  ],
  match(d) {
    if (d["value"] === undefined) wrong("tos: option \"--tos\" must be specified");
    return built("tos", d);
  },
};

export const DSCP_CLASSES: readonly (readonly [string, number])[] = [
  ["CS0", 0], ["CS1", 8], ["CS2", 16], ["CS3", 24], ["CS4", 32], ["CS5", 40], ["CS6", 48], ["CS7", 56], ["BE", 0], ["AF11", 10], ["AF12", 12], ["AF13", 14], ["AF21", 18], ["AF22", 20], ["AF23", 22],
  ["AF31", 26], ["AF32", 28], ["AF33", 30], ["AF41", 34], ["AF42", 36], ["AF43", 38], ["EF", 46],
];
export function dscpClass(v: string): number {
  const hit = DSCP_CLASSES.find(([n]) => n === upper(v))?.[1];
  return hit ?? wrong(`Invalid DSCP value \`${v}'\n`);
}
const dscp: Extension = {
  name: "dscp",
  options: [
    opt("dscp", 1, (d, v, inv) => {
      const n = parseUint(v, 63);
      if (n === undefined) wrong(`dscp: bad value for option "--dscp", or out of range (0-63).`);
      Object.assign(d, { value: n, inv });
    }),
    opt("dscp-class", 1, (d, v, inv) => {
      Object.assign(d, { value: dscpClass(v), inv });
    }),
  ],
  match(d) {
    if (d["value"] === undefined) wrong("DSCP match: Parameter --dscp is required");
    return built("dscp", d);
  },
};

const rpfilter: Extension = {
  name: "rpfilter",
  options: [
    opt("loose", 0, (d) => void (d["loose"] = true), false), opt("validmark", 0, (d) => void (d["validmark"] = true), false),
    opt("accept-local", 0, (d) => void (d["acceptLocal"] = true), false), opt("invert", 0, (d) => void (d["inv"] = true), false),
  ],
  match: (d) => ({ name: "rpfilter", loose: d["loose"] === true, validmark: d["validmark"] === true, acceptLocal: d["acceptLocal"] === true, inv: d["inv"] === true }),
};

export const MATCHES: readonly Extension[] = [
  tcp, udp, icmp, multiport, conntrack, state, comment, markMatch("mark"), markMatch("connmark"), addrtype, mac, limit, statistic, setOption, physdev, iprange, owner, recent, ttl, length, pkttype, tos, dscp, rpfilter,
];

/** Real matches that are not here. */
export const UNEMULATED_MATCHES: ReadonlySet<string> = new Set([
  "ah", "bpf", "cgroup", "cluster", "connbytes", "connlabel", "connlimit", "cpu", "dccp", "devgroup", "ecn", "esp", "hashlimit", "helper", "ipv6header", "ipvs", "nfacct", "osf", "policy", "quota", "rateest", "realm",
  "sctp", "socket", "string", "tcpmss", "time", "u32", "udplite", "srh",
]);

export type { ParseContext };
