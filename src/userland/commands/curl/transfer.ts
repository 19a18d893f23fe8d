/** One request and its answer over a connection that may be used again: libcurl's HTTP/1 as its verbose output tells it. */
import { concat, encodeUtf8 } from "../../../base/bytes.ts";
import { type Errno, strerror, type TcpSock } from "../../../kernel/api.ts";
import { MILLISECOND, type Nanos, SECOND } from "../../../sim/time.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { type Field, fieldOf, HttpStream, lower, parseField, type ReadEnd } from "../../http-stream.ts";
import type { Process, Run } from "../../process.ts";
import { openSocket, sendAll } from "../../socket-file.ts";
import { resolveHost } from "../../resolver.ts";
import type { Url } from "./url.ts";

export class CurlError {
  readonly code: number;
  readonly text: string;
  constructor(code: number, text: string) {
    this.code = code;
    this.text = text;
  }
}

export interface Request {
  url: Url;
  method: string;
  version: "1.0" | "1.1";
  headers: readonly string[];
  userAgent: string | undefined;
  referer: string | undefined;
  cookie: string | undefined;
  range: string | undefined;
  user: string | undefined;
  body: Uint8Array | undefined;
  noBody: boolean;
  failOnError: boolean;
}

export interface Settings {
  connectTimeout: Nanos | undefined;
  /** When the whole transfer must be over, and when it began. */
  deadline: Nanos;
  startedAt: Nanos;
  resolve: ReadonlyMap<string, number[]>;
  source: number | undefined;
  device: number;
}

export interface Answer {
  code: number;
  version: string;
  fields: Field[];
  headerLines: string[];
  size: number;
}

interface Connection {
  key: string;
  number: number;
  fd: number;
  sock: TcpSock;
  stream: HttpStream;
}

/** Where a body goes. @returns whether it could be written. */
export type Sink = (data: Uint8Array) => Run<boolean>;

const CONNECT_TIMEOUT = 300 * SECOND;

export class Client {
  private readonly proc: Process;
  private readonly say: (text: string) => Run<void>;
  private kept: Connection | undefined;
  private made = 0;
  /** Of the last transfer, for -w. */
  times = { nameLookup: 0, connect: 0, preTransfer: 0, startTransfer: 0 };
  connects = 0;
  last: { remoteIp: string; remotePort: number; localIp: string; localPort: number } = { remoteIp: "", remotePort: 0, localIp: "", localPort: 0 };
  sizeRequest = 0;

  /** @param say shows a line of the verbose output. */
  constructor(proc: Process, say: (text: string) => Run<void>) {
    this.proc = proc;
    this.say = say;
  }

  /** @param bodyShown whether what arrives goes to the terminal: then it is not told of besides. */
  *perform(r: Request, s: Settings, headers: (a: Answer) => Run<boolean>, body: Sink, bodyShown: boolean): Run<Answer> {
    const fresh = this.made;
    let c = yield* this.connection(r.url, s);
    const reused = this.made === fresh;
    try {
      try {
        return yield* this.exchange(c, r, s, headers, body, bodyShown);
      } catch (e) {
        // A connection that was kept may have been closed meanwhile.
        if (!(e instanceof CurlError) || !reused || e.code !== 52) throw e;
        this.close(c);
        c = yield* this.connection(r.url, s);
        return yield* this.exchange(c, r, s, headers, body, bodyShown);
      }
    } catch (e) {
      if (e instanceof CurlError) {
        yield* this.say(`* Closing connection ${c.number}\n`);
        this.close(c);
      }
      throw e;
    }
  }

  private close(c: Connection): void {
    this.proc.closeFd(c.fd);
    if (this.kept === c) this.kept = undefined;
  }

  // -- connecting ---------------------------------------------------------------------------------------------------

  private *connection(url: Url, s: Settings): Run<Connection> {
    const key = `${lower(url.host)}:${url.port}`;
    const kept = this.kept;
    if (kept !== undefined && kept.key === key && !kept.sock.readable) {
      yield* this.say(`* Found bundle for host: 0x${(0x56154f3e0000 + kept.number * 0x1000 + 0xd200).toString(16)} [serially]\n* Can not multiplex, even if we wanted to\n* Re-using existing connection #${kept.number} with host ${url.host}\n`);
      return kept;
    }
    if (kept !== undefined && kept.key === key) this.close(kept);
    const number = this.made++;
    const began = this.proc.now;
    const addresses = yield* this.addresses(url, s, number);
    this.times.nameLookup = this.proc.now - s.startedAt;
    const connectBy = began + (s.connectTimeout ?? CONNECT_TIMEOUT);
    let timedOut = false;
    for (const address of addresses) {
      yield* this.say(`*   Trying ${formatIpv4(address)}:${url.port}...\n`);
      const sock = this.proc.netns.tcp();
      const fd = openSocket(this.proc, sock);
      sock.set({ noDelay: true, keepAlive: true, keepIdle: 60 * SECOND, keepInterval: 60 * SECOND, ...(s.device > 0 && { bindToDevice: s.device }) });
      const bound = s.source === undefined ? undefined : sock.bind(s.source, 0);
      if (bound !== undefined) {
        yield* this.say(`* bind failed with errno 99: ${strerror(bound)}\n`);
        this.proc.closeFd(fd);
        throw yield* this.gone(number, new CurlError(45, `bind failed with errno 99: ${strerror(bound)}`));
      }
      let errno = sock.connect(address, url.port);
      if (errno === "EINPROGRESS") {
        const until = Math.min(connectBy, s.deadline);
        while (!sock.writable && this.proc.now < until) yield { write: [sock], until };
        if (!sock.writable) {
          this.proc.closeFd(fd);
          if (s.deadline <= connectBy) throw yield* this.gone(number, new CurlError(28, `Connection timed out after ${this.ms(this.proc.now - s.startedAt)} milliseconds`), true);
          yield* this.say(`* ipv4 connect timeout after ${this.ms(connectBy - began)}ms, move on!\n`);
          timedOut = true;
          break;
        }
        errno = sock.takeError();
        if (errno !== undefined) yield* this.say(`* connect to ${formatIpv4(address)} port ${url.port} failed: ${strerror(errno)}\n`);
      } else if (errno !== undefined) yield* this.say(`* Immediate connect fail for ${formatIpv4(address)}: ${strerror(errno)}\n`);
      if (errno === undefined) return yield* this.connected(key, number, fd, sock, url, address, s);
      this.refused = errno;
      this.proc.closeFd(fd);
    }
    const why = timedOut ? "Timeout was reached" : "Couldn't connect to server";
    throw yield* this.gone(number, new CurlError(timedOut ? 28 : 7, `Failed to connect to ${url.host} port ${url.port} after ${this.ms(this.proc.now - began)} ms: ${why}`), true);
  }

  /** Why the last connection could not be made: for --retry-connrefused. */
  refused: Errno | undefined;

  private *connected(key: string, number: number, fd: number, sock: TcpSock, url: Url, address: number, s: Settings): Run<Connection> {
    yield* this.say(`* Connected to ${url.host} (${formatIpv4(address)}) port ${url.port} (#${number})\n`);
    this.connects++;
    this.times.connect = this.proc.now - s.startedAt;
    this.last = { remoteIp: formatIpv4(address), remotePort: url.port, localIp: formatIpv4(sock.localAddr), localPort: sock.localPort };
    this.kept = { key, number, fd, sock, stream: new HttpStream(this.proc, sock) };
    return this.kept;
  }

  private ms(t: Nanos): number {
    return Math.floor(t / MILLISECOND);
  }

  private *gone(number: number, e: CurlError, tell = false): Run<CurlError> {
    if (tell) yield* this.say(`* ${e.text}\n`);
    yield* this.say(`* Closing connection ${number}\n`);
    return e;
  }

  private *addresses(url: Url, s: Settings, number: number): Run<number[]> {
    const given = s.resolve.get(`${lower(url.host)}:${url.port}`);
    if (given !== undefined) {
      yield* this.say(`* Hostname ${url.host} was found in DNS cache\n`);
      return given;
    }
    const found = resolveHost(this.proc, url.host);
    if (found.ok && found.addresses.length > 0) return found.addresses;
    throw yield* this.gone(number, new CurlError(6, `Could not resolve host: ${url.host}`), true);
  }

  // -- a request and its answer -------------------------------------------------------------------------------------

  private *exchange(c: Connection, r: Request, s: Settings, headers: (a: Answer) => Run<boolean>, body: Sink, bodyShown: boolean): Run<Answer> {
    const { stream } = c;
    stream.deadline = s.deadline;
    const head = requestHead(r);
    if (r.user !== undefined) yield* this.say(`* Server auth using Basic with user '${r.user.replace(/:.*$/s, "")}'\n`);
    this.times.preTransfer = this.proc.now - s.startedAt;
    for (const line of head) yield* this.say(`> ${line}\r\n`);
    const text = encodeUtf8(`${head.join("\r\n")}\r\n`);
    this.sizeRequest += text.length;
    const octets = r.body === undefined ? text : concat([text, r.body]);
    if (r.body !== undefined && r.body.length > 0) yield* this.say(`} [${r.body.length} bytes data]\n`);
    const failed = yield* sendAll(this.proc, c.sock, octets);
    if (failed !== undefined && failed !== "EPIPE" && failed !== "ECONNRESET") throw new CurlError(55, `Send failure: ${strerror(failed)}`);
    let a = yield* this.answerHead(c, s);
    while (a.code >= 100 && a.code < 200) a = yield* this.answerHead(c, s);
    this.times.startTransfer = this.proc.now - s.startedAt;
    if (r.failOnError && a.code >= 400) {
      yield* this.say(`* The requested URL returned error: ${a.code}\n`);
      throw new CurlError(22, `The requested URL returned error: ${a.code}`);
    }
    if (!(yield* headers(a))) throw new CurlError(23, "Failed writing header");
    const closes = closesAfter(a);
    if (!r.noBody && a.code !== 204 && a.code !== 304) yield* this.body(c, a, s, body, bodyShown);
    if (closes || (r.version === "1.0" && lower(fieldOf(a.fields, "connection") ?? "") !== "keep-alive")) {
      yield* this.say(`* Closing connection ${c.number}\n`);
      this.close(c);
    } else yield* this.say(`* Connection #${c.number} to host ${r.url.host} left intact\n`);
    return a;
  }

  private ended(end: ReadEnd, s: Settings, got: number, of: number | undefined): CurlError {
    if (end === "timeout") return new CurlError(28, `Operation timed out after ${this.ms(this.proc.now - s.startedAt)} milliseconds with ${got}${of === undefined ? "" : ` out of ${of}`} bytes received`);
    return new CurlError(56, `Recv failure: ${strerror(end as Errno)}`);
  }

  private *answerHead(c: Connection, s: Settings): Run<Answer> {
    const a: Answer = { code: 0, version: "0", fields: [], headerLines: [], size: 0 };
    for (;;) {
      const got = yield* c.stream.line();
      if (typeof got === "string") {
        if (got === "eof") {
          yield* this.say("* Empty reply from server\n");
          throw new CurlError(52, "Empty reply from server");
        }
        const e = this.ended(got, s, 0, undefined);
        yield* this.say(`* ${e.text}\n`);
        throw e;
      }
      const { line } = got;
      if (a.code === 0) {
        const m = /^HTTP\/(1\.[01]) (\d\d\d)(?: |\r?\n|$)/.exec(line);
        if (m === null) {
          yield* this.say("* Received HTTP/0.9 when not allowed\n");
          throw new CurlError(1, "Received HTTP/0.9 when not allowed");
        }
        a.version = m[1]!;
        a.code = Number(m[2]);
        if (a.version === "1.0") yield* this.say("* HTTP 1.0, assume close after body\n");
      } else {
        const f = parseField(line.trimEnd());
        if (f !== undefined) a.fields.push(f);
      }
      a.headerLines.push(line);
      a.size += line.length;
      yield* this.say(`< ${line.endsWith("\r\n") ? line : line.replace("\n", "\r\n")}`);
      if (/^\r?\n$/.test(line)) return a;
    }
  }

  private *body(c: Connection, a: Answer, s: Settings, sink: Sink, shown: boolean): Run<void> {
    if (lower(fieldOf(a.fields, "transfer-encoding") ?? "").includes("chunked")) return yield* this.chunks(c, s, sink, shown);
    const lengthText = fieldOf(a.fields, "content-length");
    const length = lengthText === undefined || !/^\d+$/.test(lengthText) ? undefined : Number(lengthText);
    let got = 0;
    while (length === undefined || got < length) {
      const part = yield* c.stream.some(Math.min(16_384, length === undefined ? 16_384 : length - got));
      if (part === "eof") {
        if (length === undefined) return;
        const text = `transfer closed with ${length - got} bytes remaining to read`;
        yield* this.say(`* ${text}\n`);
        throw new CurlError(18, text);
      }
      if (typeof part === "string") {
        const e = this.ended(part, s, got, length);
        yield* this.say(`* ${e.text}\n`);
        throw e;
      }
      got += part.length;
      if (!shown) yield* this.say(`{ [${part.length} bytes data]\n`);
      if (!(yield* sink(part))) {
        yield* this.say("* Failure writing output to destination\n");
        throw new CurlError(23, "Failure writing output to destination");
      }
    }
  }

  private *chunks(c: Connection, s: Settings, sink: Sink, shown: boolean): Run<void> {
    for (let got = 0; ; ) {
      const head = yield* c.stream.line();
      if (typeof head === "string") throw head === "eof" ? new CurlError(18, "transfer closed with outstanding read data remaining") : this.ended(head, s, got, undefined);
      const size = Number.parseInt(head.line, 16);
      if (Number.isNaN(size)) throw new CurlError(56, "Illegal or missing hexadecimal sequence in chunked-encoding");
      if (size > 0) {
        const data = yield* c.stream.exactly(size);
        if (typeof data === "string") throw data === "eof" ? new CurlError(18, "transfer closed with outstanding read data remaining") : this.ended(data, s, got, undefined);
        got += data.length;
        if (!shown) yield* this.say(`{ [${data.length} bytes data]\n`);
        if (!(yield* sink(data))) throw new CurlError(23, "Failure writing output to destination");
      }
      // The end of the chunk's line, or the trailer's.
      let tail = yield* c.stream.line();
      while (size === 0 && typeof tail !== "string" && !/^\r?\n$/.test(tail.line)) tail = yield* c.stream.line();
      if (size === 0) return;
    }
  }
}

function closesAfter(a: Answer): boolean {
  const connection = lower(fieldOf(a.fields, "connection") ?? "");
  if (connection.includes("close")) return true;
  return a.version === "1.0" && !connection.includes("keep-alive");
}

/** Lines of the request, the empty one included. -H replaces what curl would say, removes it, or adds to it. */
function requestHead(r: Request): string[] {
  const custom = r.headers.map((h) => ({ name: lower(h.replace(/[:;].*$/s, "").trim()), line: h }));
  const own = (name: string, value: string | undefined): string[] => {
    const replaced = custom.find((h) => h.name === lower(name));
    if (replaced !== undefined) return lower(name) === "host" && headerLine(replaced.line) !== undefined ? [headerLine(replaced.line)!] : [];
    return value === undefined ? [] : [`${name}: ${value}`];
  };
  const lines = [`${r.method} ${r.url.target} HTTP/${r.version}`, ...own("Host", `${r.url.host}${r.url.portText}`)];
  if (r.user !== undefined) lines.push(...own("Authorization", `Basic ${base64Of(r.user)}`));
  if (r.range !== undefined) lines.push(...own("Range", `bytes=${r.range}`));
  lines.push(...own("User-Agent", r.userAgent), ...own("Accept", "*/*"), ...own("Referer", r.referer), ...own("Cookie", r.cookie));
  for (const h of custom) {
    const line = headerLine(h.line);
    if (h.name !== "host" && line !== undefined) lines.push(line);
  }
  if (r.body !== undefined) lines.push(...own("Content-Length", String(r.body.length)), ...own("Content-Type", "application/x-www-form-urlencoded"));
  return [...lines, ""];
}

/** "Name;" sends an empty value, "Name:" nothing at all. */
function headerLine(h: string): string | undefined {
  if (/^[^:]*;\s*$/.test(h)) return h.replace(/;\s*$/, ":");
  return /^[^:]*:\s*$/.test(h) || !h.includes(":") ? undefined : h;
}

const BASE64_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
function base64Of(text: string): string {
  const b = encodeUtf8(text);
  let out = "";
  for (let i = 0; i < b.length; i += 3) {
    const n = (b[i]! << 16) | ((b[i + 1] ?? 0) << 8) | (b[i + 2] ?? 0);
    const four = [18, 12, 6, 0].map((shift) => BASE64_LETTERS[(n >> shift) & 63]!).join("");
    out += i + 2 < b.length ? four : i + 1 < b.length ? `${four.slice(0, 3)}=` : `${four.slice(0, 2)}==`;
  }
  return out;
}
