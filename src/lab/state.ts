/** What a machine is, as octets for the state digest: tables of every namespace, settings, counters, files. */
import { encodeUtf8 } from "../base/bytes.ts";
import type { Netns } from "../kernel/api.ts";
import { formatMac } from "../wire/ethernet.ts";
import { formatIpv6 } from "../wire/ipv6.ts";
import type { Inode } from "../userland/fs.ts";
import type { Machine } from "../userland/machine.ts";
import type { Hasher } from "./state-digest.ts";
import { tablesOf } from "./tables.ts";

export function hashState(machine: Machine, hasher: Hasher): void {
  hasher.text(machine.name);
  hasher.text(machine.hostname);
  for (const ns of machine.kernel.namespaces) hashNamespace(ns, hasher);
  for (const p of machine.processes.values()) hasher.text(`${p.pid} ${p.pgid} ${p.state} ${p.argv.join(" ")}`);
  hashTree(machine, "/", hasher, 0);
}

function hashNamespace(ns: Netns, hasher: Hasher): void {
  for (const t of tablesOf(ns)) {
    hasher.text(t.kind);
    for (const row of t.rows) hasher.text(row.join("\t"));
  }
  for (const l of ns.rtnl.links()) if (l.attrs !== undefined || l.vlans !== undefined) hasher.text(`${l.name} ${JSON.stringify([l.attrs, l.vlans])}`);
  for (const e of ns.rtnl.fdb()) if (e.vlan !== undefined || e.dst !== undefined) hasher.text(`${formatMac(e.lladdr)} ${e.ifindex} ${e.vlan} ${e.dst} ${e.port} ${e.vni} ${e.via} ${e.state}`);
  for (const s of ns.socketList()) hasher.text(`${s.proto} ${s.state} ${s.localAddr}:${s.localPort} ${s.remoteAddr}:${s.remotePort} ${s.ifindex} ${s.recvQueue} ${s.sendQueue} ${s.tcp?.bytesAcked ?? 0} ${s.tcp?.bytesReceived ?? 0}`);
  for (const r of ns.rtnl.rules()) hasher.text(JSON.stringify(r));
  hashIpv6(ns, hasher);
  for (const key of ns.sysctl.keys()) {
    hasher.text(key);
    hasher.text(ns.sysctl.get(key) ?? "");
  }
  for (const line of ns.nf.digest()) hasher.text(line);
  for (const [group, counters] of ns.counters()) for (const [name, n] of counters) hasher.text(`${group}.${name}=${n}`);
}

/** Addresses, routes, rules, neighbours and groups of IPv6; what only counts seconds is left out, as of IPv4. */
function hashIpv6(ns: Netns, hasher: Hasher): void {
  const { ip6 } = ns.rtnl;
  for (const a of ip6.addrs()) hasher.text(`${a.ifindex} ${formatIpv6(a.local)}/${a.prefixLen} ${a.flags}`);
  for (const r of ip6.routes()) hasher.text(`${r.type} ${formatIpv6(r.dst)}/${r.dstLen} ${r.table} ${r.priority} ${r.nexthops.map((n) => `${n.via === undefined ? "" : formatIpv6(n.via)}%${n.ifindex}`).join(" ")}`);
  for (const r of ip6.rules()) hasher.text(`${r.priority} ${formatIpv6(r.src)}/${r.srcLen} ${formatIpv6(r.dst)}/${r.dstLen} ${r.action} ${r.table}`);
  for (const n of [...ip6.neighs(), ...ip6.neighs({ proxy: true })]) hasher.text(`${n.ifindex} ${formatIpv6(n.dst)} ${n.lladdr === undefined ? "" : formatMac(n.lladdr)} ${n.state} ${n.router}`);
  for (const m of ip6.maddrs()) hasher.text(`${m.ifindex} ${formatIpv6(m.group)} ${m.users}`);
}

const MAX_DEPTH = 64;
/** Mount points of file systems that the kernel makes up: their content is the tables above. */
const NOT_ON_DISK: ReadonlySet<string> = new Set(["/proc", "/sys", "/dev"]);
/** File systems that the kernel makes up when they are read: their content is hashed as tables, settings and counters above. */
const KERNEL_MOUNTS: ReadonlySet<string> = new Set(["/proc", "/sys"]);

/** Regular files, links and directories, in the order of their names. */
function hashTree(machine: Machine, path: string, hasher: Hasher, depth: number): void {
  if (NOT_ON_DISK.has(path)) return;
  const found = machine.fs.stat(path, { follow: false });
  if (!found.ok || depth > MAX_DEPTH || KERNEL_MOUNTS.has(path)) return;
  const inode: Inode = found.value;
  if (inode.virtual !== undefined || inode.type === "device") return;
  hasher.text(`${path} ${inode.type} ${inode.mode} ${inode.uid} ${inode.gid}`);
  if (inode.type === "symlink") hasher.text(inode.target ?? "");
  if (inode.type === "file") hasher.bytes(inode.data ?? encodeUtf8(inode.command?.name ?? ""));
  if (inode.type !== "dir") return;
  const names = machine.fs.readdir(path);
  if (names.ok) for (const name of names.value) hashTree(machine, path === "/" ? `/${name}` : `${path}/${name}`, hasher, depth + 1);
}
