/**
 * /proc, after proc(5) and the kernel's fs/proc and net/ipv4: what a process sees of itself, of others and of its network
 * namespace. What is not here is not there: there is no file that says nothing.
 */
import type { LinkInfo, Netns, RouteInfo } from "../kernel/api.ts";
import { SECOND } from "../sim/time.ts";
import { procLine } from "../kernel/conntrack/text.ts";
import { procBonding } from "./bonding-fs.ts";
import { KERNEL_VERSION, kernelRelease } from "./kernel-version.ts";
import type { Inode } from "./fs.ts";
import type { NodeMachine } from "./machine.ts";
import { SIGNALS, type Process } from "./process.ts";
import { datagramTable, tcpTable } from "./procfs-sockets.ts";
import { addSysfs } from "./sysfs.ts";
import { magicLink, virtualDirectory, virtualFile, virtualLink, type Entries } from "./virtual.ts";
import { START_OF_LAB } from "./wall-clock.ts";

export function addProcfs(machine: NodeMachine): void {
  machine.fs.addDynamic("/proc", {
    list: () => [...rootEntries(machine).keys()],
    lookup: (name) => rootEntries(machine).get(name)?.(),
  });
  addSysfs(machine);
}

function file(path: string, text: (proc: Process) => string): () => Inode {
  return () => virtualFile(path, text);
}

// -- the root ---------------------------------------------------------------------------------------------------------

function rootEntries(machine: NodeMachine): Entries {
  const entries = new Map<string, () => Inode>();
  for (const p of [...machine.processes.values()].sort((a, b) => a.pid - b.pid)) entries.set(String(p.pid), () => virtualDirectory(`/proc/${p.pid}`, () => processEntries(machine, p)));
  const self = machine.current;
  if (self) entries.set("self", () => virtualLink("/proc/self", String(self.pid)));
  entries.set("net", () => virtualLink("/proc/net", "self/net"));
  entries.set("mounts", () => virtualLink("/proc/mounts", "self/mounts"));
  entries.set("sys", () => virtualDirectory("/proc/sys", () => sysctlEntries(machine, [])));
  entries.set("cmdline", file("/proc/cmdline", () => "BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro quiet\n"));
  entries.set("cpuinfo", file("/proc/cpuinfo", () => CPUINFO));
  entries.set("filesystems", file("/proc/filesystems", () => "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevtmpfs\n"));
  entries.set("loadavg", file("/proc/loadavg", () => `0.00 0.00 0.00 1/${machine.processes.size} ${Math.max(...machine.processes.keys())}\n`));
  entries.set("meminfo", file("/proc/meminfo", () => meminfo(machine)));
  entries.set("stat", file("/proc/stat", () => `cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\nbtime ${START_OF_LAB}\nprocesses ${machine.processes.size}\nprocs_running 1\nprocs_blocked 0\n`));
  entries.set("uptime", file("/proc/uptime", (p) => `${seconds(p)} ${seconds(p)}\n`));
  entries.set("version", file("/proc/version", (p) => `Linux version ${kernelRelease(p)} (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) ${KERNEL_VERSION}\n`));
  return entries;
}

function seconds(p: Process): string {
  return (Math.floor(p.now / 10_000_000) / 100).toFixed(2);
}

const CPUINFO = "processor\t: 0\nvendor_id\t: Packetwalk\ncpu family\t: 6\nmodel\t\t: 1\nmodel name\t: Packetwalk virtual processor\nstepping\t: 1\ncpu cores\t: 1\nfpu\t\t: yes\n\n";

/** The file system is the only memory that is counted. */
function meminfo(machine: NodeMachine): string {
  const { bytes, maxBytes } = machine.fs.usage();
  const line = (name: string, kib: number): string => `${`${name}:`.padEnd(16)}${String(kib).padStart(8)} kB\n`;
  const total = 262_144;
  const free = total - Math.ceil(bytes / 1024);
  return line("MemTotal", total) + line("MemFree", free) + line("MemAvailable", free) + line("Buffers", 0) + line("Cached", Math.ceil(bytes / 1024)) + line("SwapTotal", 0) + line("SwapFree", 0) + line("Shmem", Math.min(maxBytes, bytes) >> 10);
}

// -- processes --------------------------------------------------------------------------------------------------------

function processEntries(machine: NodeMachine, p: Process): Entries {
  const at = `/proc/${p.pid}`;
  return new Map<string, () => Inode>([
    ["cmdline", () => virtualFile(`${at}/cmdline`, () => (p.exit ? "" : p.argv.map((a) => `${a}\0`).join("")))],
    ["comm", () => virtualFile(`${at}/comm`, () => `${p.comm}\n`, (_, text) => {
      p.comm = text.slice(0, 15);
      return undefined;
    })],
    ["cwd", () => virtualLink(`${at}/cwd`, p.cwd)],
    ["environ", () => virtualFile(`${at}/environ`, () => [...p.env].map(([k, v]) => `${k}=${v}\0`).join(""), undefined, 0o400)],
    ["exe", () => virtualLink(`${at}/exe`, exePath(machine, p))],
    ["fd", () => virtualDirectory(`${at}/fd`, () => fdEntries(p, at), 0o500)],
    ["mounts", () => virtualFile(`${at}/mounts`, () => MOUNTS)],
    ["net", () => virtualDirectory(`${at}/net`, () => netEntries(p.netns, `${at}/net`))],
    ["ns", () => virtualDirectory(`${at}/ns`, () => nsEntries(p, at), 0o511)],
    ["root", () => virtualLink(`${at}/root`, "/")],
    ["stat", () => virtualFile(`${at}/stat`, () => statLine(p))],
    ["status", () => virtualFile(`${at}/status`, () => status(p))],
  ]);
}

const MOUNTS = `tmpfs / tmpfs rw,relatime,size=16384k,nr_inodes=4096 0 0
proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0
sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0
devtmpfs /dev devtmpfs rw,nosuid,relatime 0 0
`;

function exePath(machine: NodeMachine, p: Process): string {
  const name = (p.argv[0] ?? "").replace(/^-/, "");
  const base = name.slice(name.lastIndexOf("/") + 1);
  const command = machine.command(base);
  return command ? `${command.dir ?? "/usr/bin"}/${base}` : name;
}

function fdEntries(p: Process, at: string): Entries {
  return new Map([...p.fds].sort((a, b) => a[0] - b[0]).map(([fd, open]) => {
    const target = open.path ?? (open.kind === "socket" ? `socket:[${30000 + fd}]` : "anon_inode:[eventfd]");
    return [String(fd), () => magicLink(`${at}/fd/${fd}`, target, () => open)];
  }));
}

function nsEntries(p: Process, at: string): Entries {
  return new Map([["net", () => ({ ...magicLink(`${at}/ns/net`, `net:[${p.netns.inode}]`, () => "EACCES" as const), nsfs: p.netns })]]);
}

function letter(p: Process): [letter: string, name: string] {
  if (p.exit) return ["Z", "zombie"];
  if (p.state === "stopped") return ["T", "stopped"];
  return p.machine.current === p ? ["R", "running"] : ["S", "sleeping"];
}

function status(p: Process): string {
  const [c, name] = letter(p);
  const mask = (of: (sig: keyof typeof SIGNALS) => boolean): string => {
    // 64 bits as two halves: a JavaScript number has no room for the real-time signals' bits.
    let low = 0;
    for (const [sig, n] of Object.entries(SIGNALS)) if (of(sig as keyof typeof SIGNALS)) low |= 1 << (n - 1);
    return (low >>> 0).toString(16).padStart(16, "0");
  };
  return [
    `Name:\t${p.comm}`, `Umask:\t${p.umask.toString(8).padStart(4, "0")}`, `State:\t${c} (${name})`, `Tgid:\t${p.pid}`, "Ngid:\t0", `Pid:\t${p.pid}`, `PPid:\t${parentOf(p)}`, "TracerPid:\t0",
    `Uid:\t${[p.uid, p.uid, p.uid, p.uid].join("\t")}`, `Gid:\t${[p.gid, p.gid, p.gid, p.gid].join("\t")}`, "FDSize:\t64", `Groups:\t${p.gid} `, `NStgid:\t${p.pid}`, `NSpid:\t${p.pid}`, `NSpgid:\t${p.pgid}`, `NSsid:\t${p.sid}`,
    "Threads:\t1", `SigIgn:\t${mask((s) => p.disposition(s) === "ignore")}`, `SigCgt:\t${mask((s) => typeof p.disposition(s) === "function")}`, "",
  ].join("\n");
}

function parentOf(p: Process): number {
  return p.pid === 1 ? 0 : (p.parent?.pid ?? 1);
}

function statLine(p: Process): string {
  const started = Math.floor(p.startedAt / (SECOND / 100));
  const tty = p.tty ? 34816 + Number(p.tty.name.replace(/[^0-9]/g, "")) : 0;
  return `${p.pid} (${p.comm}) ${letter(p)[0]} ${parentOf(p)} ${p.pgid} ${p.sid} ${tty} ${p.tty?.foreground ?? -1} 0 0 0 0 0 0 0 0 0 ${20 + p.nice} ${p.nice} 1 0 ${started} 0 0\n`;
}

// -- /proc/sys --------------------------------------------------------------------------------------------------------

/** Keys below a path. A device's name may hold dots: in keys they are slashes. */
function sysctlEntries(machine: NodeMachine, path: readonly string[]): Entries {
  const entries = new Map<string, () => Inode>();
  for (const key of keysOf(machine)) {
    const parts = key.split(".").map((part) => part.replaceAll("/", "."));
    if (parts.length <= path.length || path.some((part, i) => parts[i] !== part)) continue;
    const name = parts[path.length]!;
    if (entries.has(name)) continue;
    const at = [...path, name];
    const where = `/proc/sys/${at.join("/")}`;
    if (parts.length > at.length) entries.set(name, () => virtualDirectory(where, () => sysctlEntries(machine, at)));
    else entries.set(name, () => sysctlFile(machine, key, where));
  }
  return entries;
}

function netnsOf(machine: NodeMachine): Netns {
  return machine.current?.netns ?? machine.kernel.initNetns;
}

function keysOf(machine: NodeMachine): string[] {
  const keys = netnsOf(machine).sysctl.keys();
  return keys.includes("kernel.hostname") ? keys : ["kernel.hostname", ...keys];
}

function sysctlFile(machine: NodeMachine, key: string, where: string): Inode {
  if (key === "kernel.hostname") {
    return virtualFile(where, () => `${machine.hostname}\n`, (_, text) => {
      machine.hostname = text.slice(0, 64);
      return undefined;
    });
  }
  const { sysctl } = netnsOf(machine);
  const read = (p: Process): string | { errno: "EIO" } => {
    const value = p.netns.sysctl.get(key);
    return value === undefined ? { errno: "EIO" } : `${value}\n`;
  };
  return sysctl.isReadOnly(key) ? virtualFile(where, read) : virtualFile(where, read, (p, text) => p.netns.sysctl.set(key, text));
}

// -- /proc/net --------------------------------------------------------------------------------------------------------

function netEntries(ns: Netns, at: string): Entries {
  const text = (name: string, make: () => string): [string, () => Inode] => [name, () => virtualFile(`${at}/${name}`, make)];
  const bonding = procBonding(ns, `${at}/bonding`);
  return new Map<string, () => Inode>([
    ...(bonding === undefined ? [] : ([["bonding", () => virtualDirectory(`${at}/bonding`, () => bonding)]] as const)),
    text("arp", () => arpTable(ns)),
    text("dev", () => devTable(ns)),
    ["nf_conntrack", () => virtualFile(`${at}/nf_conntrack`, (p) => p.netns.conntrack.entries().map((ct) => `${procLine(ct, p.now)}\n`).join(""), undefined, 0o440)],
    text("route", () => routeTable(ns)),
    text("raw", () => datagramTable(ns, "raw")),
    text("if_inet6", () => inet6Table(ns)),
    text("igmp6", () => igmp6Table(ns)),
    text("snmp", () => snmpTable(ns)),
    text("snmp6", () => snmp6Table(ns)),
    text("tcp", () => tcpTable(ns)),
    text("udp", () => datagramTable(ns, "udp")),
  ]);
}

function dotted(a: number): string {
  return [24, 16, 8, 0].map((s) => (a >>> s) & 255).join(".");
}
function macText(mac: Uint8Array | undefined): string {
  return [...(mac ?? new Uint8Array(6))].map((b) => b.toString(16).padStart(2, "0")).join(":");
}
/** As %08X of a big-endian address that a little-endian machine reads. */
function littleEndianHex(a: number): string {
  const swapped = ((a & 0xff) << 24) | ((a & 0xff00) << 8) | ((a >>> 8) & 0xff00) | (a >>> 24);
  return (swapped >>> 0).toString(16).replace(/[a-f]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32)).padStart(8, "0");
}

/** arp_format_neigh_entry of net/ipv4/arp.c: ATF_COM when it is valid, ATF_PERM besides. */
function arpTable(ns: Netns): string {
  let out = "IP address       HW type     Flags       HW address            Mask     Device\n";
  const names = new Map(ns.rtnl.links().map((l) => [l.ifindex, l]));
  for (const n of ns.rtnl.neighs()) {
    if (n.state === "NOARP" || n.proxy) continue;
    const valid = !["INCOMPLETE", "FAILED", "NONE"].includes(n.state);
    const flags = n.state === "PERMANENT" ? 6 : valid ? 2 : 0;
    out += `${dotted(n.dst).padEnd(16)} 0x${(names.get(n.ifindex)?.arpType === "loopback" ? 772 : 1).toString(16).padEnd(10)}0x${flags.toString(16).padEnd(10)}${(valid ? macText(n.lladdr) : macText(undefined)).padEnd(17)}     *        ${names.get(n.ifindex)?.name ?? ""}\n`;
  }
  return out;
}

/** dev_seq_printf_stats of net/core/net-procfs.c. */
function devTable(ns: Netns): string {
  const head = "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";
  return head + ns.rtnl.links().map(devLine).join("");
}

function devLine(l: LinkInfo): string {
  const s = l.stats;
  const fields: [number, number][] = [
    [s.rxBytes, 7], [s.rxPackets, 7], [s.rxErrors, 4], [s.rxDropped, 4], [s.rxOverErrors, 4], [0, 5], [0, 10], [s.multicast, 9],
    [s.txBytes, 8], [s.txPackets, 7], [s.txErrors, 4], [s.txDropped, 4], [0, 4], [s.collisions, 5], [s.txCarrierErrors, 7], [0, 10],
  ];
  return `${l.name.padStart(6)}: ${fields.map(([n, width]) => String(n).padStart(width)).join(" ")}\n`;
}

const RTF_UP = 1;
const RTF_GATEWAY = 2;
const RTF_HOST = 4;
const RTF_REJECT = 0x200;

/** fib_route_seq_show of net/ipv4/fib_trie.c: the main table, lines of 127 characters. */
function routeTable(ns: Netns): string {
  const names = new Map(ns.rtnl.links().map((l) => [l.ifindex, l.name]));
  const line = (text: string): string => `${text.padEnd(127)}\n`;
  let out = line("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
  for (const r of ns.rtnl.routes()) {
    if (r.table !== 254 || r.type === "broadcast" || r.type === "multicast") continue;
    out += line(routeLine(r, names));
  }
  return out;
}

function routeLine(r: RouteInfo, names: ReadonlyMap<number, string>): string {
  const hop = r.nexthops[0];
  const mask = r.dstLen === 0 ? 0 : (0xffffffff << (32 - r.dstLen)) >>> 0;
  const refused = r.type === "unreachable" || r.type === "prohibit" ? RTF_REJECT : 0;
  const flags = RTF_UP | refused | (hop?.via !== undefined ? RTF_GATEWAY : 0) | (mask === 0xffffffff ? RTF_HOST : 0);
  const mtu = r.metrics.advmss ? r.metrics.advmss + 40 : 0;
  const name = hop ? (names.get(hop.ifindex) ?? "*") : "*";
  return [name, littleEndianHex(r.dst), littleEndianHex(hop?.via ?? 0), flags.toString(16).padStart(4, "0"), 0, 0, r.priority, littleEndianHex(mask), mtu, r.metrics.window ?? 0, (r.metrics.rtt ?? 0) >> 3].join("\t");
}

const hexOf = (b: Uint8Array): string => Array.from(b, (x) => x.toString(16).padStart(2, "0")).join("");
/** IPV6_ADDR_*: scopes as /proc/net/if_inet6 has them. */
const SCOPE6 = { global: 0x00, site: 0x40, link: 0x20, host: 0x10, nowhere: 0x00 } as const;

/** if6_seq_show of net/ipv6/addrconf.c. */
function inet6Table(ns: Netns): string {
  const names = new Map(ns.rtnl.links().map((l) => [l.ifindex, l.name]));
  const two = (n: number): string => n.toString(16).padStart(2, "0");
  return ns.rtnl.ip6.addrs().map((a) => `${hexOf(a.local)} ${two(a.ifindex)} ${two(a.prefixLen)} ${two(SCOPE6[a.scope])} ${two(a.flags & 0xff)} ${(names.get(a.ifindex) ?? "").padStart(8)}\n`).join("");
}

/** igmp6_mc_seq_show of net/ipv6/mcast.c. */
function igmp6Table(ns: Netns): string {
  const names = new Map(ns.rtnl.links().map((l) => [l.ifindex, l.name]));
  return ns.rtnl.ip6.maddrs().map((m) => `${String(m.ifindex).padEnd(4)} ${(names.get(m.ifindex) ?? "").padEnd(15)} ${hexOf(m.group)} ${String(m.users).padStart(5)} 0000000${m.group[1] === 1 ? "8" : "C"} 0\n`).join("");
}

function snmp6Table(ns: Netns): string {
  let out = "";
  for (const [name, value] of ns.counters().get("Ip6") ?? []) out += `${name.padEnd(32)}\t${value}\n`;
  return out;
}

function snmpTable(ns: Netns): string {
  let out = "";
  for (const [proto, values] of ns.counters()) if (proto !== "Ip6") out += `${proto}: ${[...values.keys()].join(" ")}\n${proto}: ${[...values.values()].join(" ")}\n`;
  return out;
}

