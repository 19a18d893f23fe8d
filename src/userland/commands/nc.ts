/**
 * nc: OpenBSD netcat 1.219 as Debian has it, over TCP and UDP. Messages and order of its checks as recorded from the real one.
 */
import { type Errno, type Ipv4, strerror, type TcpSock, type UdpSock } from "../../kernel/api.ts";
import { SECOND } from "../../sim/time.ts";
import { formatIpv4 } from "../../wire/ipv4.ts";
import { defineCommand, notEmulated } from "../command.ts";
import { getopt } from "../getopt.ts";
import type { OpenFile, Process, Run, Wait } from "../process.ts";
import { openSocket, sendAll } from "../socket-file.ts";
import { gaiStrerror, hostOf, inetAton, resolveHost, serviceByName, serviceByPort } from "../resolver.ts";

const BUFFER = 16384; // BUFSIZE: what one read of standard input takes, so the largest datagram
const SCAN_TIMEOUT = 3; // seconds, UDP_SCAN_TIMEOUT

const USAGE = `usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]
	  [-m minttl] [-O length] [-P proxy_username] [-p source_port]
	  [-q seconds] [-s sourceaddr] [-T keyword] [-V rtable] [-W recvlimit]
	  [-w timeout] [-X proxy_protocol] [-x proxy_address[:port]]
	  [destination] [port]
`;

/** Ends the program with a message of its own. */
class Stop {
  readonly text: string;
  readonly status: number;

  constructor(text: string, status = 1) {
    this.text = text;
    this.status = status;
  }
}

/** errx(1, ...) */
const stop = (text: string): never => {
  throw new Stop(`nc: ${text}\n`);
};

interface Options {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  /** Seconds of -w. */
  readonly timeout: number | undefined;
  /** Seconds of -q; undefined: goes on after the end of standard input. */
  readonly quitAfter: number | undefined;
  readonly receiveLimit: number | undefined;
}

/** strtonum(3) */
function number(text: string, min: number, max: number, what: string): number {
  if (!/^\s*[+-]?\d+$/.test(text)) return stop(`${what} invalid: ${text}`);
  const n = Number(text);
  if (n < min) return stop(`${what} too small: ${text}`);
  return n > max ? stop(`${what} too large: ${text}`) : n;
}

function readOptions(args: readonly string[]): { options: Options; operands: readonly string[] } {
  const parsed = getopt(args, "46bCDdFhI:i:klM:m:NnO:P:p:q:rSs:T:tUuV:vW:w:X:x:Zz");
  if (parsed.error !== undefined) throw new Stop(`nc: ${parsed.error}\n${USAGE}`);
  const values = new Map(parsed.options.flatMap((o) => (o.value === undefined ? [] : [[o.key, o.value] as const])));
  const given = (key: string, min: number, what: string): number | undefined => {
    const text = values.get(key);
    return text === undefined ? undefined : number(text, min, 2147483647, what);
  };
  const quit = given("q", -2147483648, "quit timer");
  const options = {
    flags: new Set(parsed.options.map((o) => o.key)),
    values,
    timeout: given("w", 0, "timeout"),
    quitAfter: quit === undefined || quit < 0 ? undefined : quit,
    receiveLimit: given("W", 1, "receive limit"),
  };
  return { options, operands: parsed.operands };
}

/** A port's number, or its name in /etc/services. */
function portOf(proc: Process, text: string, protocol: "tcp" | "udp"): number {
  const named = /^\d/.test(text) ? undefined : serviceByName(proc, text, protocol);
  return named ?? number(text, 1, 65535, "port number");
}

/** "80", "http" or "79-81". */
function portList(proc: Process, text: string, protocol: "tcp" | "udp"): number[] {
  const range = /^(\d+)-(\d+)$/.exec(text);
  if (!range) return [portOf(proc, text, protocol)];
  const [low, high] = [range[1]!, range[2]!].map((t) => number(t, 1, 65535, "port number")) as [number, number];
  const [from, to] = low < high ? [low, high] : [high, low];
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

class Netcat {
  private readonly proc: Process;
  private readonly o: Options;

  constructor(proc: Process, o: Options) {
    this.proc = proc;
    this.o = o;
  }

  private get protocol(): "tcp" | "udp" {
    return this.has("u") ? "udp" : "tcp";
  }

  private has(flag: string): boolean {
    return this.o.flags.has(flag);
  }

  /** Addresses of `host`. With -n a name is no name. */
  private resolve(host: string, port: string): Ipv4[] {
    const found = resolveHost(this.proc, host);
    const named = inetAton(host) === undefined;
    if (found.ok && found.addresses.length > 0 && !(named && this.has("n"))) return found.addresses;
    const error = this.has("n") ? "EAI_NONAME" : found.ok ? "EAI_ADDRFAMILY" : found.error;
    return stop(`getaddrinfo for host "${host}" port ${port}: ${gaiStrerror(error)}`);
  }

  /** The local end as -s and -p give it. */
  private *bindSource(sock: UdpSock | TcpSock): Run<void> {
    const source = this.o.values.get("s");
    const port = this.o.values.get("p");
    if (source === undefined && port === undefined) return;
    const number = port === undefined ? 0 : (serviceByName(this.proc, port, this.protocol) ?? (/^\d+$/.test(port) ? Number(port) : stop("getaddrinfo: Servname not supported for ai_socktype")));
    const address = source === undefined ? 0 : this.resolve(source, port ?? "0")[0]!;
    const errno = sock.bind(address, number, { reuseAddr: true });
    if (errno !== undefined) yield* this.proc.warn(`nc: bind failed: ${strerror(errno)}\n`);
    if (errno !== undefined) throw new Stop("");
  }

  // -- connecting ---------------------------------------------------------------------------------------------------

  *connect(host: string, ports: string): Run<number> {
    if (!this.has("u")) return yield* this.connectEach(host, ports);
    let status = 0;
    for (const port of portList(this.proc, ports, "udp")) {
      const addresses = this.resolve(host, String(port));
      const sock = yield* this.connectUdp(host, addresses, port);
      if (sock === undefined || !(yield* this.converse(sock, host, port))) status = 1;
      sock?.close();
    }
    return status;
  }

  private *failed(host: string, address: Ipv4, port: number, errno: Errno, how = "failed"): Run<void> {
    const shown = host === formatIpv4(address) ? host : `${host} (${formatIpv4(address)})`;
    if (this.has("v")) yield* this.proc.warn(`nc: connect to ${shown} port ${port} (${this.protocol}) ${how}: ${strerror(errno)}\n`);
  }

  // -- TCP ----------------------------------------------------------------------------------------------------------

  /** One port after the other; it went well when one of them did. */
  private *connectEach(host: string, ports: string): Run<number> {
    let status = 1;
    for (const port of portList(this.proc, ports, "tcp")) {
      const connected = yield* this.connectTcp(host, this.resolve(host, String(port)), port);
      if (connected === undefined) continue;
      status = 0;
      const { fd, sock } = connected;
      if (this.has("v")) yield* this.proc.warn(`Connection to ${this.showHost(host, sock)} ${port} port [tcp/${this.showPort(port)}] succeeded!\n`);
      if (!this.has("z")) yield* this.converseTcp(sock);
      this.proc.closeFd(fd);
    }
    return status;
  }

  /** remote_connect(): the first address that answers. */
  private *connectTcp(host: string, addresses: readonly Ipv4[], port: number): Run<{ fd: number; sock: TcpSock } | undefined> {
    for (const address of addresses) {
      const sock = this.proc.netns.tcp();
      const fd = openSocket(this.proc, sock);
      if (this.o.values.has("s") || this.o.values.has("p")) sock.set({ reuseAddr: true });
      yield* this.bindSource(sock);
      let errno = sock.connect(address, port);
      let how = "failed";
      if (errno === "EINPROGRESS") {
        const until = this.o.timeout === undefined ? Number.POSITIVE_INFINITY : this.proc.now + this.o.timeout * SECOND;
        while (!sock.writable && this.proc.now < until) yield { write: [sock], ...(until === Number.POSITIVE_INFINITY ? {} : { until }) };
        if (!sock.writable) how = "timed out";
        else errno = sock.takeError();
      }
      if (errno === undefined) return { fd, sock };
      this.proc.closeFd(fd);
      yield* this.failed(host, address, port, errno, how);
    }
    return undefined;
  }

  private *connectUdp(host: string, addresses: readonly Ipv4[], port: number): Run<UdpSock | undefined> {
    for (const address of addresses) {
      const sock = this.proc.netns.udp();
      yield* this.bindSource(sock);
      sock.set({ recverr: false, ...(this.has("b") ? { broadcast: true } : {}) });
      const errno = sock.connect(address, port);
      if (errno === undefined) return sock;
      sock.close();
      yield* this.failed(host, address, port, errno);
    }
    return undefined;
  }

  /** @returns whether all went well. */
  private *converse(sock: UdpSock, host: string, port: number): Run<boolean> {
    if (this.has("v") || this.has("z")) {
      if (!(yield* this.probe(sock))) return false;
      if (this.has("v")) yield* this.proc.warn(`Connection to ${this.showHost(host, sock)} ${port} port [udp/${this.showPort(port)}] succeeded!\n`);
    }
    if (!this.has("z")) yield* this.exchange(sock);
    return true;
  }

  private showHost(host: string, sock: UdpSock | TcpSock): string {
    const address = formatIpv4(sock.peer!.addr);
    return this.has("n") || host === address ? host : `${host} (${address})`;
  }

  private showPort(port: number): string {
    return (this.has("n") ? undefined : serviceByPort(this.proc, port, this.protocol)) ?? "*";
  }

  /** udptest(): two datagrams at once and one a second; a port that is closed answers by ICMP. */
  private *probe(sock: UdpSock): Run<boolean> {
    const x = Uint8Array.of(0x58);
    const refused = (sent: number | Errno): boolean => sent === "ECONNREFUSED";
    if (typeof sock.send(x) === "string") return false;
    yield { until: this.proc.now + 1_000_000 }; // the answer of a near host is there before the second one
    if (refused(sock.send(x))) return false;
    for (let i = 0; i < (this.o.timeout ?? SCAN_TIMEOUT); i++) {
      yield* this.proc.sleep(SECOND);
      if (refused(sock.send(x))) return false;
    }
    return true;
  }

  // -- listening ----------------------------------------------------------------------------------------------------

  *listen(host: string | undefined, port: string): Run<number> {
    const number = serviceByName(this.proc, port, this.protocol) ?? (/^\d+$/.test(port) ? Number(port) & 0xffff : stop("getaddrinfo: Servname not supported for ai_socktype"));
    const address = host === undefined ? 0 : this.resolve(host, port)[0]!;
    if (!this.has("u")) return yield* this.listenTcp(address, number);
    const sock = this.proc.netns.udp();
    const fd = openSocket(this.proc, sock);
    const errno = sock.bind(address, number, { reuseAddr: true });
    if (errno !== undefined) return stop(strerror(errno));
    yield* this.report("Bound on", address, number);
    while (!sock.readable) yield { read: [sock] };
    if (this.has("k")) yield* this.exchange(sock);
    else yield* this.serveOne(sock);
    this.proc.closeFd(fd);
    return 0;
  }

  private *listenTcp(address: Ipv4, port: number): Run<number> {
    const listener = this.proc.netns.tcp();
    openSocket(this.proc, listener);
    const errno = listener.bind(address, port, { reuseAddr: true }) ?? listener.listen(1);
    if (errno !== undefined) return stop(strerror(errno));
    yield* this.report("Listening on", address, port);
    do {
      while (!listener.readable) yield { read: [listener] };
      const sock = listener.accept();
      if (typeof sock === "string") continue;
      const fd = openSocket(this.proc, sock);
      yield* this.report("Connection received on", sock.peer!.addr, sock.peer!.port);
      yield* this.converseTcp(sock);
      this.proc.closeFd(fd);
    } while (this.has("k"));
    return 0;
  }

  /** The first sender becomes the peer; its first datagram is not lost by that. */
  private *serveOne(sock: UdpSock): Run<void> {
    const first = sock.recv();
    if (typeof first === "string") return;
    sock.connect(first.from, first.port);
    yield* this.report("Connection received on", first.from, first.port);
    yield* this.proc.print(first.data);
    if (this.o.receiveLimit !== 1) yield* this.exchange(sock, 1);
  }

  /** What -v says of an end; a name is looked for unless -n forbids it. */
  private *report(what: string, address: Ipv4, port: number): Run<void> {
    if (!this.has("v")) return;
    const name = this.has("n") ? formatIpv4(address) : hostOf(this.proc, address);
    if (name === undefined) yield* this.proc.warn(`nc: getnameinfo: ${gaiStrerror("EAI_AGAIN")}\n`);
    else yield* this.proc.warn(`${what} ${name} ${this.has("n") ? port : (serviceByPort(this.proc, port, this.protocol) ?? port)}\n`);
  }

  // -- data ---------------------------------------------------------------------------------------------------------

  /**
   * readwrite() of a stream: ends when both inputs have, or nobody takes what is left. With -N the other end is told of the end of
   * standard input; without it the connection stays open until the other end closes.
   */
  private *converseTcp(sock: TcpSock): Run<void> {
    let input: OpenFile | undefined = this.has("d") ? undefined : this.proc.fds.get(0);
    let receiving = true;
    let sending = true;
    let quitAt = Number.POSITIVE_INFINITY;
    let left = this.o.receiveLimit ?? Number.POSITIVE_INFINITY;
    const finishSending = (): void => {
      if (sending && this.has("N")) sock.shutdown("write");
      sending = false;
    };
    if (input === undefined) finishSending();
    while (receiving || input !== undefined) {
      if (this.has("l") && !receiving) return;
      const idleAt = this.o.timeout === undefined ? Number.POSITIVE_INFINITY : this.proc.now + this.o.timeout * SECOND;
      const until = Math.min(idleAt, quitAt);
      if (!input?.readable && !(receiving && sock.readable)) {
        yield { read: [...(input === undefined ? [] : [input]), ...(receiving ? [sock] : [])], ...(until === Number.POSITIVE_INFINITY ? {} : { until }) };
      }
      if (receiving && sock.readable) {
        const got = sock.recv(BUFFER);
        if (typeof got === "string" ? got !== "EAGAIN" : got.length === 0) {
          receiving = false;
          // A reset closes both ways: nobody takes what we would send.
          if (typeof got === "string" || sock.state === "CLOSE") return;
        } else if (typeof got !== "string") {
          yield* this.proc.print(got);
          if (--left <= 0) return;
        }
      } else if (input?.readable === true) {
        const data: Uint8Array | Errno = input.read(BUFFER);
        if (data === "EAGAIN") continue;
        if (typeof data === "string" || data.length === 0) {
          input = undefined;
          finishSending();
          if (this.o.quitAfter !== undefined) quitAt = this.proc.now + this.o.quitAfter * SECOND;
          if (this.o.quitAfter === 0) return;
        } else if ((yield* sendAll(this.proc, sock, data)) !== undefined) return;
      } else if (this.proc.now >= until) return;
    }
  }

  /** readwrite(): standard input to the network, the network to standard output, until both inputs have ended or -w or -q ends it. */
  private *exchange(sock: UdpSock, received = 0): Run<void> {
    let input: OpenFile | undefined = this.has("d") ? undefined : this.proc.fds.get(0);
    let network = true;
    let left = this.o.receiveLimit === undefined ? Number.POSITIVE_INFINITY : this.o.receiveLimit - received;
    let quitAt = Number.POSITIVE_INFINITY;
    while (input !== undefined || network) {
      const idleAt = this.o.timeout === undefined ? Number.POSITIVE_INFINITY : this.proc.now + this.o.timeout * SECOND;
      const until = Math.min(idleAt, quitAt);
      const wait: Wait = { read: [...(input ? [input] : []), ...(network ? [sock] : [])], ...(until === Number.POSITIVE_INFINITY ? {} : { until }) };
      if (!input?.readable && !(network && sock.readable)) yield wait;
      if (network && sock.readable) {
        const got = sock.recv();
        if (typeof got !== "string") {
          yield* this.proc.print(got.data);
          if (--left <= 0) return;
        } else if (got !== "EAGAIN") network = false;
      } else if (input?.readable) {
        const data: Uint8Array | Errno = input.read(BUFFER);
        if (typeof data === "string") {
          if (data !== "EAGAIN") input = undefined;
        } else if (data.length > 0) sock.send(data);
        else {
          input = undefined;
          if (this.o.quitAfter !== undefined) quitAt = this.proc.now + this.o.quitAfter * SECOND;
          if (this.o.quitAfter === 0) return;
        }
      } else if (this.proc.now >= until) return;
    }
  }
}

/** Where to, and which port: nc(1) takes them from operands, -s and -p, and refuses most mixtures. */
function target(o: Options, operands: readonly string[]): { host: string | undefined; port: string } {
  const [first, second, third] = operands;
  const [source, local] = [o.values.get("s"), o.values.get("p")];
  if (third !== undefined) throw new Stop(USAGE);
  if (!o.flags.has("l")) {
    if (first === undefined) throw new Stop(USAGE);
    return { host: first, port: second ?? stop("missing port number") };
  }
  if (second !== undefined) return { host: first, port: second };
  if (first === undefined) return { host: source, port: local ?? stop("missing port number") };
  if (local !== undefined) return { host: first, port: local };
  if (source !== undefined) throw new Stop(USAGE);
  return { host: undefined, port: first };
}

const REFUSED = ["F", "I", "O", "M", "m", "P", "S", "t", "T", "U", "V", "X", "x", "Z", "r", "i", "C", "6"];

export const nc = defineCommand({
  name: "nc",
  aliases: ["netcat"],
  man: {
    summary: "send and receive over the network by hand",
    synopsis: ["nc [-dNnuvz] [-p PORT] [-s ADDRESS] [-q SECONDS] [-w SECONDS] HOST PORT", "nc -l [-dkNnuv] [-W COUNT] [ADDRESS] PORT"],
    emulated: [
      "a connection to HOST, or with -l from whoever comes first; -k: from one after the other",
      "-N: tells the other end when standard input has ended; -d: reads no standard input",
      "-u: datagrams; standard input goes out, what comes in goes to standard output",
      "-l: waits for a sender, with -k for any number of them; -W: ends after so many datagrams",
      "-w: ends after so many idle seconds; -q: so many seconds after the end of standard input",
      "-z: only tries whether a port is open, PORT may be a range; -v says what happens; -n looks up no names; -b allows broadcast",
    ],
    notEmulated: ["proxies, Unix sockets, telnet negotiation, -C, -i, -r, -T, IPv6"],
    examples: ["nc -l 8080", "nc -zv 10.0.0.2 80", "echo hello | nc -u -w 1 10.0.0.2 5000"],
  },
  *run(proc, args): Run<number> {
    try {
      const { options, operands } = readOptions(args);
      if (options.flags.has("h")) {
        yield* proc.warn(`OpenBSD netcat (Debian patchlevel 1.219-1)\n${USAGE}`);
        return 1;
      }
      const refused = REFUSED.find((f) => options.flags.has(f));
      if (refused !== undefined) return yield* notEmulated(proc, `nc -${refused}`);
      const { host, port } = target(options, operands);
      const netcat = new Netcat(proc, options);
      return options.flags.has("l") ? yield* netcat.listen(host, port) : yield* netcat.connect(host!, port);
    } catch (e) {
      if (!(e instanceof Stop)) throw e;
      yield* proc.warn(e.text);
      return e.status;
    }
  },
});
