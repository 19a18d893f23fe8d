/** The filter language of ss: states, then an expression over addresses and ports. iproute2's ssfilter.y. */
import { parseIpv4 } from "../../../wire/ipv4.ts";
import type { SocketInfo, TcpState } from "../../../kernel/api.ts";
import type { Process } from "../../process.ts";
import { serviceByName } from "../../resolver.ts";

export class FilterError {
  readonly lines: string;
  readonly status: number;
  constructor(lines: string, status: number) {
    this.lines = lines;
    this.status = status;
  }
}

const ALL: readonly TcpState[] = ["ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING"];
const without = (...gone: TcpState[]): readonly TcpState[] => ALL.filter((s) => !gone.includes(s));
export const CONNECTED = without("LISTEN", "CLOSE", "TIME_WAIT", "SYN_RECV");

const NAMES: Readonly<Record<string, readonly TcpState[]>> = {
  established: ["ESTABLISHED"], estab: ["ESTABLISHED"], "syn-sent": ["SYN_SENT"], "syn-recv": ["SYN_RECV"], "fin-wait-1": ["FIN_WAIT1"], "fin-wait-2": ["FIN_WAIT2"], "time-wait": ["TIME_WAIT"], unconnected: ["CLOSE"], closed: ["CLOSE"], close: ["CLOSE"], unconn: ["CLOSE"],
  "close-wait": ["CLOSE_WAIT"], "last-ack": ["LAST_ACK"], listening: ["LISTEN"], listen: ["LISTEN"], closing: ["CLOSING"],
  all: ALL, connected: without("CLOSE", "LISTEN"), synchronized: without("CLOSE", "LISTEN", "SYN_SENT"), bucket: ["SYN_RECV", "TIME_WAIT"], big: without("SYN_RECV", "TIME_WAIT"),
};
export const ALL_STATES = ALL;

/** scan_state */
export function statesOf(name: string): readonly TcpState[] {
  const found = Object.hasOwn(NAMES, name.toLowerCase()) ? NAMES[name.toLowerCase()] : undefined;
  if (found === undefined) throw new FilterError(`ss: wrong state name: ${name}\n`, 255);
  return found;
}

export type Matches = (s: SocketInfo) => boolean;

const OPERATORS: Readonly<Record<string, string>> = { "=": "=", "==": "=", eq: "=", "!=": "!=", ne: "!=", neq: "!=", ">": ">", gt: ">", ">=": ">=", ge: ">=", geq: ">=", "<": "<", lt: "<", "<=": "<=", le: "<=", leq: "<=" };

interface HostCondition {
  address: number | undefined;
  length: number;
  port: number | undefined;
}

const syntax = (): never => {
  throw new FilterError('ss: bison bellows (while parsing filter): "syntax error!" Sorry.\n', -1);
};

class Parser {
  private readonly proc: Process;
  private readonly tokens: string[];
  private at = 0;

  constructor(proc: Process, words: readonly string[]) {
    this.proc = proc;
    this.tokens = words.flatMap((w) => w.split(/\s+/)).flatMap((w) => w.split(/(?<=^[(!]+)|([()])/)).filter((w): w is string => w !== undefined && w !== "");
  }

  private peek(): string | undefined {
    return this.tokens[this.at];
  }
  private take(): string {
    return this.tokens[this.at++] ?? syntax();
  }

  all(): Matches {
    const m = this.or();
    if (this.at < this.tokens.length) syntax();
    return m;
  }

  private or(): Matches {
    let left = this.and();
    while (["or", "|", "||"].includes(this.peek() ?? "")) {
      this.at++;
      const [a, b] = [left, this.and()];
      left = (s) => a(s) || b(s);
    }
    return left;
  }

  private and(): Matches {
    let left = this.not();
    for (let t = this.peek(); t !== undefined && t !== ")" && !["or", "|", "||"].includes(t); t = this.peek()) {
      if (["and", "&", "&&"].includes(t)) this.at++;
      const [a, b] = [left, this.not()];
      left = (s) => a(s) && b(s);
    }
    return left;
  }

  private not(): Matches {
    const t = this.take();
    if (t === "not" || t === "!") {
      const m = this.not();
      return (s) => !m(s);
    }
    if (t === "(") {
      const m = this.or();
      if (this.take() !== ")") syntax();
      return m;
    }
    return this.condition(t);
  }

  private condition(what: string): Matches {
    const o = OPERATORS[this.peek() ?? ""];
    if (what === "sport" || what === "dport") {
      if (o === undefined) syntax();
      this.at++;
      const port = this.port(this.take().replace(/^.*:/, ""));
      return (s) => compare(o!, what === "sport" ? s.localPort : s.remotePort, port);
    }
    if (what !== "src" && what !== "dst") return syntax();
    if (o !== undefined) this.at++;
    if (o !== undefined && o !== "=" && o !== "!=") syntax();
    const host = this.host(this.take());
    const m: Matches = (s) => {
      const [address, port] = what === "src" ? [s.localAddr, s.localPort] : [s.remoteAddr, s.remotePort];
      const mask = host.length === 0 ? 0 : (0xffffffff << (32 - host.length)) >>> 0;
      return (host.address === undefined || ((address ^ host.address) & mask) === 0) && (host.port === undefined || port === host.port);
    };
    return o === "!=" ? (s) => !m(s) : m;
  }

  private port(text: string): number {
    const n = /^\d+$/.test(text) ? Number(text) : (serviceByName(this.proc, text, "tcp") ?? serviceByName(this.proc, text, "udp"));
    if (n === undefined || n > 65535) throw new FilterError(`Error: "${text}" does not look like a port.\nCannot parse dst/src address.\n`, 1);
    return n;
  }

  private host(text: string): HostCondition {
    const colon = text.lastIndexOf(":");
    const port = colon >= 0 && text.slice(colon + 1) !== "*" ? this.port(text.slice(colon + 1)) : undefined;
    const prefix = colon >= 0 ? text.slice(0, colon) : text;
    if (prefix === "" || prefix === "*") return { address: undefined, length: 0, port };
    const [name, bits] = prefix.split("/") as [string, string | undefined];
    const address = parseIpv4(name);
    const length = bits === undefined ? 32 : /^\d+$/.test(bits) ? Number(bits) : 33;
    if (address === undefined || length > 32) throw new FilterError(`Error: an inet prefix is expected rather than "${prefix}".\nCannot parse dst/src address.\n`, 1);
    return { address, length, port };
  }
}

function compare(o: string, a: number, b: number): boolean {
  switch (o) {
    case "=":
      return a === b;
    case "!=":
      return a !== b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    case "<":
      return a < b;
    default:
      return a <= b;
  }
}

export function parseFilter(proc: Process, words: readonly string[]): Matches {
  return words.length === 0 ? () => true : new Parser(proc, words).all();
}
