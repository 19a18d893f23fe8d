/** lsof -i: open sockets and their programs, as lsof 4.95 lists them. */
import type { SocketInfo } from "../../kernel/api.ts";
import { formatIpv4, parseIpv4 } from "../../wire/ipv4.ts";
import { defineCommand, notEmulated } from "../command.ts";
import { getopt } from "../getopt.ts";
import type { Process, Run } from "../process.ts";
import { hostOf, serviceByName, serviceByPort } from "../resolver.ts";
import { SocketFile } from "../socket-file.ts";

interface Wanted {
  protocol: string | undefined;
  address: number | undefined;
  ports: readonly (readonly [number, number])[];
}

/** [46][protocol][@host][:ports]; undefined: not understood. */
function wanted(proc: Process, text: string): Wanted | undefined {
  const m = /^4?(tcp|udp|TCP|UDP)?(?:@([^:]+))?(?::(.+))?$/.exec(text);
  if (m === null) return undefined;
  const address = m[2] === undefined ? undefined : parseIpv4(m[2]);
  if (m[2] !== undefined && address === undefined) return undefined;
  const ports: [number, number][] = [];
  for (const part of m[3]?.split(",") ?? []) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part);
    const named = range === null ? serviceByName(proc, part) : undefined;
    if (range === null && named === undefined) return undefined;
    ports.push(range === null ? [named!, named!] : [Number(range[1]), Number(range[2] ?? range[1])]);
  }
  return { protocol: m[1] === undefined ? undefined : m[1].length > 0 && (m[1] === "udp" || m[1] === "UDP") ? "udp" : "tcp", address, ports };
}

function fits(s: SocketInfo, w: Wanted): boolean {
  if (w.protocol !== undefined && s.proto !== w.protocol) return false;
  if (w.address !== undefined && s.localAddr !== w.address && s.remoteAddr !== w.address) return false;
  return w.ports.length === 0 || w.ports.some(([low, high]) => [s.localPort, s.remotePort].some((p) => p >= low && p <= high));
}

interface Names {
  hosts: boolean;
  ports: boolean;
}

function nameOf(proc: Process, s: SocketInfo, n: Names): string {
  const end = (a: number, p: number): string => `${a === 0 ? "*" : ((n.hosts ? hostOf(proc, a) : undefined) ?? formatIpv4(a))}:${p === 0 ? "*" : ((n.ports ? serviceByPort(proc, p, s.proto === "udp" ? "udp" : "tcp") : undefined) ?? p)}`;
  const ends = s.remotePort === 0 ? end(s.localAddr, s.localPort) : `${end(s.localAddr, s.localPort)}->${end(s.remoteAddr, s.remotePort)}`;
  return s.proto === "tcp" ? `${ends} (${s.state})` : ends;
}

export const lsof = defineCommand({
  name: "lsof",
  man: {
    summary: "show which program holds which socket",
    synopsis: ["lsof [-nPt] -i [[tcp|udp][@ADDRESS][:PORT,...]]"],
    emulated: ["-i: sockets of IPv4, all or those that fit", "-n: no names of hosts; -P: no names of ports; -t: process ids only"],
    notEmulated: ["lists of files, -p, -u, -c and the rest", "IPv6"],
    examples: ["lsof -nP -i :80"],
  },
  *run(proc, args): Run<number> {
    const { options, operands, error } = getopt(args, "ni::Pt");
    const other = options.find((o) => !["n", "i", "P", "t"].includes(o.key));
    if (error !== undefined || other !== undefined || !options.some((o) => o.key === "i")) return yield* notEmulated(proc, `lsof ${args.join(" ")}`.trimEnd());
    const has = (k: string): boolean => options.some((o) => o.key === k);
    // The address may be attached, or be the next word.
    const texts = [...options.flatMap((o) => (o.key === "i" && o.value !== undefined ? [o.value] : [])), ...operands];
    const filters: Wanted[] = [];
    for (const t of texts) {
      const w = wanted(proc, t);
      if (w === undefined) return yield* notEmulated(proc, `lsof -i ${t}`);
      filters.push(w);
    }
    const rows: string[][] = [];
    const pids = new Set<number>();
    for (const p of [...proc.machine.processes.values()].sort((a, b) => a.pid - b.pid)) {
      const known = new Map(p.netns.socketList().map((s) => [s.inode, s]));
      for (const [fd, file] of [...p.fds].sort((a, b) => a[0] - b[0])) {
        const s = file instanceof SocketFile ? known.get(file.sock.inode ?? 0) : undefined;
        if (s === undefined || s.inode === 0 || (filters.length > 0 && !filters.some((w) => fits(s, w)))) continue;
        pids.add(p.pid);
        rows.push([p.comm.slice(0, 9), String(p.pid), "root", `${fd}u`, "IPv4", String(s.inode), "0t0", s.proto === "tcp" ? "TCP" : "UDP", nameOf(proc, s, { hosts: !has("n"), ports: !has("P") })]);
      }
    }
    if (rows.length === 0) return 1;
    if (has("t")) yield* proc.print([...pids].map((p) => `${p}\n`).join(""));
    else yield* proc.print(layOut([["COMMAND", "PID", "USER", "FD", "TYPE", "DEVICE", "SIZE/OFF", "NODE", "NAME"], ...rows]));
    return 0;
  },
});

const RIGHT = new Set([1, 2, 4, 5, 6, 7]);

function layOut(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((r) => r[i]!.length)));
  return rows
    .map((r, k) => `${r.map((cell, i) => {
      const w = widths[i]!;
      if (i === 8) return cell;
      // A descriptor's number ends in front of its mode and lock, which have columns of their own.
      if (i === 3) return k === 0 ? "  FD  " : `${cell.slice(0, -1).padStart(4)}u `;
      return RIGHT.has(i) ? cell.padStart(w) : cell.padEnd(w);
    }).join(" ")}\n`)
    .join("");
}
