/** Kernel parameters of a namespace, by dotted key. Documentation/networking/ip-sysctl.rst; defaults of 6.1. */
import type { Errno, Sysctls } from "./api.ts";
import { Ipv4Conf, type Ipv4ConfKey, NeighParms } from "./conf.ts";
import type { NetNamespace } from "./netns.ts";

interface Knob {
  value: string;
  /** Least and greatest number; undefined: text. */
  range?: readonly [number, number];
  readOnly?: boolean;
  /** How many numbers the value holds; default 1. */
  numbers?: number;
}

const INT: readonly [number, number] = [-2147483648, 2147483647];
const BOOL: readonly [number, number] = [0, 1];
const NATURAL: readonly [number, number] = [0, 2147483647];
const BYTE: readonly [number, number] = [0, 255];

/** What is written to it does not matter, and it cannot be read. */
const ROUTE_FLUSH = "net.ipv4.route.flush";
/** Keys that stand by themselves. Those of conf.* and neigh.* are made from the devices. */
const PLAIN: readonly (readonly [string, string, (readonly [number, number])?, number?])[] = [
  ["kernel.ostype", "Linux"],
  ["kernel.osrelease", "6.1.0-packetwalk"],
  ["kernel.pid_max", "32768", NATURAL],
  ["net.core.rmem_default", "212992", NATURAL],
  ["net.core.rmem_max", "212992", NATURAL],
  ["net.core.wmem_default", "212992", NATURAL],
  ["net.core.wmem_max", "212992", NATURAL],
  ["net.core.somaxconn", "4096", NATURAL],
  ["net.core.netdev_max_backlog", "1000", NATURAL],
  ["net.core.default_qdisc", "pfifo_fast"],
  ["net.ipv4.fib_multipath_hash_policy", "0", [0, 3]],
  ["net.ipv4.fib_multipath_use_neigh", "0", BOOL],
  ["net.ipv4.fwmark_reflect", "0", BOOL],
  ["net.ipv4.icmp_echo_ignore_all", "0", BOOL],
  ["net.ipv4.icmp_echo_ignore_broadcasts", "1", BOOL],
  ["net.ipv4.icmp_errors_use_inbound_ifaddr", "0", BOOL],
  ["net.ipv4.icmp_ignore_bogus_error_responses", "1", BOOL],
  ["net.ipv4.icmp_msgs_burst", "50", NATURAL],
  ["net.ipv4.icmp_msgs_per_sec", "1000", NATURAL],
  ["net.ipv4.icmp_ratelimit", "1000", NATURAL],
  ["net.ipv4.icmp_ratemask", "6168", NATURAL],
  ["net.ipv4.ip_default_ttl", "64", [1, 255]],
  ["net.ipv4.ip_forward_update_priority", "1", BOOL],
  ["net.ipv4.ip_forward_use_pmtu", "0", BOOL],
  ["net.ipv4.ip_local_port_range", "32768\t60999", [1, 65535], 2],
  ["net.ipv4.ip_no_pmtu_disc", "0", [0, 3]],
  ["net.ipv4.ip_nonlocal_bind", "0", BOOL],
  ["net.ipv4.ip_unprivileged_port_start", "1024", [0, 65535]],
  ["net.ipv4.ipfrag_high_thresh", "4194304", NATURAL],
  ["net.ipv4.ipfrag_low_thresh", "3145728", NATURAL],
  ["net.ipv4.ipfrag_max_dist", "64", NATURAL],
  ["net.ipv4.ipfrag_time", "30", NATURAL],
  ["net.ipv4.ping_group_range", "1\t0", NATURAL, 2],
  ["net.ipv4.route.error_burst", "1250", NATURAL],
  ["net.ipv4.route.error_cost", "250", NATURAL],
  [ROUTE_FLUSH, ""],
  ["net.ipv4.route.gc_timeout", "300", NATURAL],
  ["net.ipv4.route.max_size", "2147483647", NATURAL],
  ["net.ipv4.route.min_adv_mss", "256", NATURAL],
  ["net.ipv4.route.min_pmtu", "552", NATURAL],
  ["net.ipv4.route.mtu_expires", "600", NATURAL],
  ["net.ipv4.route.redirect_load", "5", NATURAL],
  ["net.ipv4.route.redirect_number", "9", NATURAL],
  ["net.ipv4.route.redirect_silence", "5120", NATURAL],
  ["net.ipv4.udp_early_demux", "1", BYTE],
  ["net.ipv4.udp_rmem_min", "4096", NATURAL],
  ["net.ipv4.udp_wmem_min", "4096", NATURAL],
  ["net.ipv4.tcp_abort_on_overflow", "0", BYTE],
  ["net.ipv4.tcp_available_congestion_control", "reno cubic"],
  ["net.ipv4.tcp_congestion_control", "cubic"],
  ["net.ipv4.tcp_fin_timeout", "60", NATURAL],
  ["net.ipv4.tcp_keepalive_intvl", "75", NATURAL],
  ["net.ipv4.tcp_keepalive_probes", "9", BYTE],
  ["net.ipv4.tcp_keepalive_time", "7200", NATURAL],
  ["net.ipv4.tcp_max_syn_backlog", "128", NATURAL],
  ["net.ipv4.tcp_moderate_rcvbuf", "1", BYTE],
  ["net.ipv4.tcp_orphan_retries", "0", BYTE],
  ["net.ipv4.tcp_retries1", "3", BYTE],
  ["net.ipv4.tcp_retries2", "15", BYTE],
  ["net.ipv4.tcp_rfc1337", "0", BYTE],
  ["net.ipv4.tcp_rmem", "4096\t131072\t6291456", NATURAL, 3],
  ["net.ipv4.tcp_sack", "1", BYTE],
  ["net.ipv4.tcp_slow_start_after_idle", "1", BYTE],
  ["net.ipv4.tcp_syn_retries", "6", BYTE],
  ["net.ipv4.tcp_synack_retries", "5", BYTE],
  ["net.ipv4.tcp_syncookies", "1", BYTE],
  ["net.ipv4.tcp_timestamps", "1", BYTE],
  ["net.ipv4.tcp_window_scaling", "1", BYTE],
  ["net.ipv4.tcp_wmem", "4096\t16384\t4194304", NATURAL, 3],
];
/** Held by a lower layer, and shown under another name as well. */
const BRIDGE: readonly string[] = ["bridge-nf-call-arptables", "bridge-nf-call-ip6tables", "bridge-nf-call-iptables"];

const CONF_KEYS = Object.keys(new Ipv4Conf()) as Ipv4ConfKey[];
const CONF_READ_ONLY: ReadonlySet<string> = new Set(["mc_forwarding"]);
/** As /proc names them. */
const NEIGH_KEYS = Object.keys(new NeighParms()).filter((k) => k !== "reachableTime" && k !== "interval_probe_time_ms") as (keyof NeighParms)[];
const GC_KEYS = ["gc_interval", "gc_thresh1", "gc_thresh2", "gc_thresh3"] as const;

export class SysctlTable implements Sysctls {
  private readonly ns: NetNamespace;
  private readonly knobs = new Map<string, Knob>();
  private gcInterval = 30;
  /** Values of number("..."), which the packet path asks for. */
  private readonly numberCache = new Map<string, number>();

  constructor(ns: NetNamespace) {
    this.ns = ns;
    for (const [key, value, range, numbers] of PLAIN) this.knobs.set(key, { value, ...(range !== undefined && { range }), ...(numbers !== undefined && { numbers }), readOnly: key === "kernel.ostype" || key === "kernel.osrelease" });
    for (const k of BRIDGE) this.knobs.set(`net.bridge.${k}`, { value: "0", range: INT });
  }

  /** Counts writes: who keeps numbers of its own sees that they are old. */
  version = 0;
  private readonly computed = new Map<string, () => string>();

  /** Another part of the kernel brings a setting of its own. */
  define(key: string, value: string, range: readonly [number, number]): void {
    this.knobs.set(key, { value, range });
  }
  /** ... or a figure that is worked out when read. */
  compute(key: string, read: () => string): void {
    this.knobs.set(key, { value: "0", readOnly: true });
    this.computed.set(key, read);
  }

  /** The number behind a key that exists by construction. */
  number(key: string): number {
    let n = this.numberCache.get(key);
    if (n === undefined) {
      n = Number(this.knobs.get(key)!.value);
      this.numberCache.set(key, n);
    }
    return n;
  }

  numbers(key: string): number[] {
    return this.knobs.get(key)!.value.split(/\s+/).map(Number);
  }

  private conf(dev: string): Ipv4Conf | undefined {
    if (dev === "all") return this.ns.confAll;
    if (dev === "default") return this.ns.confDefault;
    return this.ns.deviceByName(dev)?.inet?.conf;
  }

  private parms(dev: string): NeighParms | undefined {
    return dev === "default" ? this.ns.parmsDefault : this.ns.deviceByName(dev)?.inet?.parms;
  }

  /** "net.ipv4.conf.eth0.rp_filter" -> its parts. A device name may hold dots (written as slashes by sysctl). */
  private split(key: string): { family: "conf" | "neigh"; dev: string; name: string } | undefined {
    const m = /^net\.ipv4\.(conf|neigh)\.(.+)\.([^.]+)$/.exec(key);
    return m === null ? undefined : { family: m[1] as "conf" | "neigh", dev: m[2]!.replaceAll("/", "."), name: m[3]! };
  }

  get(key: string): string | undefined {
    if (key === "net.ipv4.ip_forward") return String(this.ns.confAll.forwarding);
    const own = this.knobs.get(key);
    if (own !== undefined) return this.computed.get(key)?.() ?? own.value;
    if (key.startsWith("net.ipv6.")) return this.ns.ip6.sysctl.get(key);
    const p = this.split(key);
    if (p === undefined) return undefined;
    if (p.family === "conf") {
      const conf = this.conf(p.dev);
      return conf !== undefined && (CONF_KEYS as string[]).includes(p.name) ? String(conf[p.name as Ipv4ConfKey]) : undefined;
    }
    if (p.dev === "default" && (GC_KEYS as readonly string[]).includes(p.name)) return String(this.gc(p.name as (typeof GC_KEYS)[number]));
    const parms = this.parms(p.dev);
    if (parms === undefined) return undefined;
    if (p.name === "retrans_time") return String(Math.floor(parms.retrans_time_ms / 10));
    if (p.name === "base_reachable_time") return String(Math.floor(parms.base_reachable_time_ms / 1000));
    return (NEIGH_KEYS as string[]).includes(p.name) ? String(parms[p.name as keyof NeighParms]) : undefined;
  }

  private gc(name: (typeof GC_KEYS)[number]): number {
    const t = this.ns.neigh;
    return name === "gc_interval" ? this.gcInterval : name === "gc_thresh1" ? t.gcThresh1 : name === "gc_thresh2" ? t.gcThresh2 : t.gcThresh3;
  }

  isReadOnly(key: string): boolean {
    return (key.startsWith("net.ipv6.") && this.ns.ip6.sysctl.isReadOnly(key)) || this.knobs.get(key)?.readOnly === true || CONF_READ_ONLY.has(this.split(key)?.name ?? "");
  }

  set(key: string, value: string): undefined | Errno {
    const text = value.trim();
    if (key === "net.ipv4.ip_forward") return this.setNumber(text, INT, (n) => this.setForwardingAll(n));
    if (key === ROUTE_FLUSH) return void this.ns.routes.flushExceptions();
    const knob = this.knobs.get(key);
    if (knob !== undefined) return this.setKnob(key, knob, text);
    if (key.startsWith("net.ipv6.")) return this.ns.ip6.sysctl.set(key, text);
    const p = this.split(key);
    if (p === undefined || this.get(key) === undefined) return "ENOENT";
    if (this.isReadOnly(key)) return "EACCES";
    if (p.family === "conf") return this.setNumber(text, INT, (n) => this.setConf(p.dev, p.name as Ipv4ConfKey, n));
    if ((GC_KEYS as readonly string[]).includes(p.name)) return this.setNumber(text, NATURAL, (n) => this.setGc(p.name as (typeof GC_KEYS)[number], n));
    return this.setNumber(text, NATURAL, (n) => this.setParm(p.dev, p.name, n));
  }

  private setKnob(key: string, knob: Knob, text: string): undefined | Errno {
    if (knob.readOnly) return "EACCES";
    if (knob.range === undefined) {
      knob.value = text;
      return undefined;
    }
    const out: number[] = [];
    for (const part of text.split(/\s+/).slice(0, knob.numbers ?? 1)) {
      const n = parseNumber(part);
      if (n === undefined || n < knob.range[0] || n > knob.range[1]) return "EINVAL";
      out.push(n);
    }
    // Numbers that were not given stay as they are.
    out.push(...this.numbers(key).slice(out.length));
    if (key === "net.ipv4.ip_local_port_range" && out[1]! < out[0]!) return "EINVAL";
    knob.value = out.join("\t");
    this.numberCache.delete(key);
    this.version++;
    return undefined;
  }

  private setNumber(text: string, [low, high]: readonly [number, number], apply: (n: number) => void): undefined | Errno {
    const n = parseNumber(text.split(/\s+/)[0]!);
    if (n === undefined || n < low || n > high) return "EINVAL";
    apply(n);
    return undefined;
  }

  /** inet_forward_change: all, default and every device; redirects are not accepted by routers. */
  private setForwardingAll(n: number): void {
    if (this.ns.confAll.forwarding === n) return;
    this.ns.confAll.forwarding = n;
    this.ns.confAll.accept_redirects = n !== 0 ? 0 : 1;
    this.ns.confDefault.forwarding = n;
    for (const d of this.ns.devices()) if (d.inet !== undefined) d.inet.conf.forwarding = n;
    this.ns.routes.flushExceptions();
  }

  private setConf(dev: string, name: Ipv4ConfKey, n: number): void {
    if (dev === "all" && name === "forwarding") return this.setForwardingAll(n);
    const conf = this.conf(dev)!;
    conf[name] = n;
    // devinet_copy_dflt_conf: devices that were not set by hand follow the default.
    if (dev === "default") for (const d of this.ns.devices()) if (d.inet !== undefined && !this.touched.has(`${d.name}.${name}`)) d.inet.conf[name] = n;
    if (dev !== "all" && dev !== "default") this.touched.add(`${dev}.${name}`);
  }
  private readonly touched = new Set<string>();

  private setGc(name: (typeof GC_KEYS)[number], n: number): void {
    const t = this.ns.neigh;
    if (name === "gc_interval") this.gcInterval = n;
    else if (name === "gc_thresh1") t.gcThresh1 = n;
    else if (name === "gc_thresh2") t.gcThresh2 = n;
    else t.gcThresh3 = n;
  }

  private setParm(dev: string, name: string, n: number): void {
    const all: NeighParms[] = [this.parms(dev)!];
    if (dev === "default") for (const d of this.ns.devices()) if (d.inet !== undefined && !this.touched.has(`neigh.${d.name}.${name}`)) all.push(d.inet.parms);
    if (dev !== "default") this.touched.add(`neigh.${dev}.${name}`);
    for (const p of all) {
      if (name === "retrans_time") p.retrans_time_ms = n * 10;
      else if (name === "base_reachable_time" || name === "base_reachable_time_ms") {
        p.base_reachable_time_ms = name === "base_reachable_time" ? n * 1000 : n;
        p.drawReachableTime(this.ns.random);
      } else if (name === "unres_qlen") {
        p.unres_qlen = n;
        p.unres_qlen_bytes = n * 2112;
      } else p[name as "mcast_solicit"] = n;
    }
  }

  keys(): string[] {
    const out = ["net.ipv4.ip_forward", ...this.knobs.keys()];
    const devices = this.ns.devices().map((d) => d.name.replaceAll(".", "/"));
    for (const d of ["all", "default", ...devices]) for (const k of CONF_KEYS) out.push(`net.ipv4.conf.${d}.${k}`);
    for (const d of ["default", ...devices]) for (const k of [...NEIGH_KEYS, "retrans_time", "base_reachable_time"]) out.push(`net.ipv4.neigh.${d}.${k}`);
    for (const k of GC_KEYS) out.push(`net.ipv4.neigh.default.${k}`);
    out.push(...this.ns.ip6.sysctl.keys());
    return out.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }
}

/** proc_get_long: octal and hexadecimal as in C, nothing behind the number. */
function parseNumber(text: string): number | undefined {
  const m = /^(-?)(?:(0[xX][0-9a-fA-F]+)|0([0-7]*)|([1-9][0-9]*))$/.exec(text);
  if (m === null) return undefined;
  const n = m[2] !== undefined ? Number(m[2]) : m[4] !== undefined ? Number(m[4]) : Number.parseInt(`0${m[3]!}`, 8);
  return m[1] === "-" ? 0 - n : n;
}
