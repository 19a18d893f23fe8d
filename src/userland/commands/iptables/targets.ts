/** Options of the targets: extensions/libxt_*.c and libipt_*.c of iptables 1.8.9; iptables-extensions(8). */
import { parseIpv4 } from "../../../wire/ipv4.ts";
import type { XtNat, XtTarget } from "../../../kernel/netfilter/types.ts";
import type { Draft, Extension, Option, ParseContext } from "./extension.ts";
import { wrong } from "./fail.ts";
import { dscpClass, markMask } from "./matches.ts";
import { parseAddrMask, parseUint } from "./numbers.ts";

const opt = (name: string, args: Option["args"], parse: Option["parse"]): Option => ({ name, args, parse });
const flag = (name: string, key: string): Option => opt(name, 0, (d) => void (d[key] = true));

/** Name, alias, as they are listed. */
const REJECTS: readonly (readonly [string, string])[] = [
  ["icmp-net-unreachable", "net-unreach"], ["icmp-host-unreachable", "host-unreach"], ["icmp-proto-unreachable", "proto-unreach"], ["icmp-port-unreachable", "port-unreach"],
  ["icmp-net-prohibited", "net-prohib"], ["icmp-host-prohibited", "host-prohib"], ["tcp-reset", "tcp-rst"], ["icmp-admin-prohibited", "admin-prohib"],
];

const reject: Extension = {
  name: "REJECT",
  options: [
    opt("reject-with", 1, (d, v) => {
      const hit = REJECTS.find(([a, b]) => a.startsWith(v.toLowerCase()) || b.startsWith(v.toLowerCase()));
      if (hit === undefined) wrong(`unknown reject type "${v}"`);
      else d["with"] = hit[0];
    }),
  ],
  target: (d) => ({ name: "REJECT", with: (d["with"] as string | undefined) ?? "icmp-port-unreachable" }),
};

export const LOG_LEVELS: readonly (readonly [string, number])[] = [["alert", 1], ["crit", 2], ["debug", 7], ["emerg", 0], ["error", 3], ["info", 6], ["notice", 5], ["panic", 0], ["warning", 4]];
export const LOG_FLAGS: readonly (readonly [string, string, number])[] = [["log-tcp-sequence", "tcp-sequence", 1], ["log-tcp-options", "tcp-options", 2], ["log-ip-options", "ip-options", 4], ["log-uid", "uid", 8], ["log-macdecode", "macdecode", 32]];

const log: Extension = {
  name: "LOG",
  options: [
    opt("log-prefix", 1, (d, v) => {
      if (v.length > 29) wrong("Maximum prefix length 29 for --log-prefix");
      d["prefix"] = v;
    }),
    opt("log-level", 1, (d, v) => {
      const hit = parseUint(v, 7) ?? LOG_LEVELS.find(([n]) => n.startsWith(v.toLowerCase()))?.[1];
      if (hit === undefined) wrong(`log-level "${v}" unknown`);
      d["level"] = hit;
    }),
    ...LOG_FLAGS.map(([name]) => opt(name, 0, (d) => {
      d["flags"] = [...((d["flags"] as string[] | undefined) ?? []), name];
    })),
  ],
  target: (d) => ({ name: "LOG", prefix: (d["prefix"] as string | undefined) ?? "", level: (d["level"] as number | undefined) ?? 4, flags: (d["flags"] as string[] | undefined) ?? [] }),
};

const markTarget: Extension = {
  name: "MARK",
  options: [
    opt("set-xmark", 1, (d, v) => void Object.assign(d, markMask(v, "set-xmark", "MARK"))),
    opt("set-mark", 1, (d, v) => {
      const m = markMask(v, "set-mark", "MARK");
      Object.assign(d, { mark: m.mark, mask: (m.mark | m.mask) >>> 0 });
    }),
    opt("and-mark", 1, (d, v) => void Object.assign(d, { mark: 0, mask: ~markMask(v, "and-mark", "MARK").mark >>> 0 })),
    opt("or-mark", 1, (d, v) => {
      const m = markMask(v, "or-mark", "MARK").mark;
      Object.assign(d, { mark: m, mask: m });
    }),
    opt("xor-mark", 1, (d, v) => void Object.assign(d, { mark: markMask(v, "xor-mark", "MARK").mark, mask: 0 })),
  ],
  target(d) {
    if (d["mark"] === undefined) wrong("MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required");
    return { name: "MARK", mark: d["mark"] as number, mask: d["mask"] as number };
  },
};

const maskOption = (name: string, keys: readonly string[]): Option =>
  opt(name, 1, (d, v) => {
    const n = parseUint(v);
    if (n === undefined) wrong(`CONNMARK: bad value for option "--${name}", or out of range.`);
    for (const k of keys) d[k] = n;
  });
const connmark: Extension = {
  name: "CONNMARK",
  options: [
    opt("set-xmark", 1, (d, v) => void Object.assign(d, markMask(v, "set-xmark", "CONNMARK"), { mode: "set" })),
    opt("set-mark", 1, (d, v) => {
      const m = markMask(v, "set-mark", "CONNMARK");
      Object.assign(d, { mark: m.mark, mask: (m.mark | m.mask) >>> 0, mode: "set" });
    }),
    opt("and-mark", 1, (d, v) => void Object.assign(d, { mark: 0, mask: ~markMask(v, "and-mark", "CONNMARK").mark >>> 0, mode: "set" })),
    opt("or-mark", 1, (d, v) => {
      const m = markMask(v, "or-mark", "CONNMARK").mark;
      Object.assign(d, { mark: m, mask: m, mode: "set" });
    }),
    opt("xor-mark", 1, (d, v) => void Object.assign(d, { mark: markMask(v, "xor-mark", "CONNMARK").mark, mask: 0, mode: "set" })),
    opt("save-mark", 0, (d) => void (d["mode"] = "save")), opt("restore-mark", 0, (d) => void (d["mode"] = "restore")),
    maskOption("nfmask", ["nfmask"]), maskOption("ctmask", ["ctmask"]), maskOption("mask", ["nfmask", "ctmask"]),
  ],
  target(d) {
    if (d["mode"] === undefined) wrong("CONNMARK target: No operation specified");
    const n = (k: string, fallback: number): number => (d[k] as number | undefined) ?? fallback;
    return { name: "CONNMARK", mode: d["mode"] as "set", mark: n("mark", 0), mask: n("mask", 0xffffffff), nfmask: n("nfmask", 0xffffffff), ctmask: n("ctmask", 0xffffffff) };
  },
};

// -- NAT --------------------------------------------------------------------------------------------------------------

function needPorts(c: ParseContext): void {
  if (c.protocol === undefined || c.protocol.inv || ![6, 17, 132, 33, 1].includes(c.protocol.number)) wrong("Need TCP, UDP, SCTP or DCCP with port specification");
}

/** "80", "80-90", with "/base" behind for a shifted range. */
function natPorts(text: string, c: ParseContext): { minPort: number; maxPort: number; basePort?: number } {
  needPorts(c);
  const [range, base] = text.split("/");
  const [a, b] = range!.split("-");
  const min = parseUint(a!, 65535);
  if (min === undefined) wrong(`Port \`${a}' not valid`);
  const max = b === undefined ? min : parseUint(b, 65535);
  if (max === undefined) wrong(`Port range \`${range}' invalid`);
  if (max! < min!) wrong(`Port range \`${range}' funky`);
  const out: { minPort: number; maxPort: number; basePort?: number } = { minPort: min!, maxPort: max! };
  if (base !== undefined) {
    const n = parseUint(base, 65535);
    if (n === undefined) wrong(`Port \`${base}' not valid`);
    out.basePort = n!;
  }
  return out;
}

/** "[addr[-addr]][:port[-port]]" */
function natSpec(text: string, c: ParseContext): Partial<XtNat> {
  const colon = text.indexOf(":");
  const addresses = colon < 0 ? text : text.slice(0, colon);
  const out: Partial<XtNat> = {};
  if (colon >= 0) Object.assign(out, natPorts(text.slice(colon + 1), c));
  if (addresses === "") {
    if (colon < 0) wrong(`Bad IP address "${addresses}"`);
    return out;
  }
  const [a, b] = addresses.split("-");
  const min = parseIpv4(a!);
  if (min === undefined) wrong(`Bad IP address "${a}"`);
  out.min = min!;
  if (b !== undefined) {
    const max = parseIpv4(b);
    if (max === undefined) wrong(`Bad IP address "${b}"`);
    out.max = max!;
  }
  return out;
}

function nat(d: Draft): XtNat {
  return { ...((d["spec"] as Partial<XtNat> | undefined) ?? {}), random: d["random"] === true, fullyRandom: d["fullyRandom"] === true, persistent: d["persistent"] === true };
}

function natTarget(name: "SNAT" | "DNAT", option: string): Extension {
  return {
    name,
    options: [
      opt(option, 1, (d, v, _inv, c) => {
        if (d["spec"] !== undefined) wrong(`${name}: Multiple --${option} not supported`);
        d["spec"] = natSpec(v, c);
      }),
      flag("random", "random"), flag("random-fully", "fullyRandom"), flag("persistent", "persistent"),
    ],
    target(d) {
      if (d["spec"] === undefined) wrong(`${name}: option "--${option}" must be specified`);
      return { name, nat: nat(d) };
    },
  };
}

function portsTarget(name: "MASQUERADE" | "REDIRECT"): Extension {
  return {
    name,
    options: [opt("to-ports", 1, (d, v, _inv, c) => void (d["spec"] = natPorts(v, c))), flag("random", "random"), flag("random-fully", "fullyRandom")],
    target: (d) => ({ name, nat: nat(d) }),
  };
}

const netmap: Extension = {
  name: "NETMAP",
  options: [opt("to", 1, (d, v) => void (d["to"] = parseAddrMask(v)))],
  target(d) {
    const to = d["to"] as { addr: number; mask: number } | undefined;
    if (to === undefined) return wrong('NETMAP: option "--to" must be specified');
    return { name: "NETMAP", ...to };
  },
};

// -- the rest ---------------------------------------------------------------------------------------------------------

const tcpmss: Extension = {
  name: "TCPMSS",
  options: [
    opt("set-mss", 1, (d, v) => {
      const n = parseUint(v, 65495);
      if (n === undefined) wrong('TCPMSS: bad value for option "--set-mss", or out of range (0-65495).');
      d["mss"] = n;
    }),
    opt("clamp-mss-to-pmtu", 0, (d) => void (d["clamp"] = true)),
  ],
  target(d) {
    if (d["mss"] === undefined && d["clamp"] === undefined) wrong("TCPMSS target: At least one parameter is required");
    return { name: "TCPMSS", clamp: d["clamp"] === true, mss: (d["mss"] as number | undefined) ?? 0 };
  },
};

const ct: Extension = {
  name: "CT",
  options: [
    flag("notrack", "notrack"),
    opt("zone", 1, (d, v) => {
      const n = parseUint(v, 65535);
      if (n === undefined) wrong(`Cannot parse ${v} as a zone ID\n`);
      d["zone"] = n;
    }),
    opt("helper", 1, (d, v) => void (d["helper"] = v)),
  ],
  target: (d) => ({ name: "CT", notrack: d["notrack"] === true, zone: (d["zone"] as number | undefined) ?? 0, helper: (d["helper"] as string | undefined) ?? "" }),
};

const ttlNumber = (name: string, mode: string): Option =>
  opt(name, 1, (d, v) => {
    const n = parseUint(v, 255);
    if (n === undefined) wrong(`TTL: bad value for option "--${name}", or out of range (0-255).`);
    Object.assign(d, { mode, value: n });
  });
const ttl: Extension = {
  name: "TTL",
  options: [ttlNumber("ttl-set", "set"), ttlNumber("ttl-dec", "dec"), ttlNumber("ttl-inc", "inc")],
  target(d) {
    if (d["mode"] === undefined) wrong("TTL: You must specify an action");
    return { name: "TTL", mode: d["mode"] as "set", value: d["value"] as number };
  },
};

const tos: Extension = {
  name: "TOS",
  options: [
    opt("set-tos", 1, (d, v) => {
      const [a, b] = v.split("/");
      const value = parseUint(a!, 255);
      const mask = b === undefined ? 255 : parseUint(b, 255);
      if (value === undefined || mask === undefined) wrong('TOS: bad value for option "--set-tos", or out of range');
      Object.assign(d, { value, mask });
    }),
  ],
  target(d) {
    if (d["value"] === undefined) wrong("TOS: An action is required");
    return { name: "TOS", value: d["value"] as number, mask: d["mask"] as number };
  },
};

const dscp: Extension = {
  name: "DSCP",
  options: [
    opt("set-dscp", 1, (d, v) => {
      const n = parseUint(v, 63);
      if (n === undefined) wrong('DSCP: bad value for option "--set-dscp", or out of range (0-63).');
      d["value"] = n;
    }),
    opt("set-dscp-class", 1, (d, v) => void (d["value"] = dscpClass(v))),
  ],
  target(d) {
    if (d["value"] === undefined) wrong("DSCP target: Parameter --set-dscp is required");
    return { name: "DSCP", value: d["value"] as number };
  },
};

const setOption = (name: string, key: "add" | "del"): Option =>
  opt(name, 2, (d, v, _inv, c, second) => {
    if (c.proc.netns.ipsets.get(v) === undefined) wrong(`Set ${v} doesn't exist.`);
    const dims = second.split(",");
    for (const x of dims) if (x !== "src" && x !== "dst") wrong("You must spefify (the comma separated list of) 'src' or 'dst'.");
    d[key] = { set: v, dims, exist: false };
  });
const set: Extension = {
  name: "SET",
  options: [
    setOption("add-set", "add"), setOption("del-set", "del"), flag("exist", "exist"),
    opt("timeout", 1, (d, v) => {
      const n = parseUint(v);
      if (n === undefined) wrong("Invalid value for option --timeout or out of range");
      d["timeout"] = n;
    }),
  ],
  target(d) {
    const add = d["add"] as { set: string; dims: ("src" | "dst")[]; exist: boolean; timeout?: number } | undefined;
    const del = d["del"] as { set: string; dims: ("src" | "dst")[] } | undefined;
    if (add === undefined && del === undefined) wrong("You must specify either `--add-set' or `--del-set' or `--map-set'");
    if (add !== undefined) {
      add.exist = d["exist"] === true;
      if (d["timeout"] !== undefined) add.timeout = d["timeout"] as number;
    }
    return { name: "SET", ...(add !== undefined && { add }), ...(del !== undefined && { del }) } as XtTarget;
  },
};

export const TARGETS: readonly Extension[] = [
  reject, log, markTarget, connmark, natTarget("SNAT", "to-source"), natTarget("DNAT", "to-destination"), portsTarget("MASQUERADE"), portsTarget("REDIRECT"), netmap, tcpmss, ct, ttl, tos, dscp, set,
  { name: "NOTRACK", options: [], target: () => ({ name: "NOTRACK" }) },
];

/** Real targets that are not here. */
export const UNEMULATED_TARGETS: ReadonlySet<string> = new Set([
  "AUDIT", "CHECKSUM", "CLASSIFY", "CLUSTERIP", "CONNSECMARK", "DNPT", "ECN", "HL", "HMARK", "IDLETIMER", "LED", "NFLOG", "NFQUEUE", "RATEEST", "SECMARK", "SNPT", "SYNPROXY", "TCPOPTSTRIP", "TEE", "TPROXY", "TRACE", "ULOG",
]);
