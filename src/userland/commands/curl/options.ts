/** The command line of curl 7.88: short letters in clusters, long names in full or cut where that is unambiguous, `--no-` before switches. */
export interface Spec {
  /** What follows: nothing, text, a whole number, seconds with a fraction. */
  arg: "" | "text" | "number" | "seconds";
}

const OPTIONS: Readonly<Record<string, readonly [letter: string, arg: Spec["arg"]]>> = {
  append: ["a", ""], "user-agent": ["A", "text"], cookie: ["b", "text"], "use-ascii": ["B", ""], "cookie-jar": ["c", "text"], "continue-at": ["C", "text"], data: ["d", "text"], "data-ascii": ["d", "text"], "data-raw": ["data-raw", "text"], "data-binary": ["data-binary", "text"],
  "data-urlencode": ["data-urlencode", "text"], "dump-header": ["D", "text"], referer: ["e", "text"], cert: ["E", "text"], fail: ["f", ""], "fail-with-body": ["fail-with-body", ""], "fail-early": ["fail-early", ""], form: ["F", "text"], globoff: ["g", ""], get: ["G", ""], help: ["h", ""],
  header: ["H", "text"], include: ["i", ""], head: ["I", ""], "junk-session-cookies": ["j", ""], "remote-header-name": ["J", ""], insecure: ["k", ""], config: ["K", "text"], "list-only": ["l", ""], location: ["L", ""], "location-trusted": ["location-trusted", ""], "max-time": ["m", "seconds"],
  manual: ["M", ""], netrc: ["n", ""], "no-buffer": ["N", ""], buffer: ["buffer", ""], output: ["o", "text"], "output-dir": ["output-dir", "text"], "remote-name": ["O", ""], proxytunnel: ["p", ""], disable: ["q", ""], quote: ["Q", "text"], range: ["r", "text"], "remote-time": ["R", ""], silent: ["s", ""],
  "show-error": ["S", ""], "telnet-option": ["t", "text"], "upload-file": ["T", "text"], user: ["u", "text"], "proxy-user": ["U", "text"], verbose: ["v", ""], version: ["V", ""], "write-out": ["w", "text"], proxy: ["x", "text"], request: ["X", "text"], "speed-limit": ["Y", "number"], "speed-time": ["y", "number"],
  parallel: ["Z", ""], "http1.0": ["0", ""], "http1.1": ["http1.1", ""], http2: ["http2", ""], "http2-prior-knowledge": ["http2-prior-knowledge", ""], "http0.9": ["http0.9", ""], ipv4: ["4", ""], ipv6: ["6", ""], "progress-bar": ["#", ""], next: [":", ""], "connect-timeout": ["connect-timeout", "seconds"],
  "connect-to": ["connect-to", "text"], resolve: ["resolve", "text"], retry: ["retry", "number"], "retry-delay": ["retry-delay", "number"], "retry-max-time": ["retry-max-time", "number"], "retry-connrefused": ["retry-connrefused", ""], "retry-all-errors": ["retry-all-errors", ""], "max-redirs": ["max-redirs", "number"],
  interface: ["interface", "text"], "local-port": ["local-port", "text"], "limit-rate": ["limit-rate", "text"], compressed: ["compressed", ""], "create-dirs": ["create-dirs", ""], json: ["json", "text"], noproxy: ["noproxy", "text"], "tcp-nodelay": ["tcp-nodelay", ""], keepalive: ["keepalive", ""],
  "keepalive-time": ["keepalive-time", "number"], "path-as-is": ["path-as-is", ""], "progress-meter": ["progress-meter", ""], "remote-name-all": ["remote-name-all", ""], stderr: ["stderr", "text"], trace: ["trace", "text"], "trace-ascii": ["trace-ascii", "text"], "unix-socket": ["unix-socket", "text"], url: ["url", "text"],
  "url-query": ["url-query", "text"], cacert: ["cacert", "text"], "dns-servers": ["dns-servers", "text"], "ignore-content-length": ["ignore-content-length", ""], post301: ["post301", ""], post302: ["post302", ""], "max-filesize": ["max-filesize", "text"], "disallow-username-in-url": ["disallow-username-in-url", ""], "styled-output": ["styled-output", ""],
};
const BY_LETTER: ReadonlyMap<string, readonly [name: string, arg: Spec["arg"]]> = new Map(Object.entries(OPTIONS).filter(([, [letter]]) => letter.length === 1).map(([name, [letter, arg]]) => [letter, [name, arg]]));

export interface Given {
  /** The letter, or the long name where there is none. */
  key: string;
  value: string;
  typed: string;
  on: boolean;
}
export interface ParsedArgs {
  given: Given[];
  urls: string[];
}

const HINT = "curl: try 'curl --help' or 'curl --manual' for more information\n";

/** @returns the message and exit status of a refusal. */
export function parseArgs(args: readonly string[]): ParsedArgs | { text: string } {
  const parsed: ParsedArgs = { given: [], urls: [] };
  const refuse = (what: string): { text: string } => ({ text: `curl: ${what}\n${HINT}` });
  const check = (typed: string, arg: Spec["arg"], value: string): string | undefined => {
    if (arg === "number" && !/^-?\d+$/.test(value)) return `option ${typed}: expected a proper numerical parameter`;
    return arg === "seconds" && !/^(\d+\.?\d*|\.\d+)$/.test(value) ? `option ${typed}: expected a proper numerical parameter` : undefined;
  };
  for (let i = 0, plain = false; i < args.length; i++) {
    const a = args[i]!;
    if (plain || a === "-" || !a.startsWith("-")) {
      parsed.urls.push(a);
      continue;
    }
    if (a === "--") {
      plain = true;
      continue;
    }
    if (a.startsWith("--")) {
      const found = longOption(a.slice(2));
      if (typeof found === "string") return refuse(`option ${a}: ${found}`);
      let value = "";
      if (found.arg !== "") {
        const next = args[++i];
        if (next === undefined) return refuse(`option ${a}: requires parameter`);
        value = next;
        const bad = check(a, found.arg, value);
        if (bad !== undefined) return refuse(bad);
      }
      parsed.given.push({ key: found.key, value, typed: `--${found.name}`, on: found.on });
      continue;
    }
    for (let k = 1; k < a.length; k++) {
      const letter = a[k]!;
      const found = BY_LETTER.get(letter);
      if (found === undefined) return refuse(`option ${a}: is unknown`);
      let value = "";
      if (found[1] !== "") {
        const rest = a.slice(k + 1);
        const next = rest !== "" ? rest : args[++i];
        if (next === undefined) return refuse(`option ${a}: requires parameter`);
        value = next;
        const bad = check(a, found[1], value);
        if (bad !== undefined) return refuse(bad);
        k = a.length;
      }
      parsed.given.push({ key: letter, value, typed: `-${letter}`, on: true });
    }
  }
  return parsed;
}

function longOption(word: string): { key: string; name: string; arg: Spec["arg"]; on: boolean } | string {
  const lookUp = (name: string): string[] => (Object.hasOwn(OPTIONS, name) ? [name] : Object.keys(OPTIONS).filter((n) => n.startsWith(name)));
  const off = word.startsWith("no-") && !Object.hasOwn(OPTIONS, word) && lookUp(word).length === 0;
  const names = lookUp(off ? word.slice(3) : word);
  if (names.length === 0) return "is unknown";
  if (names.length > 1) return "is ambiguous";
  const [key, arg] = OPTIONS[names[0]!]!;
  if (off && arg !== "") return "used '--no-' for option that isn't a boolean";
  return { key, name: names[0]!, arg, on: !off };
}
