/** How ss lays out its columns and what it says of one socket: iproute2 6.1, misc/ss.c. */
import type { SocketInfo, TcpInfo, TcpState } from "../../../kernel/api.ts";
import { MILLISECOND, SECOND } from "../../../sim/time.ts";

const STATE_WORDS: Readonly<Record<TcpState, string>> = {
  ESTABLISHED: "ESTAB", SYN_SENT: "SYN-SENT", SYN_RECV: "SYN-RECV", FIN_WAIT1: "FIN-WAIT-1", FIN_WAIT2: "FIN-WAIT-2", TIME_WAIT: "TIME-WAIT", CLOSE: "UNCONN", CLOSE_WAIT: "CLOSE-WAIT", LAST_ACK: "LAST-ACK", LISTEN: "LISTEN", CLOSING: "CLOSING",
};
export const stateWord = (s: TcpState): string => STATE_WORDS[s];

/** Fields of one line, in the order of the columns; `ext` may begin with a line break. */
export interface Row {
  netid: string;
  state: string;
  recvQ: string;
  sendQ: string;
  local: string;
  localPort: string;
  remote: string;
  remotePort: string;
  process: string;
  ext: string;
}

const COLUMNS: readonly { key: keyof Row; head: string; left: string; right: boolean }[] = [
  { key: "netid", head: "Netid", left: "", right: false }, { key: "state", head: "State", left: " ", right: false }, { key: "recvQ", head: "Recv-Q", left: " ", right: false }, { key: "sendQ", head: "Send-Q", left: " ", right: false },
  { key: "local", head: "Local Address:", left: " ", right: true }, { key: "localPort", head: "Port", left: "", right: false }, { key: "remote", head: "Peer Address:", left: " ", right: true }, { key: "remotePort", head: "Port", left: "", right: false },
  { key: "process", head: "Process", left: "", right: false }, { key: "ext", head: "", left: "", right: false },
];

/** render_calc_width and render. @param screen columns of the terminal; 0: none, nothing is spread. */
export function layOut(rows: readonly Row[], o: { header: boolean; netid: boolean; state: boolean; screen: number }): string {
  const shown = COLUMNS.filter((c) => (c.key !== "netid" || o.netid) && (c.key !== "state" || o.state));
  const head = Object.fromEntries(COLUMNS.map((c) => [c.key, c.head])) as unknown as Row;
  const lines = o.header ? [head, ...rows] : [...rows];
  const widths = shown.map((c) => {
    const longest = Math.max(0, ...lines.map((r) => Math.max(...r[c.key].split("\n").map((part) => part.length))));
    return longest;
  });
  for (let i = 1; i < shown.length; i++) if (widths[i]! > 0) widths[i] = widths[i]! + shown[i]!.left.length;
  if (o.screen > 0) spread(widths, o.screen);
  let out = "";
  for (const r of lines) {
    let line = "";
    for (const [i, c] of shown.entries()) {
      if (widths[i] === 0) continue;
      const left = i === 0 ? "" : c.left;
      const room = widths[i]! - left.length;
      const text = r[c.key];
      line += left + (c.right ? text.padStart(room) : text.includes("\n") ? text : text.padEnd(room));
    }
    out += `${line}\n`;
  }
  return out;
}

/** What is left of the line goes to its columns, from the right. */
function spread(widths: number[], screen: number): void {
  const used = widths.flatMap((w, i) => (w > 0 ? [i] : []));
  const total = used.reduce((n, i) => n + widths[i]!, 0);
  if (total >= screen || used.length === 0) return;
  const spacing = Math.floor((screen - total) / used.length);
  let rest = (screen - total) % used.length;
  for (const i of [...used].reverse()) {
    widths[i] = widths[i]! + spacing + (rest > 0 ? 1 : 0);
    if (rest > 0) rest--;
  }
}

/** %g: six significant digits. */
function g(x: number): string {
  if (x === 0) return "0";
  return String(Number(x.toPrecision(6)));
}
const ms = (t: number): string => g(Math.round(t / 1000) / 1000);
const whole = (t: number): string => String(Math.floor(t / MILLISECOND));

/** print_ms_timer */
export function timerText(left: number): string {
  const total = Math.floor(left / MILLISECOND);
  const minutes = Math.floor(total / 60_000);
  const seconds = Math.floor(total / 1000) % 60;
  const rest = total % 1000;
  if (minutes > 0) return `${minutes}min${seconds > 0 ? `${seconds}sec` : ""}`.replace(/sec$/, minutes > 9 ? "" : "sec").replace(/^(\d\d+min)\d+$/, "$1");
  if (seconds > 9) return `${seconds}sec`;
  if (seconds > 0) return `${seconds}.${String(rest).padStart(3, "0")}ms`;
  return `${rest}ms`;
}

export function timerOf(s: SocketInfo): string {
  return s.timer === undefined ? "" : `timer:(${s.timer.kind},${timerText(s.timer.left)},${s.timer.count})`;
}

export function memoryOf(s: SocketInfo): string {
  const m = s.memory;
  return m === undefined ? "" : `skmem:(r${m.rmem},rb${m.rcvbuf},t${m.wmem},tb${m.sndbuf},f${m.forward},w${m.wmemQueued},o0,bl0,d${s.drops})`;
}

/** tcp_stats_print. */
export function infoText(i: TcpInfo): string {
  const p: string[] = [];
  if (i.timestamps && i.state !== "LISTEN") p.push("ts");
  if (i.sack) p.push("sack");
  p.push(i.congestion);
  if (i.state === "LISTEN") return [...p, `cwnd:${i.cwnd}`].join(" ");
  if (i.wscale) p.push(`wscale:${i.wscale[0]},${i.wscale[1]}`);
  p.push(`rto:${ms(i.rto)}`);
  if (i.backoff > 0) p.push(`backoff:${i.backoff}`);
  if (i.srtt > 0) p.push(`rtt:${ms(i.srtt)}/${ms(i.rttvar)}`);
  if (i.ato > 0) p.push(`ato:${ms(i.ato)}`);
  p.push(`mss:${i.mss}`, `pmtu:${i.pmtu}`, `rcvmss:${i.rcvmss}`, `advmss:${i.advmss}`, `cwnd:${i.cwnd}`);
  if (i.ssthresh < 0x7fffffff) p.push(`ssthresh:${i.ssthresh}`);
  for (const [name, n] of [["bytes_sent", i.bytesSent], ["bytes_retrans", i.bytesRetrans], ["bytes_acked", i.bytesAcked], ["bytes_received", i.bytesReceived], ["segs_out", i.segsOut], ["segs_in", i.segsIn], ["data_segs_out", i.dataSegsOut], ["data_segs_in", i.dataSegsIn]] as const) if (n > 0) p.push(`${name}:${n}`);
  if (i.srtt > 0) p.push(`send ${Math.floor((i.cwnd * i.mss * 8 * SECOND) / i.srtt)}bps`);
  for (const [name, t] of [["lastsnd", i.lastSnd], ["lastrcv", i.lastRcv], ["lastack", i.lastAck]] as const) if (t >= MILLISECOND) p.push(`${name}:${whole(t)}`);
  if (i.delivered > 0) p.push(`delivered:${i.delivered}`);
  if (i.unacked > 0) p.push(`unacked:${i.unacked}`);
  if (i.retrans > 0 || i.totalRetrans > 0) p.push(`retrans:${i.retrans}/${i.totalRetrans}`);
  if (i.lost > 0) p.push(`lost:${i.lost}`);
  if (i.sacked > 0) p.push(`sacked:${i.sacked}`);
  if (i.rcvRtt > 0) p.push(`rcv_rtt:${ms(i.rcvRtt)}`);
  if (i.rcvSpace > 0) p.push(`rcv_space:${i.rcvSpace}`);
  p.push(`rcv_ssthresh:${i.rcvSsthresh}`);
  if (i.notsent > 0) p.push(`notsent:${i.notsent}`);
  if (i.minRtt > 0) p.push(`minrtt:${ms(i.minRtt)}`);
  if (i.sndWnd > 0) p.push(`snd_wnd:${i.sndWnd}`);
  return p.join(" ");
}
