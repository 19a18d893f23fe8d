/** /proc/net/tcp, udp and raw: one line of hexadecimal a socket. net/ipv4/tcp_ipv4.c tcp4_seq_show, udp.c udp4_format_sock. */
import type { Netns, SocketInfo, TcpState } from "../kernel/api.ts";
import { SECOND } from "../sim/time.ts";

const NUMBERS: Readonly<Record<TcpState, number>> = { ESTABLISHED: 1, SYN_SENT: 2, SYN_RECV: 3, FIN_WAIT1: 4, FIN_WAIT2: 5, TIME_WAIT: 6, CLOSE: 7, CLOSE_WAIT: 8, LAST_ACK: 9, LISTEN: 10, CLOSING: 11 };
const TIMERS: Readonly<Record<NonNullable<SocketInfo["timer"]>["kind"], number>> = { on: 1, keepalive: 2, timewait: 3, persist: 4 };
const WIDTH = 149; // TMPSZ - 1: every line of /proc/net/tcp is as long

const upper = (n: number, digits: number): string => (n >>> 0).toString(16).replace(/[a-f]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32)).padStart(digits, "0");
/** A big-endian address as a little-endian machine prints it. */
function address(a: number): string {
  return upper(((a & 0xff) << 24) | ((a & 0xff00) << 8) | ((a >>> 8) & 0xff00) | (a >>> 24), 8);
}

function ends(s: SocketInfo): string {
  return `${address(s.localAddr)}:${upper(s.localPort, 4)} ${address(s.remoteAddr)}:${upper(s.remotePort, 4)} ${upper(NUMBERS[s.state], 2)}`;
}

export function tcpTable(ns: Netns): string {
  const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
  const line = (text: string): string => `${text.padEnd(WIDTH)}\n`;
  return line(head) + ns.socketList().filter((s) => s.proto === "tcp").map((s, i) => line(tcpLine(s, i))).join("");
}

function tcpLine(s: SocketInfo, i: number): string {
  const when = s.timer === undefined ? 0 : Math.floor((s.timer.left * 100) / SECOND);
  const begin = `${String(i).padStart(4)}: ${ends(s)} ${upper(s.state === "LISTEN" ? 0 : s.sendQueue, 8)}:${upper(s.recvQueue, 8)} ${upper(s.timer === undefined ? 0 : TIMERS[s.timer.kind], 2)}:${upper(when, 8)} ${upper(s.timer?.count ?? 0, 8)}`;
  const id = "0000000000000000";
  if (s.state === "TIME_WAIT" || s.state === "SYN_RECV") return `${begin} ${"0".padStart(5)} ${"0".padStart(8)} 0 ${s.state === "TIME_WAIT" ? 3 : 1} ${id}`;
  const rest = s.tcp === undefined || s.state === "LISTEN" ? `100 0 0 10 ${s.state === "LISTEN" ? 0 : -1}` : `${Math.floor((s.tcp.rto * 250) / SECOND)} ${Math.floor((s.tcp.ato * 250) / SECOND)} 0 ${s.tcp.cwnd} ${s.tcp.ssthresh >= 0x7fffffff ? -1 : s.tcp.ssthresh}`;
  return `${begin} ${"0".padStart(5)} ${"0".padStart(8)} ${s.inode} 1 ${id} ${rest}`;
}

export function datagramTable(ns: Netns, proto: "udp" | "raw"): string {
  const line = (text: string): string => `${text.padEnd(127)}\n`;
  const head = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";
  const rows = ns.socketList().filter((s) => s.proto === proto);
  return line(head) + rows.map((s) => line(`${String(proto === "udp" ? s.localPort % 256 : s.localPort).padStart(5)}: ${ends(s)} ${upper(0, 8)}:${upper(s.recvQueue, 8)} 00:00000000 00000000 ${"0".padStart(5)} ${"0".padStart(8)} ${s.inode} 2 0000000000000000 ${s.drops}`)).join("");
}
