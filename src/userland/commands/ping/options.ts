/** The command line of ping, iputils 20221126: what was asked, or what it says instead. */
import { parseIpv4 } from "../../../wire/ipv4.ts";
import { parseIpv6 } from "../../../wire/ipv6.ts";
import { getopt } from "../../getopt.ts";
import { INT_MAX, iputilsVersion, LONG_MAX, parseLong } from "../../iputils.ts";

/** Sequence numbers are told apart modulo this. */
export const MAX_DUP_CHK = 0x10000;

export interface PingOptions {
  /** Milliseconds. */
  interval: number;
  intervalGiven: boolean;
  preload: number;
  /** Milliseconds to wait for the last answers when there was none. */
  linger: number;
  /** Octets after the ICMP header. */
  size: number;
  /** 0: no limit. */
  count: number;
  deadline: number;
  ident: number | undefined;
  family: 4 | 6 | undefined;
  broadcast: boolean;
  recordRoute: boolean;
  timestamp: "tsonly" | "tsandaddr" | "tsprespec" | undefined;
  audible: boolean;
  adaptive: boolean;
  strictSource: boolean;
  connect: boolean;
  printTime: boolean;
  source: number;
  source6: Uint8Array | undefined;
  device: string | undefined;
  noLoop: boolean;
  mark: number | undefined;
  pmtudisc: "do" | "dont" | "want" | undefined;
  numeric: boolean;
  outstanding: boolean;
  flood: boolean;
  pattern: Uint8Array | undefined;
  quiet: boolean;
  tos: number;
  ttl: number | undefined;
  latency: boolean;
  verbose: boolean;
  /** The destination, after hops to go through. */
  hosts: string[];
  /** Said on the way: arguments that will be an error one day. */
  warnings: string[];
}

/** `text` goes to standard output with status 0, else to standard error after "ping: ". */
export type PingParse = { ok: PingOptions } | { exit: number; text: string } | { usage: string | undefined } | { notEmulated: string };

const DEFAULTS: PingOptions = {
  interval: 1000, intervalGiven: false, preload: 1, linger: 10_000, size: 56, count: 0, deadline: 0, ident: undefined, family: undefined, broadcast: false, recordRoute: false, timestamp: undefined, audible: false,
  adaptive: false, strictSource: false, connect: false, printTime: false, source: 0, source6: undefined, device: undefined, noLoop: false, mark: undefined, pmtudisc: undefined, numeric: false, outstanding: false, flood: false,
  pattern: undefined, quiet: false, tos: 0, ttl: undefined, latency: false, verbose: false, hosts: [], warnings: [],
};

export function parsePing(args: readonly string[], name: string): PingParse {
  const given = getopt(args, "h?4bRT:6F:N:aABc:CdDe:fi:I:l:Lm:M:nOp:qQ:rs:S:t:UvVw:W:");
  const o: PingOptions = { ...DEFAULTS, hosts: given.operands, warnings: [] };
  if (name.endsWith("4")) o.family = 4;
  if (name.endsWith("6")) o.family = 6;
  for (const { key, value } of given.options) {
    const done = applyFlag(o, key) ?? applyValue(o, key, value ?? "");
    if (done !== undefined) return done;
  }
  if (given.error !== undefined) return { usage: given.error };
  if (o.hosts.length === 0) return { exit: 1, text: "usage error: Destination address required" };
  return { ok: o };
}

/** @returns what ends the program; undefined to go on with the next option. */
function applyFlag(o: PingOptions, key: string): PingParse | undefined {
  switch (key) {
    case "4":
      if (o.family === 6) return { exit: 2, text: "only one -4 or -6 option may be specified" };
      o.family = 4;
      return undefined;
    case "6":
      if (o.family === 4) return { exit: 2, text: "only one -4 or -6 option may be specified" };
      o.family = 6;
      return undefined;
    case "b": o.broadcast = true; return undefined;
    case "R":
      if (o.timestamp) return { exit: 2, text: "only one of -T or -R may be used" };
      o.recordRoute = true;
      return undefined;
    case "a": o.audible = true; return undefined;
    case "A": o.adaptive = true; return undefined;
    case "B": o.strictSource = true; return undefined;
    case "C": o.connect = true; return undefined;
    case "d": return undefined; // SO_DEBUG says nothing here
    case "D": o.printTime = true; return undefined;
    case "f":
      o.flood = true;
      o.numeric = true;
      return undefined;
    case "L": o.noLoop = true; return undefined;
    case "n": o.numeric = true; return undefined;
    case "O": o.outstanding = true; return undefined;
    case "q": o.quiet = true; return undefined;
    case "r": return { notEmulated: "ping -r" };
    case "U": o.latency = true; return undefined;
    case "v": o.verbose = true; return undefined;
    case "V": return { exit: 0, text: iputilsVersion("ping") };
    case "h":
    case "?": return { usage: undefined };
    case "F":
    case "N": return { notEmulated: `ping -${key}` };
    default: return undefined;
  }
}

const fail = (text: string, exit = 2): PingParse => ({ exit, text });

function applyValue(o: PingOptions, key: string, value: string): PingParse | undefined {
  const number = (min: number, max: number | typeof LONG_MAX, set: (n: number) => void): PingParse | undefined => {
    const n = parseLong(value, min, max);
    if (typeof n === "string") return fail(n, 1);
    set(n);
    return undefined;
  };
  switch (key) {
    case "c": return number(1, LONG_MAX, (n) => { o.count = n; });
    case "e": return number(0, 0xffff, (n) => { o.ident = n; });
    case "l": return number(1, MAX_DUP_CHK, (n) => { o.preload = n; });
    case "m": return number(0, 0xffffffff, (n) => { o.mark = n; });
    case "s": return number(0, INT_MAX, (n) => { o.size = n; });
    case "S": return number(1, INT_MAX, () => {}); // room to send is never short
    case "t": return number(0, 255, (n) => { o.ttl = n; });
    case "w": return number(0, INT_MAX, (n) => { o.deadline = n; });
    case "i": return seconds(o, value, "bad timing interval", (ms) => {
      o.interval = ms;
      o.intervalGiven = true;
    });
    case "W": return seconds(o, value, "bad linger time", (ms) => { o.linger = ms; });
    case "I": {
      const address6 = value.includes(":") ? parseIpv6(value.split("%")[0]!) : undefined;
      if (address6 !== undefined) {
        o.source6 = address6;
        o.strictSource = true;
        return undefined;
      }
      const address = parseIpv4(value);
      if (address === undefined) o.device = value;
      else {
        o.source = address;
        o.strictSource = true;
      }
      return undefined;
    }
    case "M":
      if (value !== "do" && value !== "dont" && value !== "want") return fail(`invalid -M argument: ${value}`);
      o.pmtudisc = value;
      return undefined;
    case "T":
      if (o.recordRoute) return fail("only one of -T or -R may be used");
      if (value !== "tsonly" && value !== "tsandaddr" && value !== "tsprespec") return fail(`invalid timestamp type: ${value}`);
      o.timestamp = value;
      return undefined;
    case "p": return pattern(o, value);
    case "Q": {
      const m = /^(?:0[xX]([0-9a-fA-F]+)|([+-]?[0-9]+))$/.exec(value);
      if (!m) return fail(`bad TOS value: ${value}`);
      o.tos = m[1] === undefined ? Number(m[2]) : Number.parseInt(m[1], 16);
      return o.tos > 255 ? fail(`the decimal value of TOS bits must be in range 0-255: ${o.tos}`) : undefined;
    }
    default: return undefined;
  }
}

/** strtod(3): what follows a number is complained of and left. */
function seconds(o: PingOptions, value: string, what: string, set: (ms: number) => void): PingParse | undefined {
  if (value === "") return fail(`${what}: ${value}`);
  const m = /^[ \t\n]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/.exec(value);
  const rest = value.slice(m ? m[0].length : 0);
  if (rest !== "") o.warnings.push(`option argument contains garbage: ${rest}`, "this will become fatal error in the future");
  const number = m ? Number(m[0]) : 0;
  if (number > INT_MAX / 1000 || (what === "bad linger time" && number < 0)) return fail(`${what}: ${value}`);
  set(Math.trunc(number * 1000));
  return undefined;
}

/** Up to 16 octets in hex. */
function pattern(o: PingOptions, value: string): PingParse | undefined {
  const bad = /[^0-9a-fA-F]/.exec(value);
  if (bad) return fail(`patterns must be specified as hex digits: ${value.slice(bad.index)}`);
  o.pattern = Uint8Array.from(value.match(/.{1,2}/g)?.slice(0, 16) ?? [], (h) => Number.parseInt(h, 16));
  return undefined;
}

export const PING_USAGE = `
Usage
  ping [options] <destination>

Options:
  <destination>      dns name or ip address
  -a                 use audible ping
  -A                 use adaptive ping
  -B                 sticky source address
  -c <count>         stop after <count> replies
  -C                 call connect() syscall on socket creation
  -D                 print timestamps
  -d                 use SO_DEBUG socket option
  -e <identifier>    define identifier for ping session, default is random for
                     SOCK_RAW and kernel defined for SOCK_DGRAM
                     Imply using SOCK_RAW (for IPv4 only for identifier 0)
  -f                 flood ping
  -h                 print help and exit
  -I <interface>     either interface name or address
  -i <interval>      seconds between sending each packet
  -L                 suppress loopback of multicast packets
  -l <preload>       send <preload> number of packages while waiting replies
  -m <mark>          tag the packets going out
  -M <pmtud opt>     define mtu discovery, can be one of <do|dont|want>
  -n                 no dns name resolution
  -O                 report outstanding replies
  -p <pattern>       contents of padding byte
  -q                 quiet output
  -Q <tclass>        use quality of service <tclass> bits
  -s <size>          use <size> as number of data bytes to be sent
  -S <size>          use <size> as SO_SNDBUF socket option value
  -t <ttl>           define time to live
  -U                 print user-to-user latency
  -v                 verbose output
  -V                 print version and exit
  -w <deadline>      reply wait <deadline> in seconds
  -W <timeout>       time to wait for response

IPv4 options:
  -4                 use IPv4
  -b                 allow pinging broadcast
  -R                 record route
  -T <timestamp>     define timestamp, can be one of <tsonly|tsandaddr|tsprespec>

IPv6 options:
  -6                 use IPv6
  -F <flowlabel>     define flow label, default is random
  -N <nodeinfo opt>  use icmp6 node info query, try <help> as argument

For more details see ping(8).
`;
