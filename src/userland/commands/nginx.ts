/** nginx 1.22.1 as a small web server, virtual hosts and reverse proxy. One process stands for its master and workers. */
import { concat, decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import { errnoNumber, strerror, type TcpSock } from "../../kernel/api.ts";
import { type Nanos, SECOND } from "../../sim/time.ts";
import { formatIpv4 } from "../../wire/ipv4.ts";
import { defineCommand, notEmulated } from "../command.ts";
import { getopt } from "../getopt.ts";
import { type Field, fieldOf, HttpStream, lower, parseField } from "../http-stream.ts";
import type { Process, Run } from "../process.ts";
import { inetAton, resolveHost } from "../resolver.ts";
import { serve } from "../serve.ts";
import { openSocket, sendAll } from "../socket-file.ts";
import { wallTime } from "../wall-clock.ts";
import { ConfigError, type Directive, parseConfig } from "./nginx/config.ts";
import { httpDate } from "./python3.ts";

const REASONS: Readonly<Record<number, string>> = {
  200: "OK", 201: "Created", 204: "No Content", 301: "Moved Permanently", 302: "Moved Temporarily", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Not Allowed", 410: "Gone", 418: "", 429: "Too Many Requests",
  500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out",
};
/** Said of the process as a whole, or without a meaning here. */
const PASSED_OVER = new Set(["worker_processes", "pid", "error_log", "access_log", "user", "events", "daemon", "master_process", "worker_connections", "sendfile", "tcp_nopush", "tcp_nodelay", "log_format", "keepalive_requests", "types_hash_max_size", "server_names_hash_bucket_size", "proxy_http_version", "proxy_buffering", "multi_accept", "zone"]);
const TYPES: Readonly<Record<string, string>> = { html: "text/html", htm: "text/html", css: "text/css", js: "application/javascript", json: "application/json", xml: "text/xml", txt: "text/plain", png: "image/png", jpg: "image/jpeg", gif: "image/gif", svg: "image/svg+xml" };

class Refused {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

interface Peer {
  address: number;
  port: number;
  weight: number;
  current: number;
  maxFails: number;
  failTimeout: Nanos;
  fails: number;
  failedAt: Nanos;
  backup: boolean;
}
interface Scope {
  root: string | undefined;
  index: string[];
  defaultType: string;
  types: boolean;
  connectTimeout: Nanos;
  readTimeout: Nanos;
  headers: (readonly [string, string])[];
  added: (readonly [string, string])[];
  keepalive: Nanos;
  answer: { code: number; text: string } | undefined;
  proxy: { peers: Peer[]; host: string; uri: string | undefined } | undefined;
}
interface Location extends Scope {
  path: string;
  exact: boolean;
}
interface Server {
  names: string[];
  listens: { address: number; port: number; isDefault: boolean }[];
  scope: Scope;
  locations: Location[];
}

function duration(text: string): Nanos {
  const m = /^(\d+)(ms|s|m|h)?$/.exec(text);
  if (m === null) throw new Refused(`nginx: the time '${text}'`);
  return Number(m[1]) * (m[2] === "ms" ? SECOND / 1000 : m[2] === "m" ? 60 * SECOND : m[2] === "h" ? 3600 * SECOND : SECOND);
}

class Loader {
  private readonly proc: Process;
  private readonly upstreams = new Map<string, Peer[]>();

  constructor(proc: Process) {
    this.proc = proc;
  }

  load(all: readonly Directive[]): Server[] {
    const servers: Server[] = [];
    const base: Scope = { root: "/usr/share/nginx/html", index: ["index.html"], defaultType: "text/plain", types: false, connectTimeout: 60 * SECOND, readTimeout: 60 * SECOND, headers: [], added: [], keepalive: 75 * SECOND, answer: undefined, proxy: undefined };
    for (const d of all) {
      if (d.name === "http") {
        for (const u of d.block ?? []) if (u.name === "upstream") this.upstreams.set(u.args[0] ?? "", this.upstream(u));
        for (const s of d.block ?? []) if (s.name !== "server" && s.name !== "upstream") this.apply(base, s);
        for (const s of d.block ?? []) if (s.name === "server") servers.push(this.server(s, base));
      } else if (!PASSED_OVER.has(d.name)) throw new ConfigError(`unknown directive "${d.name}"`, d.line);
    }
    return servers;
  }

  private upstream(d: Directive): Peer[] {
    return (d.block ?? []).flatMap((s) => {
      if (s.name === "zone" || s.name === "keepalive") return [];
      if (s.name !== "server") throw new Refused(`nginx: ${s.name} of an upstream`);
      const peers = this.peers(s.args[0] ?? "");
      for (const o of s.args.slice(1)) {
        const [key, value] = o.split("=") as [string, string | undefined];
        for (const p of peers) {
          if (key === "weight") p.weight = Number(value);
          else if (key === "max_fails") p.maxFails = Number(value);
          else if (key === "fail_timeout") p.failTimeout = duration(value ?? "");
          else if (key === "backup") p.backup = true;
          else throw new Refused(`nginx: ${key} of an upstream's server`);
        }
      }
      return peers;
    });
  }

  private peers(hostPort: string): Peer[] {
    const m = /^([^:]+)(?::(\d+))?$/.exec(hostPort);
    const found = m === null ? undefined : resolveHost(this.proc, m[1]!);
    if (m === null || found === undefined || !found.ok) throw new ConfigError(`host not found in upstream "${hostPort}"`, 0);
    return found.addresses.map((address) => ({ address, port: Number(m[2] ?? 80), weight: 1, current: 0, maxFails: 1, failTimeout: 10 * SECOND, fails: 0, failedAt: 0, backup: false }));
  }

  private server(d: Directive, base: Scope): Server {
    const s: Server = { names: [], listens: [], scope: { ...base }, locations: [] };
    for (const x of d.block ?? []) {
      if (x.name === "listen") this.listen(s, x);
      else if (x.name === "server_name") s.names.push(...x.args.map(lower));
      else if (x.name !== "location") this.apply(s.scope, x);
    }
    if (s.listens.length === 0) s.listens.push({ address: 0, port: 80, isDefault: false });
    for (const x of d.block ?? []) if (x.name === "location") s.locations.push(this.location(x, s.scope));
    return s;
  }

  private listen(s: Server, d: Directive): void {
    const text = d.args[0] ?? "";
    if (text.startsWith("[")) return; // an IPv6 address: nothing listens there yet
    const m = /^(?:([^:]+):)?(\d+)$/.exec(text);
    const address = m?.[1] === undefined || m[1] === "*" ? 0 : inetAton(m[1]);
    const bad = d.args.slice(1).find((o) => !["default_server", "default", "reuseport", "backlog=511"].includes(o));
    if (m === null || address === undefined) throw new ConfigError(`invalid parameter "${text}"`, d.line);
    if (bad !== undefined) throw new Refused(`nginx: listen ... ${bad}`);
    s.listens.push({ address, port: Number(m[2]), isDefault: d.args.includes("default_server") || d.args.includes("default") });
  }

  private location(d: Directive, base: Scope): Location {
    const [first, second] = d.args;
    if (first !== undefined && first.startsWith("~")) throw new Refused("nginx: location with a regular expression");
    const exact = first === "=";
    const l: Location = { ...base, answer: undefined, path: (second ?? first) as string, exact };
    for (const x of d.block ?? []) this.apply(l, x);
    return l;
  }

  private apply(s: Scope, d: Directive): void {
    const [a, b] = d.args;
    switch (d.name) {
      case "root":
        s.root = a;
        return;
      case "index":
        s.index = d.args;
        return;
      case "default_type":
        s.defaultType = a ?? "text/plain";
        return;
      case "include":
        if (!/mime\.types$/.test(a ?? "")) throw new Refused(`nginx: include ${a}`);
        s.types = true;
        return;
      case "keepalive_timeout":
        s.keepalive = duration(a ?? "");
        return;
      case "return":
        s.answer = /^\d+$/.test(a ?? "") ? { code: Number(a), text: b ?? "" } : { code: 302, text: a ?? "" };
        return;
      case "proxy_connect_timeout":
        s.connectTimeout = duration(a ?? "");
        return;
      case "proxy_read_timeout":
      case "proxy_send_timeout":
        if (d.name === "proxy_read_timeout") s.readTimeout = duration(a ?? "");
        return;
      case "proxy_set_header":
        s.headers = [...s.headers, [a ?? "", b ?? ""]];
        return;
      case "add_header":
        s.added = [...s.added, [a ?? "", b ?? ""]];
        return;
      case "proxy_pass": {
        const m = /^http:\/\/([^/]+)(\/.*)?$/.exec(a ?? "");
        if (m === null) throw new Refused(`nginx: proxy_pass ${a}`);
        s.proxy = { peers: this.upstreams.get(m[1]!) ?? this.peers(m[1]!), host: m[1]!, uri: m[2] };
        return;
      }
      default:
        if (!PASSED_OVER.has(d.name)) throw new Refused(`nginx: the directive '${d.name}'`);
    }
  }
}

interface Asked {
  method: string;
  uri: string;
  version: string;
  fields: Field[];
  body: Uint8Array;
  sock: TcpSock;
  /** How many requests this connection has brought. */
  count: number;
}
interface Reply {
  code: number;
  type: string | undefined;
  fields: (readonly [string, string])[];
  body: Uint8Array;
}

class Nginx {
  private readonly proc: Process;
  private readonly servers: readonly Server[];

  constructor(proc: Process, servers: readonly Server[]) {
    this.proc = proc;
    this.servers = servers;
  }

  /** One connection: request after request until one of the two wants no more. */
  *handle(sock: TcpSock, port: number): Run<void> {
    const stream = new HttpStream(this.proc, sock);
    for (let count = 1; ; count++) {
      const asked = yield* this.request(stream, sock, count);
      if (asked === undefined) break;
      const server = this.pick(port, asked);
      const { reply, scope } = yield* this.answer(server, asked);
      const connection = lower(fieldOf(asked.fields, "connection") ?? "");
      const keep = connection.includes("close") || scope.keepalive === 0 ? false : asked.version === "1.1" || connection.includes("keep-alive");
      const head = [
        `HTTP/1.1 ${reply.code} ${REASONS[reply.code] ?? ""}`.trimEnd(), "Server: nginx/1.22.1", `Date: ${httpDate(wallTime(this.proc.now).seconds)}`, ...(reply.type === undefined ? [] : [`Content-Type: ${reply.type}`]), ...(reply.code === 204 || reply.code === 304 ? [] : [`Content-Length: ${reply.body.length}`]),
        ...reply.fields.filter(([n]) => EARLY.has(lower(n))).map(([n, v]) => `${n}: ${v}`), `Connection: ${keep ? "keep-alive" : "close"}`, ...reply.fields.filter(([n]) => !EARLY.has(lower(n))).map(([n, v]) => `${n}: ${v}`), ...scope.added.map(([n, v]) => `${n}: ${this.expand(v, asked, server)}`), "", "",
      ];
      const octets = encodeUtf8(head.join("\r\n"));
      if ((yield* sendAll(this.proc, sock, asked.method === "HEAD" ? octets : concat([octets, reply.body]))) !== undefined) return;
      if (!keep) break;
      stream.deadline = this.proc.now + scope.keepalive;
    }
    sock.shutdown("write");
  }

  private *request(stream: HttpStream, sock: TcpSock, count: number): Run<Asked | undefined> {
    if (count === 1) stream.deadline = this.proc.now + 60 * SECOND;
    let first = yield* stream.line();
    while (typeof first !== "string" && /^\r?\n$/.test(first.line)) first = yield* stream.line();
    if (typeof first === "string") return undefined;
    const m = /^([A-Z]+) (\S+) HTTP\/(1\.[01])\r?\n$/.exec(first.line);
    if (m === null) return { method: "GET", uri: "", version: "1.0", fields: [], body: new Uint8Array(0), sock, count };
    const fields: Field[] = [];
    for (;;) {
      const got = yield* stream.line();
      if (typeof got === "string") return undefined;
      if (/^\r?\n$/.test(got.line)) break;
      const f = parseField(got.line.trimEnd());
      if (f !== undefined) fields.push(f);
    }
    const length = Number(fieldOf(fields, "content-length") ?? 0);
    const body = length > 0 && length <= 1_048_576 ? yield* stream.exactly(length) : new Uint8Array(0);
    if (typeof body === "string") return undefined;
    return { method: m[1]!, uri: m[2]!, version: m[3]!, fields, body, sock, count };
  }

  /** The server whose name fits; else the port's default one, which is the first unless another says so. */
  private pick(port: number, a: Asked): Server {
    const here = this.servers.filter((s) => s.listens.some((l) => l.port === port && (l.address === 0 || l.address === a.sock.localAddr)));
    const host = lower(fieldOf(a.fields, "host") ?? "").replace(/:\d+$/, "");
    const wild = (n: string): boolean => (n.startsWith("*.") && host.endsWith(n.slice(1))) || (n.endsWith(".*") && host.startsWith(n.slice(0, -1))) || (n.startsWith(".") && (host === n.slice(1) || host.endsWith(n)));
    return here.find((s) => s.names.includes(host)) ?? here.find((s) => s.names.some(wild)) ?? here.find((s) => s.listens.some((l) => l.port === port && l.isDefault)) ?? here[0]!;
  }

  private *answer(server: Server, a: Asked): Run<{ reply: Reply; scope: Scope }> {
    if (a.uri === "") return { reply: this.page(400), scope: { ...server.scope, keepalive: 0 } };
    if (server.scope.answer !== undefined) return { reply: this.fixed(server.scope.answer, a, server, server.scope), scope: server.scope };
    const path = a.uri.replace(/\?.*$/s, "");
    const location = server.locations.find((l) => l.exact && l.path === path) ?? server.locations.filter((l) => !l.exact && path.startsWith(l.path)).sort((x, y) => y.path.length - x.path.length)[0];
    const scope: Scope = location ?? server.scope;
    if (scope.answer !== undefined) return { reply: this.fixed(scope.answer, a, server, scope), scope };
    if (scope.proxy !== undefined) return { reply: yield* this.proxied(scope, scope.proxy, location?.path ?? "/", a, server), scope };
    return { reply: this.file(scope, path, a), scope };
  }

  private page(code: number): Reply {
    const title = `${code} ${REASONS[code] ?? ""}`.trimEnd();
    return { code, type: "text/html", fields: [], body: encodeUtf8(`<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n`) };
  }

  private fixed(r: { code: number; text: string }, a: Asked, server: Server, scope: Scope): Reply {
    const text = this.expand(r.text, a, server);
    if ([301, 302, 303, 307, 308].includes(r.code)) return { ...this.page(r.code), fields: [["Location", text]] };
    return r.text === "" && r.code >= 300 ? this.page(r.code) : { code: r.code, type: scope.defaultType, fields: [], body: encodeUtf8(text) };
  }

  private expand(text: string, a: Asked, server: Server): string {
    return text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced: string | undefined, plain: string | undefined) => this.variable((braced ?? plain)!, a, server));
  }

  private variable(name: string, a: Asked, server: Server): string {
    if (name.startsWith("http_")) return fieldOf(a.fields, name.slice(5).replaceAll("_", "-")) ?? "";
    switch (name) {
      case "connection_requests": return String(a.count);
      case "host": return lower(fieldOf(a.fields, "host") ?? server.names[0] ?? "").replace(/:\d+$/, "");
      case "uri": case "document_uri": return a.uri.replace(/\?.*$/s, "");
      case "request_uri": return a.uri;
      case "args": case "query_string": return a.uri.includes("?") ? a.uri.slice(a.uri.indexOf("?") + 1) : "";
      case "request_method": return a.method;
      case "remote_addr": case "proxy_add_x_forwarded_for": return formatIpv4(a.sock.peer!.addr);
      case "remote_port": return String(a.sock.peer!.port);
      case "server_addr": return formatIpv4(a.sock.localAddr);
      case "server_port": return String(a.sock.localPort);
      case "server_name": return server.names[0] ?? "";
      case "scheme": return "http";
      case "hostname": return this.proc.machine.hostname;
      default: return "";
    }
  }

  private file(scope: Scope, path: string, a: Asked): Reply {
    if (a.method !== "GET" && a.method !== "HEAD") return this.page(405);
    const { fs } = this.proc.machine;
    const clean = `/${path.split("/").filter((p) => p !== "" && p !== "." && p !== "..").join("/")}`;
    const at = `${scope.root}${clean === "/" ? "" : clean}`;
    const found = fs.stat(at);
    if (!found.ok) return this.page(404);
    let name = at;
    if (found.value.type === "dir") {
      if (!path.endsWith("/")) return { ...this.page(301), fields: [["Location", `http://${fieldOf(a.fields, "host") ?? formatIpv4(a.sock.localAddr)}${path}/`]] };
      const index = scope.index.find((i) => fs.stat(`${at}/${i}`).ok);
      if (index === undefined) return this.page(403);
      name = `${at}/${index}`;
    }
    const [data, inode] = [fs.readFile(this.proc, name), fs.stat(name)];
    if (!data.ok || !inode.ok) return this.page(403);
    const { seconds } = wallTime(inode.value.mtime);
    const type = scope.types ? (TYPES[/\.([a-z0-9]+)$/.exec(name)?.[1] ?? ""] ?? scope.defaultType) : scope.defaultType;
    return { code: 200, type, fields: [["Last-Modified", httpDate(seconds)], ["ETag", `"${seconds.toString(16)}-${data.value.length.toString(16)}"`], ["Accept-Ranges", "bytes"]], body: data.value };
  }

  // -- the other side -------------------------------------------------------------------------------------------------

  /** Smooth weighted round robin; those that failed lately are left out while others are there. */
  private next(peers: readonly Peer[], tried: ReadonlySet<Peer>): Peer | undefined {
    const { now } = this.proc;
    const up = (p: Peer): boolean => !tried.has(p) && !(p.maxFails > 0 && p.fails >= p.maxFails && now - p.failedAt < p.failTimeout);
    let usable = peers.filter((p) => up(p) && !p.backup);
    if (usable.length === 0) usable = peers.filter((p) => up(p) && p.backup);
    let best: Peer | undefined;
    let total = 0;
    for (const p of usable) {
      p.current += p.weight;
      total += p.weight;
      if (best === undefined || p.current > best.current) best = p;
    }
    if (best !== undefined) best.current -= total;
    return best;
  }

  private *proxied(scope: Scope, proxy: NonNullable<Scope["proxy"]>, prefix: string, a: Asked, server: Server): Run<Reply> {
    const tried = new Set<Peer>();
    let last = 502;
    for (;;) {
      // One server alone is asked whatever became of it before.
      const peer = proxy.peers.length === 1 ? (tried.size === 0 ? proxy.peers[0] : undefined) : this.next(proxy.peers, tried);
      if (peer === undefined) return this.page(last);
      tried.add(peer);
      const r = yield* this.ask(peer, scope, proxy, prefix, a, server);
      if (typeof r !== "number") {
        peer.fails = 0;
        return r;
      }
      last = r;
      peer.fails++;
      peer.failedAt = this.proc.now;
    }
  }

  /** @returns the answer, or what to say when there is none: 502 or 504. */
  private *ask(peer: Peer, scope: Scope, proxy: NonNullable<Scope["proxy"]>, prefix: string, a: Asked, server: Server): Run<Reply | number> {
    const sock = this.proc.netns.tcp();
    const fd = openSocket(this.proc, sock);
    try {
      let errno = sock.connect(peer.address, peer.port);
      if (errno === "EINPROGRESS") {
        const until = this.proc.now + scope.connectTimeout;
        while (!sock.writable && this.proc.now < until) yield { write: [sock], until };
        if (!sock.writable) return 504;
        errno = sock.takeError();
      }
      if (errno !== undefined) return 502;
      const uri = proxy.uri === undefined ? a.uri : proxy.uri + a.uri.slice(prefix.length);
      const set = new Map<string, readonly [string, string]>([["host", ["Host", proxy.host]], ["connection", ["Connection", "close"]]]);
      for (const [n, v] of scope.headers) set.set(lower(n), [n, this.expand(v, a, server)]);
      const passed = a.fields.filter((f) => !set.has(lower(f.name)) && !["keep-alive", "content-length"].includes(lower(f.name)));
      const lines = [`${a.method} ${uri} HTTP/1.0`, ...[...set.values()].filter(([, v]) => v !== "").map(([n, v]) => `${n}: ${v}`), ...(a.body.length > 0 ? [`Content-Length: ${a.body.length}`] : []), ...passed.map((f) => `${f.name}: ${f.value}`), "", ""];
      if ((yield* sendAll(this.proc, sock, concat([encodeUtf8(lines.join("\r\n")), a.body]))) !== undefined) return 502;
      return yield* this.reply(new HttpStream(this.proc, sock), scope, a);
    } finally {
      this.proc.closeFd(fd);
    }
  }

  private *reply(stream: HttpStream, scope: Scope, a: Asked): Run<Reply | number> {
    stream.deadline = this.proc.now + scope.readTimeout;
    const status = yield* stream.line();
    if (typeof status === "string") return status === "timeout" ? 504 : 502;
    const m = /^HTTP\/1\.[01] (\d\d\d)/.exec(status.line);
    if (m === null) return 502;
    const fields: (readonly [string, string])[] = [];
    let type: string | undefined;
    let length: number | undefined;
    for (;;) {
      const got = yield* stream.line();
      if (typeof got === "string") return 502;
      if (/^\r?\n$/.test(got.line)) break;
      const f = parseField(got.line.trimEnd());
      if (f === undefined) continue;
      const n = lower(f.name);
      if (n === "content-type") type = f.value;
      else if (n === "content-length") length = Number(f.value);
      else if (!["server", "date", "connection", "keep-alive", "transfer-encoding"].includes(n)) fields.push([f.name, f.value]);
    }
    const parts: Uint8Array[] = [];
    let got = 0;
    while (a.method !== "HEAD" && (length === undefined || got < length)) {
      stream.deadline = this.proc.now + scope.readTimeout;
      const part = yield* stream.some(length === undefined ? 65_536 : length - got);
      if (typeof part === "string") break;
      parts.push(part.slice());
      got += part.length;
    }
    return { code: Number(m[1]), type, fields, body: concat(parts) };
  }
}

/** Fields that nginx writes in front of Connection. */
const EARLY: ReadonlySet<string> = new Set(["last-modified", "location"]);

export const nginx = defineCommand({
  name: "nginx",
  dir: "/usr/sbin",
  man: {
    summary: "a web server with virtual hosts, and a reverse proxy",
    synopsis: ["nginx [-c FILE] [-g DIRECTIVES] [-t] [-v]"],
    emulated: [
      "/etc/nginx/nginx.conf or -c FILE; -g 'daemon off;' stays in the foreground; -t only looks at the file", "server with listen (default_server), server_name, root, index, return, add_header; location with prefixes and =", "proxy_pass to an address or an upstream (round robin, weight, max_fails, backup), proxy_set_header, its timeouts; 502 and 504",
      "connections are kept (keepalive_timeout)",
    ],
    notEmulated: ["-s", "locations by regular expression, rewrite, if, try_files, gzip, ssl, least_conn, ip_hash, logs", "HTTP/2, IPv6"],
    examples: ["nginx -t", "nginx -g 'daemon off;'"],
  },
  *run(proc, args): Run<number> {
    const parsed = getopt(args, "c:g:s:p:tTvVq?h");
    const keys = parsed.options.map((o) => o.key);
    if (parsed.error !== undefined) {
      yield* proc.warn(`nginx: invalid option: "${/'(.)'/.exec(parsed.error)?.[1] ?? ""}"\n`);
      return 1;
    }
    if (keys.includes("v")) {
      yield* proc.warn("nginx version: nginx/1.22.1\n");
      return 0;
    }
    const refused = parsed.options.find((o) => !["c", "g", "t", "q"].includes(o.key));
    if (refused !== undefined) return yield* notEmulated(proc, `nginx ${refused.typed}`);
    const path = parsed.options.find((o) => o.key === "c")?.value ?? "/etc/nginx/nginx.conf";
    const file = proc.machine.fs.readFile(proc, path);
    if (!file.ok) {
      yield* proc.warn(`nginx: [emerg] open() "${path}" failed (${errnoNumber(file.error)}: ${strerror(file.error)})\n`);
      return 1;
    }
    try {
      const global = parseConfig(parsed.options.filter((o) => o.key === "g").map((o) => o.value).join(" "));
      const all = parseConfig(decodeUtf8(file.value));
      const servers = new Loader(proc).load([...all, ...global]);
      if (keys.includes("t")) {
        yield* proc.warn(`nginx: the configuration file ${path} syntax is ok\nnginx: configuration file ${path} test is successful\n`);
        return 0;
      }
      const foreground = [...all, ...global].some((d) => d.name === "daemon" && d.args[0] === "off");
      return yield* start(proc, servers, foreground);
    } catch (e) {
      if (e instanceof Refused) return yield* notEmulated(proc, e.what);
      if (!(e instanceof ConfigError)) throw e;
      yield* proc.warn(`nginx: [emerg] ${e.text} in ${path}:${e.line}\n${keys.includes("t") ? `nginx: configuration file ${path} test failed\n` : ""}`);
      return 1;
    }
  },
});

function* start(proc: Process, servers: readonly Server[], foreground: boolean): Run<number> {
  const ends = new Map<string, { address: number; port: number }>();
  for (const s of servers) for (const l of s.listens) ends.set(`${l.address}:${l.port}`, l);
  // The wildcard takes the connections of all addresses of its port.
  const listeners: TcpSock[] = [];
  for (const { address, port } of ends.values()) {
    if (address !== 0 && ends.has(`0:${port}`)) continue;
    const sock = proc.netns.tcp();
    openSocket(proc, sock);
    const errno = sock.bind(address, port, { reuseAddr: true }) ?? sock.listen(511);
    if (errno !== undefined) {
      yield* proc.warn(`nginx: [emerg] bind() to ${formatIpv4(address)}:${port} failed (${errnoNumber(errno)}: ${strerror(errno)})\n`);
      return 1;
    }
    listeners.push(sock);
  }
  const body = function* (p: Process): Run<number> {
    let over = false;
    for (const sig of ["SIGINT", "SIGTERM", "SIGQUIT"] as const) p.onSignal(sig, () => {
      over = true;
    });
    const server = new Nginx(p, servers);
    const loop = serve(p, listeners, (sock) => server.handle(sock, sock.localPort));
    for (;;) {
      const step = loop.next("ready");
      if (step.done === true) return 0;
      const why = yield step.value;
      if (why === "signal" && over) return 0;
    }
  };
  if (foreground) return yield* body(proc);
  const child = proc.machine.spawn({ argv: ["nginx"], program: body, parent: proc, session: { tty: undefined } });
  if (child === "EAGAIN") return 1;
  for (const fd of [0, 1, 2]) child.closeFd(fd);
  return 0;
}

