/** curl 7.88.1 over HTTP/1: what a learner asks a server with. Texts and exit statuses as recorded from the real one. */
import { decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import { MILLISECOND, type Nanos, SECOND } from "../../sim/time.ts";
import { parseIpv4 } from "../../wire/ipv4.ts";
import { defineCommand, notEmulated } from "../command.ts";
import { fieldOf, lower } from "../http-stream.ts";
import type { Process, Run } from "../process.ts";
import { type Given, parseArgs } from "./curl/options.ts";
import { type Answer, Client, CurlError, type Request, type Settings } from "./curl/transfer.ts";
import { follow, parseUrl, type Url } from "./curl/url.ts";
import { type Outcome, writeOut } from "./curl/write-out.ts";

const HELP = `Usage: curl [options...] <url>
 -d, --data <data>          HTTP POST data
 -f, --fail                 Fail fast with no output on HTTP errors
 -h, --help <category>      Get help for commands
 -i, --include              Include protocol response headers in the output
 -o, --output <file>        Write to file instead of stdout
 -O, --remote-name          Write output to a file named as the remote file
 -s, --silent               Silent mode
 -T, --upload-file <file>   Transfer local FILE to destination
 -u, --user <user:password> Server user and password
 -A, --user-agent <name>    Send User-Agent <name> to server
 -v, --verbose              Make the operation more talkative
 -V, --version              Show version number and quit

This is not the full help, this menu is stripped into categories.
Use "--help category" to get an overview of all categories.
For all options use the manual or "--help all".
`;
const VERSION = "curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1\nRelease-Date: 2023-02-20, security patched: 7.88.1-10+deb12u15\nProtocols: http \nFeatures: \n";
const METER = "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n                                 Dload  Upload   Total   Spent    Left  Speed\n";
const TAKEN = new Set(["A", "b", "d", "data-raw", "data-binary", "data-urlencode", "D", "e", "f", "g", "G", "H", "i", "I", "L", "m", "N", "buffer", "o", "O", "q", "r", "s", "S", "u", "v", "w", "X", "0", "http1.1", "4", "connect-timeout", "resolve", "retry", "retry-delay", "retry-connrefused", "max-redirs", "interface", "noproxy", "tcp-nodelay", "keepalive", "path-as-is", "progress-meter", "remote-name-all", "url", "styled-output", "create-dirs"]);

class Stop {
  readonly status: number;
  constructor(status: number) {
    this.status = status;
  }
}

class Curl {
  private readonly proc: Process;
  private readonly given: readonly Given[];
  private readonly client: Client;
  private readonly verbose: boolean;

  constructor(proc: Process, given: readonly Given[]) {
    this.proc = proc;
    this.given = given;
    this.verbose = this.on("v");
    const self = this;
    this.client = new Client(proc, function* say(text) {
      if (self.verbose) yield* proc.warn(text);
    });
  }

  /** Of a switch: as it was given last. */
  private on(key: string): boolean {
    return this.given.findLast((g) => g.key === key)?.on ?? false;
  }
  private value(key: string): string | undefined {
    return this.given.findLast((g) => g.key === key)?.value;
  }
  private values(key: string): string[] {
    return this.given.filter((g) => g.key === key).map((g) => g.value);
  }
  private time(key: string): Nanos | undefined {
    const text = this.value(key);
    return text === undefined || Number(text) === 0 ? undefined : Math.round(Number(text) * SECOND);
  }

  *run(urls: readonly string[]): Run<number> {
    const outputs = this.given.filter((g) => g.key === "o" || g.key === "O");
    let status = 0;
    for (const [i, url] of urls.entries()) {
      const where = outputs[i] ?? (this.on("remote-name-all") ? { key: "O", value: "" } : undefined);
      status = yield* this.one(url, i, where);
    }
    return status;
  }

  private *one(text: string, number: number, where: { key: string; value: string } | undefined): Run<number> {
    let retries = Number(this.value("retry") ?? 0);
    let wait = Number(this.value("retry-delay") ?? 0) * SECOND || SECOND;
    for (;;) {
      const { status, transient } = yield* this.transfer(text, number, where);
      if (!transient || retries <= 0) return status;
      if (!this.on("s")) yield* this.proc.warn(`Warning: Problem : ${transient}. Will retry in ${Math.round(wait / SECOND)} seconds. \nWarning: ${retries} ${retries === 1 ? "retry" : "retries"} left.\n`);
      retries--;
      yield* this.proc.sleep(wait);
      if (this.value("retry-delay") === undefined) wait = Math.min(wait * 2, 600 * SECOND);
    }
  }

  // -- one transfer, redirections included --------------------------------------------------------------------------

  private *transfer(text: string, number: number, where: { key: string; value: string } | undefined): Run<{ status: number; transient: string | undefined }> {
    const { proc, client } = this;
    const startedAt = proc.now;
    const limit = this.time("m");
    const o: Outcome = {
      url: text, effectiveUrl: text, scheme: "http", method: "GET", code: 0, httpVersion: "0", contentType: undefined, redirectUrl: undefined, redirects: 0, connects: 0, remoteIp: "", remotePort: 0, localIp: "", localPort: 0, sizeDownload: 0, sizeHeader: 0, sizeRequest: 0, sizeUpload: 0,
      nameLookup: 0, connect: 0, preTransfer: 0, startTransfer: 0, redirectTime: 0, total: 0, filename: undefined, urlNumber: number, headers: 0, exit: 0, message: undefined,
    };
    client.connects = 0;
    client.sizeRequest = 0;
    client.times = { nameLookup: 0, connect: 0, preTransfer: 0, startTransfer: 0 };
    client.refused = undefined;
    const out = new Output(proc, where?.key === "o" && where.value !== "-" ? where.value : undefined);
    const meter = this.hasMeter(out);
    try {
      const settings: Settings = { connectTimeout: this.time("connect-timeout"), deadline: limit === undefined ? Number.POSITIVE_INFINITY : startedAt + limit, startedAt, resolve: yield* this.resolved(), ...(yield* this.interface()) };
      let url = yield* this.parsed(text);
      if (where?.key === "O") {
        const name = url.target.replace(/\?.*$/s, "").replace(/^.*\//s, "");
        if (name === "") throw new CurlError(23, "Failed writing received data to disk/application");
        out.path = name;
      }
      const request = yield* this.request(url);
      url = request.url;
      o.filename = out.path;
      if (meter) yield* proc.warn(`${METER}\r${meterLine(undefined, 0, 0)}`);
      yield* this.hops(request, settings, o, out, meter);
      o.sizeUpload = request.body?.length ?? 0;
      yield* out.finish();
    } catch (e) {
      if (!(e instanceof CurlError)) throw e;
      o.exit = e.code;
      o.message = e.text;
    }
    o.total = proc.now - startedAt;
    Object.assign(o, client.times, client.connects > 0 || client.last.remotePort > 0 ? client.last : {});
    o.connects = client.connects;
    o.sizeRequest = client.sizeRequest;
    if (meter && o.exit !== 3 && o.exit !== 1) yield* proc.warn(`\r${meterLine(o.exit === 0 ? o.sizeDownload : undefined, o.sizeDownload, o.total)}\n`);
    out.close();
    const format = this.value("w");
    if (format !== undefined) {
      const w = writeOut(format.startsWith("@") ? yield* this.file(format.slice(1)) : format, o);
      if (w.err !== "") yield* proc.warn(w.err);
      if (w.out !== "") yield* proc.print(w.out);
    }
    const transient = this.transient(o);
    if (o.exit !== 0 && (!this.on("s") || this.on("S"))) yield* proc.warn(`curl: (${o.exit}) ${o.message}\n`);
    return { status: o.exit, transient };
  }

  private transient(o: Outcome): string | undefined {
    if (o.exit === 28) return "timeout";
    if (o.exit === 7 && this.client.refused === "ECONNREFUSED" && this.on("retry-connrefused")) return "connection refused";
    return [408, 429, 500, 502, 503, 504].includes(o.code) ? "HTTP error" : undefined;
  }

  private *hops(first: Request, settings: Settings, o: Outcome, out: Output, _meter: boolean): Run<void> {
    let request = first;
    const most = Number(this.value("max-redirs") ?? 50);
    const headersShown = this.on("i") || this.on("I");
    const dump = this.value("D");
    for (;;) {
      o.method = request.method;
      o.effectiveUrl = o.redirects === 0 && /^[a-z]+:\/\//.test(o.url) ? o.url : `http://${request.url.host}${request.url.portText}${request.url.target}`;
      if (o.redirects === 0 && !/^https?:\/\/[^/]*\//.test(o.effectiveUrl)) o.effectiveUrl += "/";
      const follows = (a: Answer): boolean => this.on("L") && [301, 302, 303, 307, 308].includes(a.code) && fieldOf(a.fields, "location") !== undefined;
      let ignored = false;
      const self = this;
      const answer: Answer = yield* this.client.perform(
        request, settings,
        function* headers(a) {
          o.code = a.code;
          o.httpVersion = a.version === "1.0" ? "1" : a.version;
          o.contentType = fieldOf(a.fields, "content-type");
          o.sizeHeader += a.size;
          o.headers = a.fields.length;
          ignored = follows(a);
          if (dump !== undefined && dump !== "-") self.proc.machine.fs.writeFile(dump.startsWith("/") ? dump : `${self.proc.cwd}/${dump}`, encodeUtf8(a.headerLines.join("")));
          else if (dump === "-") yield* self.proc.print(a.headerLines.join(""));
          return !headersShown || (yield* out.write(encodeUtf8(a.headerLines.join(""))));
        },
        function* body(data) {
          if (ignored) return true;
          o.sizeDownload += data.length;
          return yield* out.write(data);
        },
        out.path === undefined && this.proc.fds.get(1)?.tty !== undefined,
      );
      const location = fieldOf(answer.fields, "location");
      const next = location === undefined || ![301, 302, 303, 307, 308].includes(answer.code) ? undefined : follow(request.url, location);
      if (!ignored || next === undefined) {
        o.redirectUrl = next;
        return;
      }
      if (o.redirects >= most && most >= 0) throw new CurlError(47, `Maximum (${most}) redirects followed`);
      o.redirects++;
      o.redirectTime = this.proc.now - settings.startedAt;
      if (this.verbose) yield* this.proc.warn(`* Issue another request to this URL: '${next}'\n`);
      const url = yield* this.parsed(next);
      const keeps = answer.code === 307 || answer.code === 308 || this.value("X") !== undefined;
      const { body, ...rest } = request;
      request = { ...rest, url, body: keeps ? body : undefined, method: keeps || request.method === "HEAD" ? request.method : "GET" };
      if (url.host !== first.url.host) request = { ...request, user: undefined };
    }
  }

  // -- what was asked for -------------------------------------------------------------------------------------------

  private *parsed(text: string): Run<Url> {
    const url = parseUrl(text);
    if ("notEmulated" in url) throw new Stop(yield* notEmulated(this.proc, url.notEmulated));
    if ("code" in url) throw new CurlError(url.code, url.text);
    if (url.host.startsWith("[")) throw new Stop(yield* notEmulated(this.proc, "curl over IPv6"));
    return url;
  }

  private *request(url: Url): Run<Request> {
    const head = this.on("I");
    const data = yield* this.data();
    let target = url.target;
    let body = data === undefined ? undefined : encodeUtf8(data);
    if (this.on("G") && data !== undefined) {
      target += `${target.includes("?") ? "&" : "?"}${data}`;
      body = undefined;
    }
    const cookie = this.value("b");
    if (cookie !== undefined && !cookie.includes("=")) throw new Stop(yield* notEmulated(this.proc, "curl -b FILE"));
    return {
      url: { ...url, target }, method: this.value("X") ?? (head ? "HEAD" : body !== undefined ? "POST" : "GET"), version: this.on("0") ? "1.0" : "1.1", headers: this.values("H").filter((h) => !h.startsWith("@")), userAgent: this.userAgent(), referer: this.value("e"), cookie, range: this.value("r"), user: this.value("u") ?? url.user, body,
      noBody: head, failOnError: this.on("f"),
    };
  }

  private userAgent(): string | undefined {
    const given = this.value("A");
    return given === undefined ? "curl/7.88.1" : given === "" ? undefined : given;
  }

  private *data(): Run<string | undefined> {
    const parts: string[] = [];
    for (const g of this.given) {
      if (g.key === "d") parts.push(g.value.startsWith("@") ? (yield* this.file(g.value.slice(1))).replace(/[\r\n]/g, "") : g.value);
      else if (g.key === "data-raw") parts.push(g.value);
      else if (g.key === "data-binary") parts.push(g.value.startsWith("@") ? yield* this.file(g.value.slice(1)) : g.value);
      else if (g.key === "data-urlencode") {
        const eq = g.value.indexOf("=");
        parts.push(eq < 0 ? encoded(g.value) : `${eq === 0 ? "" : `${g.value.slice(0, eq)}=`}${encoded(g.value.slice(eq + 1))}`);
      }
    }
    return parts.length === 0 ? undefined : parts.join("&");
  }

  private *file(name: string): Run<string> {
    if (name === "-") {
      const all = yield* this.proc.readAll(0);
      return typeof all === "string" ? "" : decodeUtf8(all);
    }
    const r = this.proc.machine.fs.readFile(this.proc, name);
    if (r.ok) return decodeUtf8(r.value);
    yield* this.proc.warn(`Warning: Couldn't read data from file "${name}", this makes an empty POST.\n`);
    return "";
  }

  /** --resolve HOST:PORT:ADDRESS[,ADDRESS] */
  private *resolved(): Run<Map<string, number[]>> {
    const out = new Map<string, number[]>();
    for (const text of this.values("resolve")) {
      const m = /^\+?([^:]+):(\d+):(.+)$/.exec(text);
      const addresses = (m?.[3] ?? "").split(",").map(parseIpv4);
      if (m === null || addresses.some((a) => a === undefined)) throw new CurlError(49, `Couldn't parse CURLOPT_RESOLVE entry '${text}'`);
      out.set(`${lower(m[1]!)}:${m[2]}`, addresses as number[]);
      if (this.verbose) yield* this.proc.warn(`* Added ${m[1]}:${m[2]}:${m[3]} to DNS cache\n`);
    }
    return out;
  }

  private *interface(): Run<{ source: number | undefined; device: number }> {
    const text = this.value("interface");
    if (text === undefined) return { source: undefined, device: 0 };
    const address = parseIpv4(text.replace(/^host!/, ""));
    if (address !== undefined) return { source: address, device: 0 };
    const link = this.proc.netns.rtnl.link(text.replace(/^if!/, ""));
    if (link !== undefined) return { source: undefined, device: link.ifindex };
    if (this.verbose) yield* this.proc.warn(`* Couldn't bind to '${text}'\n`);
    throw new CurlError(45, `Couldn't bind to '${text}'`);
  }

  /** Shown unless what arrives goes to the terminal. */
  private hasMeter(out: Output): boolean {
    const off = this.given.findLast((g) => g.key === "progress-meter")?.on === false;
    return !this.on("s") && !off && (out.path !== undefined || this.given.some((g) => g.key === "O") || this.proc.fds.get(1)?.tty === undefined);
  }
}

const encoded = (text: string): string => [...encodeUtf8(text)].map((b) => (/[A-Za-z0-9\-._~]/.test(String.fromCharCode(b)) ? String.fromCharCode(b) : `%${b.toString(16).padStart(2, "0").replace(/[a-f]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32))}`)).join("");

/** Standard output, or a file that is made when there is something to write. */
class Output {
  path: string | undefined;
  private readonly proc: Process;
  private fd: number | undefined;

  constructor(proc: Process, path: string | undefined) {
    this.proc = proc;
    this.path = path;
  }

  *write(data: Uint8Array): Run<boolean> {
    if (this.path === undefined) return (yield* this.proc.write(1, data)) === undefined;
    if (!this.open()) return false;
    return (yield* this.proc.write(this.fd!, data)) === undefined;
  }

  private open(): boolean {
    if (this.fd !== undefined) return true;
    const r = this.proc.machine.fs.open(this.proc, this.path!, { write: true, create: true, truncate: true });
    if (!r.ok) return false;
    this.fd = this.proc.addFd(r.value, 3);
    return true;
  }

  /** An empty body makes an empty file. */
  *finish(): Run<void> {
    if (this.path !== undefined && !this.open()) throw new CurlError(23, "Failure writing output to destination");
  }

  close(): void {
    if (this.fd !== undefined) this.proc.closeFd(this.fd);
  }
}

/** Five characters for an amount: max5data(). */
function amount(n: number): string {
  if (n < 100_000) return String(n).padStart(5);
  if (n < 10_000 * 1024) return `${String(Math.floor(n / 1024)).padStart(4)}k`;
  if (n < 100 * 1_048_576) return `${String(Math.floor(n / 1_048_576)).padStart(2)}.${Math.floor((n % 1_048_576) / 104_858)}M`;
  return `${String(Math.floor(n / 1_048_576)).padStart(4)}M`;
}

function clock(t: Nanos): string {
  const s = Math.floor(t / SECOND);
  if (s <= 0) return "--:--:--";
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${String(Math.floor(s / 3600)).padStart(2)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** A line of the progress meter. `total` undefined: nothing is known, or nothing came. */
function meterLine(total: number | undefined, got: number, spent: Nanos): string {
  const speed = spent >= MILLISECOND / 100 && got > 0 ? Math.floor((got * SECOND) / spent) : 0;
  const percent = total === undefined || total === 0 ? "  0" : "100";
  return `${percent} ${amount(total ?? 0)}  ${percent} ${amount(got)}    0     0  ${amount(speed)}      0 --:--:-- ${clock(spent)} --:--:-- ${amount(speed)}`;
}

export const curl = defineCommand({
  name: "curl",
  man: {
    summary: "ask a web server",
    synopsis: ["curl [OPTION]... URL..."],
    emulated: [
      "http:// URLs over IPv4; names from /etc/hosts, or --resolve HOST:PORT:ADDRESS", "-v: all that is said; -s: no progress meter and no errors, -S: errors all the same; -i: headers too, -I: only them; -D FILE: headers to a file",
      "-o FILE, -O; -w FORMAT with its variables", "-X METHOD, -H HEADER, -A, -e, -b NAME=VALUE, -u USER:PASSWORD, -d DATA and its relatives, -G, -r RANGE, -0", "-L, --max-redirs; -f; --connect-timeout, -m; --retry, --retry-delay, --retry-connrefused; --interface", "several URLs share a connection where the server lets them",
    ],
    notEmulated: ["https and other protocols, HTTP/2, proxies", "-k, -F, -T, -c, -K, -Z, --compressed, --json, --limit-rate", "IPv6"],
    examples: ["curl http://10.0.0.2/", "curl -sv -H 'Host: shop.test' http://10.0.0.2/ -o /dev/null", "curl -s -o /dev/null -w '%{http_code}\\n' http://web/"],
  },
  *run(proc, args): Run<number> {
    const parsed = parseArgs(args);
    if ("text" in parsed) {
      yield* proc.warn(parsed.text);
      return 2;
    }
    if (parsed.given.some((g) => g.key === "V")) {
      yield* proc.print(VERSION);
      return 0;
    }
    if (parsed.given.some((g) => g.key === "h")) {
      yield* proc.print(HELP);
      return 0;
    }
    const refused = parsed.given.find((g) => !TAKEN.has(g.key));
    if (refused !== undefined) return yield* notEmulated(proc, `curl ${refused.typed}`);
    const urls = [...parsed.urls, ...parsed.given.filter((g) => g.key === "url").map((g) => g.value)];
    if (urls.length === 0) {
      yield* proc.warn("curl: no URL specified!\ncurl: try 'curl --help' or 'curl --manual' for more information\n");
      return 2;
    }
    try {
      return yield* new Curl(proc, parsed.given).run(urls);
    } catch (e) {
      if (e instanceof Stop) return e.status;
      throw e;
    }
  },
});
