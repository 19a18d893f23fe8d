/** python3 -m http.server, as Python 3.11 of Debian 12 has it: a directory over HTTP/1.0. Nothing else of Python is here. */
import { encodeUtf8 } from "../../base/bytes.ts";
import { errnoNumber, strerror, type TcpSock } from "../../kernel/api.ts";
import { formatIpv4, parseIpv4 } from "../../wire/ipv4.ts";
import { defineCommand, notEmulated } from "../command.ts";
import { resolvePath } from "../fs.ts";
import { HttpStream } from "../http-stream.ts";
import type { Process, Run } from "../process.ts";
import { serve } from "../serve.ts";
import { openSocket, sendAll } from "../socket-file.ts";
import { calendarOf, wallTime } from "../wall-clock.ts";

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n: number): string => String(n).padStart(2, "0");

/** RFC 9110 §5.6.7. */
export function httpDate(seconds: number): string {
  const c = calendarOf(seconds);
  return `${DAYS[c.weekday]}, ${two(c.day)} ${MONTHS[c.month - 1]} ${c.year} ${two(c.hour)}:${two(c.minute)}:${two(c.second)} GMT`;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html", htm: "text/html", txt: "text/plain", css: "text/css", js: "text/javascript", json: "application/json", xml: "text/xml", csv: "text/csv", png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", svg: "image/svg+xml", pdf: "application/pdf", gz: "application/gzip", sh: "application/x-sh", py: "text/x-python",
};
const STATUS: Readonly<Record<number, readonly [string, string]>> = {
  200: ["OK", ""], 301: ["Moved Permanently", "Object moved permanently -- see URI list"], 400: ["Bad Request", "Bad request syntax or unsupported method"], 404: ["Not Found", "Nothing matches the given URI"], 501: ["Not Implemented", "Server does not support this operation"], 505: ["HTTP Version Not Supported", "Cannot fulfill request"],
};

const escapeHtml = (s: string): string => s.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

class FileServer {
  private readonly proc: Process;
  private readonly root: string;

  constructor(proc: Process, root: string) {
    this.proc = proc;
    this.root = root;
  }

  *handle(sock: TcpSock): Run<void> {
    const stream = new HttpStream(this.proc, sock);
    const first = yield* stream.line();
    if (typeof first === "string") return;
    const request = first.line.trimEnd();
    const words = request.split(/\s+/).filter((w) => w !== "");
    const [method, target, version] = words;
    if (words.length === 0) return;
    const ok = words.length === 3 ? /^HTTP\/\d+\.\d+$/.test(version!) : words.length === 2 && method === "GET";
    if (ok && version !== undefined) {
      for (let line = yield* stream.line(); ; line = yield* stream.line()) {
        if (typeof line === "string") return;
        if (/^\r?\n$/.test(line.line)) break;
      }
    }
    const client = formatIpv4(sock.peer!.addr);
    const answer = !ok ? this.wrong(400, words.length === 3 ? `Bad request version ('${version}')` : words.length === 2 ? `Bad HTTP/0.9 request type ('${method}')` : `Bad request syntax ('${request}')`) : method === "GET" || method === "HEAD" ? this.answer(target!) : this.wrong(501, `Unsupported method ('${method}')`);
    if (answer.error !== undefined) yield* this.log(client, `code ${answer.code}, message ${answer.error}`);
    yield* this.log(client, `"${request}" ${answer.code} -`);
    const bare = words.length === 2 && ok;
    const head = `HTTP/1.0 ${answer.code} ${answer.error ?? STATUS[answer.code]![0]}\r\nServer: SimpleHTTP/0.6 Python/3.11.2\r\nDate: ${httpDate(wallTime(this.proc.now).seconds)}\r\n${answer.fields.map(([n, v]) => `${n}: ${v}\r\n`).join("")}\r\n`;
    yield* sendAll(this.proc, sock, bare ? new Uint8Array(0) : encodeUtf8(head));
    if (method !== "HEAD") yield* sendAll(this.proc, sock, answer.body);
    // shutdown_request: the goodbye is said before the descriptor goes.
    sock.shutdown("write");
  }

  private *log(client: string, text: string): Run<void> {
    const c = calendarOf(wallTime(this.proc.now).seconds);
    yield* this.proc.warn(`${client} - - [${two(c.day)}/${MONTHS[c.month - 1]}/${c.year} ${two(c.hour)}:${two(c.minute)}:${two(c.second)}] ${text}\n`);
  }

  private wrong(code: number, message: string): Answer {
    const body = encodeUtf8(`<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
        <p>Error code: ${code}</p>
        <p>Message: ${escapeHtml(message)}.</p>
        <p>Error code explanation: ${code} - ${STATUS[code]![1]}.</p>
    </body>
</html>
`);
    return { code, error: message, fields: [["Connection", "close"], ["Content-Type", "text/html;charset=utf-8"], ["Content-Length", String(body.length)]], body };
  }

  private answer(target: string): Answer {
    const { fs } = this.proc.machine;
    const asked = target.replace(/[?#].*$/s, "");
    let path: string;
    try {
      path = decodeURIComponent(asked);
    } catch {
      path = asked;
    }
    // Each part is looked up below the directory: dots lead nowhere.
    const parts = path.split("/").filter((p) => p !== "" && p !== "." && p !== "..");
    const at = [this.root === "/" ? "" : this.root, ...parts].join("/") || "/";
    const found = fs.stat(at);
    if (!found.ok) return this.wrong(404, "File not found");
    if (found.value.type !== "dir") return asked.endsWith("/") ? this.wrong(404, "File not found") : this.file(at);
    if (!asked.endsWith("/")) return { code: 301, error: undefined, fields: [["Location", `${asked}/${target.slice(asked.length)}`], ["Content-Length", "0"]], body: new Uint8Array(0) };
    for (const index of ["index.html", "index.htm"]) if (fs.stat(`${at}/${index}`).ok) return this.file(`${at}/${index}`);
    return this.listing(at, path);
  }

  private file(path: string): Answer {
    const { fs } = this.proc.machine;
    const r = fs.readFile(this.proc, path);
    const inode = fs.stat(path);
    if (!r.ok || !inode.ok) return this.wrong(404, "File not found");
    const type = TYPES[/\.([A-Za-z0-9]+)$/.exec(path)?.[1] ?? ""] ?? "application/octet-stream";
    return { code: 200, error: undefined, fields: [["Content-type", type], ["Content-Length", String(r.value.length)], ["Last-Modified", httpDate(wallTime(inode.value.mtime).seconds)]], body: r.value };
  }

  private listing(at: string, path: string): Answer {
    const { fs } = this.proc.machine;
    const names = fs.readdir(at);
    if (!names.ok) return this.wrong(404, "No permission to list directory");
    const lower = (s: string): string => s.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
    const sorted = [...names.value].sort((a, b) => (lower(a) < lower(b) ? -1 : lower(a) > lower(b) ? 1 : a < b ? -1 : 1));
    const items = sorted.map((n) => {
      const dir = fs.stat(`${at}/${n}`);
      const slash = dir.ok && dir.value.type === "dir" ? "/" : "";
      return `<li><a href="${encodeURIComponent(n)}${slash}">${escapeHtml(n)}${slash}</a></li>`;
    });
    const title = `Directory listing for ${escapeHtml(path)}`;
    const body = encodeUtf8(["<!DOCTYPE HTML>", '<html lang="en">', "<head>", '<meta charset="utf-8">', `<title>${title}</title>`, "</head>", "<body>", `<h1>${title}</h1>`, "<hr>", "<ul>", ...items, "</ul>", "<hr>", "</body>", "</html>", ""].join("\n"));
    return { code: 200, error: undefined, fields: [["Content-type", "text/html; charset=utf-8"], ["Content-Length", String(body.length)]], body };
  }
}

interface Answer {
  code: number;
  /** Message of an error, which stands in the status line. */
  error: string | undefined;
  fields: (readonly [string, string])[];
  body: Uint8Array;
}

interface Options {
  port: number;
  bind: string | undefined;
  directory: string;
  unbuffered: boolean;
}

function parse(args: readonly string[], cwd: string): Options | { notEmulated: string } | { usage: string } {
  const o: Options = { port: 8000, bind: undefined, directory: cwd, unbuffered: false };
  let at = 0;
  while (args[at] === "-u" || args[at] === "-B") {
    if (args[at] === "-u") o.unbuffered = true;
    at++;
  }
  if (args[at] !== "-m" || args[at + 1] !== "http.server") return { notEmulated: `python3${args[at] === "-m" ? ` -m ${args[at + 1] ?? ""}` : ""}` };
  for (let i = at + 2; i < args.length; i++) {
    const [name, attached] = args[i]!.startsWith("--") ? (args[i]!.split("=", 2) as [string, string | undefined]) : [args[i]!, undefined];
    if (["--bind", "-b", "--directory", "-d"].includes(name)) {
      const value = attached ?? args[++i];
      if (value === undefined) return { usage: `argument ${name.endsWith("b") || name === "--bind" ? "-b/--bind" : "-d/--directory"}: expected one argument` };
      if (name === "--bind" || name === "-b") o.bind = value;
      else o.directory = value;
    } else if (name.startsWith("-")) return { notEmulated: `python3 -m http.server ${name}` };
    else if (!/^\d+$/.test(name)) return { usage: `argument port: invalid int value: '${name}'` };
    else o.port = Number(name);
  }
  return o;
}

export const python3 = defineCommand({
  name: "python3",
  man: {
    summary: "a web server over a directory (python3 -m http.server)",
    synopsis: ["python3 [-u] -m http.server [-b ADDRESS] [-d DIRECTORY] [PORT]"],
    emulated: ["GET and HEAD of files, index.html, lists of directories; a log line for each request on standard error", "-b: listens on one address; -d: another directory than the current one; PORT: default 8000"],
    notEmulated: ["Python itself, and every other module", "--cgi, --protocol, IPv6"],
    examples: ["python3 -m http.server 80 --directory /srv/www"],
  },
  *run(proc, args): Run<number> {
    const o = parse(args, proc.cwd);
    if ("notEmulated" in o) return yield* notEmulated(proc, o.notEmulated);
    if ("usage" in o) {
      yield* proc.warn(`usage: server.py [-h] [--cgi] [-b ADDRESS] [-d DIRECTORY] [-p VERSION]\n                 [port]\nserver.py: error: ${o.usage}\n`);
      return 2;
    }
    const address = o.bind === undefined ? 0 : parseIpv4(o.bind);
    if (address === undefined) return yield* notEmulated(proc, `python3 -m http.server --bind ${o.bind}`);
    const listener = proc.netns.tcp();
    openSocket(proc, listener);
    const errno = listener.bind(address, o.port, { reuseAddr: true }) ?? listener.listen(5);
    if (errno !== undefined) {
      yield* proc.warn(`Traceback (most recent call last):\n  File "<frozen runpy>", line 198, in _run_module_as_main\n  File "<frozen runpy>", line 88, in _run_code\nOSError: [Errno ${errnoNumber(errno)}] ${strerror(errno)}\n`);
      return 1;
    }
    const shown = formatIpv4(address);
    const greeting = `Serving HTTP on ${shown} port ${o.port} (http://${shown}:${o.port}/) ...\n`;
    // Standard output is held back until the end when it is no terminal.
    const atOnce = o.unbuffered || proc.fds.get(1)?.tty !== undefined;
    if (atOnce) yield* proc.print(greeting);
    let interrupted = false;
    proc.onSignal("SIGINT", () => {
      interrupted = true;
    });
    const files = new FileServer(proc, resolvePath(proc.cwd, o.directory));
    const server = serve(proc, [listener], (sock) => files.handle(sock));
    for (;;) {
      const step = server.next("ready");
      if (step.done === true) return 0;
      const why = yield step.value;
      if (why === "signal" && interrupted) {
        yield* proc.print(`${atOnce ? "" : greeting}\nKeyboard interrupt received, exiting.\n`);
        return 0;
      }
    }
  },
});
