/** Lists of sockets as netstat has them: net-tools 2.10, netstat.c. */
import type { SocketInfo, TcpState } from "../../../kernel/api.ts";
import { SECOND } from "../../../sim/time.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import type { Process } from "../../process.ts";
import { hostOf, serviceByPort } from "../../resolver.ts";
import { socketHolders } from "../../socket-file.ts";

const STATE_WORDS: Readonly<Record<TcpState, string>> = {
  ESTABLISHED: "ESTABLISHED", SYN_SENT: "SYN_SENT", SYN_RECV: "SYN_RECV", FIN_WAIT1: "FIN_WAIT1", FIN_WAIT2: "FIN_WAIT2", TIME_WAIT: "TIME_WAIT", CLOSE: "CLOSE", CLOSE_WAIT: "CLOSE_WAIT", LAST_ACK: "LAST_ACK", LISTEN: "LISTEN", CLOSING: "CLOSING",
};

export interface NetstatOptions {
  tcp: boolean;
  udp: boolean;
  raw: boolean;
  listening: boolean;
  all: boolean;
  numeric: boolean;
  extended: boolean;
  programs: boolean;
  timers: boolean;
  wide: boolean;
}

/** "0.0.0.0:22": a name of the host is cut so that the port is whole. */
function end(proc: Process, o: NetstatOptions, proto: string, address: number, port: number): string {
  const host = o.numeric ? formatIpv4(address) : address === 0 ? "0.0.0.0" : (hostOf(proc, address) ?? formatIpv4(address));
  const service = port === 0 ? "*" : o.numeric ? String(port) : (serviceByPort(proc, port, proto === "udp" ? "udp" : "tcp") ?? String(port));
  const room = 23 - service.length - 1;
  return `${o.wide ? host : host.slice(0, Math.max(room, 0))}:${service}`;
}

function timer(s: SocketInfo): string {
  if (s.timer === undefined) return "off (0.00/0/0)";
  const left = Math.floor((s.timer.left / SECOND) * 100) / 100;
  const name = s.timer.kind === "persist" ? "probe" : s.timer.kind;
  return `${name} (${left.toFixed(2)}/${s.timer.kind === "on" ? s.timer.count : 0}/${s.timer.kind === "persist" ? s.timer.count : 0})`;
}

export function formatSockets(proc: Process, o: NetstatOptions): string {
  const holders = socketHolders(proc.machine);
  const kinds = o.listening ? "only servers" : o.all ? "servers and established" : "w/o servers";
  let out = `Active Internet connections (${kinds})\nProto Recv-Q Send-Q Local Address           Foreign Address         State      `;
  if (o.extended) out += " User       Inode     ";
  if (o.programs) out += " PID/Program name    ";
  if (o.timers) out += " Timer";
  out += "\n";
  for (const s of proc.netns.socketList().sort((a, b) => order(a) - order(b))) {
    if (!(s.proto === "tcp" ? o.tcp : s.proto === "udp" ? o.udp : o.raw) || !shown(s, o)) continue;
    const state = s.proto === "tcp" ? STATE_WORDS[s.state] : s.proto === "udp" ? (s.state === "ESTABLISHED" ? "ESTABLISHED" : "") : "7";
    const sendQueue = s.state === "LISTEN" ? 0 : s.sendQueue;
    out += `${s.proto.padEnd(4)}  ${String(s.recvQueue).padStart(6)} ${String(sendQueue).padStart(6)} ${end(proc, o, s.proto, s.localAddr, s.localPort).padEnd(23)} ${end(proc, o, s.proto, s.remoteAddr, s.remotePort).padEnd(23)} ${state.padEnd(11)}`;
    if (o.extended) out += ` ${"0".padEnd(10)} ${String(s.inode).padEnd(10)}`;
    const holder = holders.get(s.inode)?.[0];
    if (o.programs) out += ` ${(holder === undefined ? "-" : `${holder.proc.pid}/${holder.proc.comm}`).slice(0, 20).padEnd(20)}`;
    if (o.timers) out += ` ${timer(s)}`;
    out += "\n";
  }
  return out;
}

const order = (s: SocketInfo): number => (s.proto === "tcp" ? 0 : s.proto === "udp" ? 1 : 2);

/** A server is a listener, and a UDP or raw socket without a peer. */
function shown(s: SocketInfo, o: NetstatOptions): boolean {
  const server = s.proto === "tcp" ? s.state === "LISTEN" : s.remoteAddr === 0;
  return o.all || (o.listening ? server : !server);
}
