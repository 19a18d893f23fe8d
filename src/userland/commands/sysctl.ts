/** sysctl: kernel parameters. procps 4.0.2 src/sysctl.c; its words and its exit statuses. */
import { decodeUtf8 } from "../../base/bytes.ts";
import { type Errno, strerror } from "../../kernel/api.ts";
import { defineCommand } from "../command.ts";
import { resolvePath } from "../fs.ts";
import { getopt } from "../getopt.ts";
import { octets } from "../octets.ts";
import type { Process, Run } from "../process.ts";
import { compileRegex, type Regex } from "../regex.ts";
import { matches, patternOf } from "../shell/pattern.ts";

const USAGE = `
Usage:
 sysctl [options] [variable[=value] ...]

Options:
  -a, --all            display all variables
  -A                   alias of -a
  -X                   alias of -a
      --deprecated     include deprecated parameters to listing
      --dry-run        Print the key and values but do not write
  -b, --binary         print value without new line
  -e, --ignore         ignore unknown variables errors
  -N, --names          print variable names without values
  -n, --values         print only values of the given variable(s)
  -p, --load[=<file>]  read values from file
  -f                   alias of -p
      --system         read values from all system directories
  -r, --pattern <expression>
                       select setting that match expression
  -q, --quiet          do not echo variable set
  -w, --write          enable writing a value to variable
  -o                   does nothing
  -x                   does nothing
  -d                   alias of -h

 -h, --help     display this help and exit
 -V, --version  output version information and exit

For more details see sysctl(8).
`;
const HOSTNAME = "kernel.hostname";
const HOSTNAME_MAX = 64;
const DEFAULT_FILE = "/etc/sysctl.conf";
/** Where --system looks; of two files of one name the one in the earlier directory counts. */
const SYSTEM_DIRS = ["/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d"];

// -- parameters -------------------------------------------------------------------------------------------------------

/** What stands in /proc/sys for a process: its namespace's parameters and the machine's names. Keys have dots; a slash is a dot of a device's name. */
class Parameters {
  private readonly proc: Process;

  constructor(proc: Process) {
    this.proc = proc;
  }

  get(key: string): string | undefined {
    const { machine, netns } = this.proc;
    return key === HOSTNAME ? machine.hostname : netns.sysctl.get(key);
  }

  set(key: string, value: string): Errno | undefined {
    const { machine, netns } = this.proc;
    if (key !== HOSTNAME) return netns.sysctl.set(key, value);
    machine.hostname = value.slice(0, HOSTNAME_MAX);
    return undefined;
  }

  isReadOnly(key: string): boolean {
    return key !== HOSTNAME && this.proc.netns.sysctl.isReadOnly(key);
  }

  keys(): string[] {
    const keys = [...new Set([HOSTNAME, ...this.proc.netns.sysctl.keys()])];
    return keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** Keys below a directory. */
  below(key: string): string[] {
    return this.keys().filter((k) => k.startsWith(`${key}.`));
  }
}

function swapped(text: string): string {
  return text.replace(/[./]/g, (c) => (c === "." ? "/" : "."));
}

/** The key of what was typed: the first separator says whether dots or slashes separate. */
function keyOf(typed: string): string {
  return /^[^.]*\//.test(typed) ? swapped(typed) : typed;
}

function pathOf(key: string): string {
  return `/proc/sys/${swapped(key)}`;
}

// -- settings ---------------------------------------------------------------------------------------------------------

interface Setting {
  key: string;
  /** undefined: `-key`, a parameter that patterns do not touch. */
  value: string | undefined;
  ignoreFailure: boolean;
}

/** A line "key = value". @returns "none" for comments and blank lines, "bad" without a value. */
function parseSetting(line: string): Setting | "none" | "bad" {
  const text = line.trim();
  if (text === "" || text.startsWith("#") || text.startsWith(";")) return "none";
  const ignoreFailure = text.startsWith("-");
  const at = text.indexOf("=");
  if (at < 0) return ignoreFailure ? { key: keyOf(text.slice(1)), value: undefined, ignoreFailure } : "bad";
  return { key: keyOf(text.slice(ignoreFailure ? 1 : 0, at).trim()), value: text.slice(at + 1).trim(), ignoreFailure };
}

interface Options {
  write: boolean;
  binary: boolean;
  names: boolean;
  values: boolean;
  quiet: boolean;
  ignore: boolean;
  dryRun: boolean;
  pattern: Regex | undefined;
}

class Sysctl {
  private readonly proc: Process;
  private readonly params: Parameters;
  private readonly o: Options;

  constructor(proc: Process, o: Options) {
    this.proc = proc;
    this.params = new Parameters(proc);
    this.o = o;
  }

  private *warn(text: string): Run<void> {
    yield* this.proc.warn(`sysctl: ${text}\n`);
  }

  private selected(key: string): boolean {
    return this.o.pattern?.test(octets(key)) ?? true;
  }

  // -- reading ------------------------------------------------------------------------------------------------------

  *all(): Run<void> {
    for (const key of this.params.keys()) yield* this.show(key);
  }

  private *show(key: string): Run<void> {
    const value = this.params.get(key);
    if (value === undefined || !this.selected(key)) return;
    if (value === "" && key !== HOSTNAME) return; // one that can only be written
    const { names, values, binary } = this.o;
    if (names) yield* this.proc.print(`${key}\n`);
    else if (binary) yield* this.proc.print(value);
    else yield* this.proc.print(value.split("\n").map((line) => (values ? `${line}\n` : `${key} = ${line}\n`)).join(""));
  }

  /** One name, or a directory of names. @returns how many were not there. */
  *read(typed: string): Run<number> {
    const key = keyOf(typed);
    if (this.params.get(key) !== undefined) {
      yield* this.show(key);
      return 0;
    }
    const below = this.params.below(key);
    for (const k of below) yield* this.show(k);
    if (below.length > 0 || this.o.ignore) return 0;
    yield* this.warn(`cannot stat ${pathOf(key)}: ${strerror("ENOENT")}`);
    return 1;
  }

  // -- writing ------------------------------------------------------------------------------------------------------

  /** @returns whether it went well. */
  *write(s: Setting): Run<boolean> {
    const { key, value = "" } = s;
    if (key === "") {
      yield* this.warn("Path is not under /proc/sys/: /proc/sys/");
      return false;
    }
    if (!this.selected(key)) return true;
    if (this.params.get(key) === undefined) {
      const isDirectory = this.params.below(key).length > 0;
      if (isDirectory) yield* this.warn(`setting key "${key}": ${strerror("EINVAL")}`);
      else if (!this.o.ignore) yield* this.warn(`cannot stat ${pathOf(key)}: ${strerror("ENOENT")}`);
      return isDirectory || this.o.ignore || s.ignoreFailure;
    }
    if (this.params.isReadOnly(key)) {
      // The real one prints what errno was left at, and does not count it as a failure.
      yield* this.warn(`setting key "${key}": ${strerror("EINVAL")}`);
      return true;
    }
    if (this.proc.uid !== 0) {
      yield* this.warn(`permission denied on key "${key}"`);
      return s.ignoreFailure;
    }
    const failed = this.o.dryRun ? undefined : value === "" && key !== HOSTNAME ? "EINVAL" : this.params.set(key, value);
    if (failed !== undefined) {
      yield* this.warn(`setting key "${key}": ${strerror(failed)}`);
      return s.ignoreFailure;
    }
    yield* this.echo(key, value);
    return true;
  }

  private *echo(key: string, value: string): Run<void> {
    const { quiet, binary, values, names } = this.o;
    if (quiet) return;
    yield* this.proc.print(binary ? value : values || names ? `${value}\n` : `${key} = ${value}\n`);
  }

  /** An operand with -w or an equals sign. */
  *assign(text: string): Run<boolean> {
    // A single character is passed over in silence, also the = of "key = value".
    if (text.length === 1) return false;
    const s = parseSetting(text);
    if (typeof s !== "string") return yield* this.write(s);
    if (s === "bad") yield* this.warn("command line(0): invalid syntax, continuing...");
    return false;
  }

  // -- files --------------------------------------------------------------------------------------------------------

  /** Reads the settings of a file. undefined: it cannot be read. */
  *parseFile(name: string): Run<{ settings: Setting[]; good: boolean } | undefined> {
    const text = yield* this.fileText(name);
    if (text === undefined) return undefined;
    const settings: Setting[] = [];
    let good = true;
    for (const [i, line] of text.split("\n").entries()) {
      const s = parseSetting(line);
      if (s === "none") continue;
      if (s === "bad") {
        yield* this.warn(`${name}(${i + 1}): invalid syntax, continuing...`);
        good = false;
      } else settings.push(s);
    }
    return { settings, good };
  }

  private *fileText(name: string): Run<string | undefined> {
    if (name === "-") {
      const got = yield* this.proc.readAll(0);
      return typeof got === "string" ? undefined : decodeUtf8(got);
    }
    const got = this.proc.machine.fs.readFile(this.proc, resolvePath(this.proc.cwd, name));
    if (got.ok) return decodeUtf8(got.value);
    yield* this.warn(`cannot open "${name}": ${strerror(got.error)}`);
    return undefined;
  }

  /** Applies settings; those with * ? [ stand for every parameter they match that is not named by itself. */
  *apply(settings: readonly Setting[]): Run<boolean> {
    const named = new Set(settings.map((s) => s.key));
    let good = true;
    for (const s of settings) {
      if (s.value === undefined) continue;
      const isPattern = /[*?[]/.test(s.key);
      const pattern = isPattern ? patternOf(swapped(s.key)) : undefined;
      const keys = pattern ? this.params.keys().filter((k) => !named.has(k) && sameDepth(k, s.key) && matches(pattern, swapped(k))) : [s.key];
      for (const key of keys) if (!(yield* this.write({ ...s, key }))) good = false;
    }
    return good;
  }

  /** -p: files one after the other, or the usual one. */
  *load(names: readonly string[]): Run<number> {
    const files = names.length > 0 ? names : this.proc.machine.fs.stat(DEFAULT_FILE).ok ? [DEFAULT_FILE] : [];
    let status = 0;
    const parsed: Setting[] = [];
    for (const name of files) {
      const file = yield* this.parseFile(name);
      if (!file?.good) status = 1;
      parsed.push(...(file?.settings ?? []));
    }
    return (yield* this.apply(parsed)) ? status : 1;
  }

  *loadSystem(): Run<number> {
    const found = new Map<string, string>();
    for (const dir of SYSTEM_DIRS) {
      const names = this.proc.machine.fs.readdir(dir);
      for (const name of names.ok ? names.value : []) if (name.endsWith(".conf") && !found.has(name)) found.set(name, `${dir}/${name}`);
    }
    const files = [...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, path]) => path);
    if (this.proc.machine.fs.stat(DEFAULT_FILE).ok) files.push(DEFAULT_FILE);
    if (!this.o.quiet) for (const path of files) yield* this.proc.print(`* Applying ${path} ...\n`);
    return files.length > 0 ? yield* this.load(files) : 0;
  }
}

/** A star does not reach over a slash (glob(7)). */
function sameDepth(key: string, pattern: string): boolean {
  return key.split(".").length === pattern.split(".").length;
}

// -- the command ------------------------------------------------------------------------------------------------------

const LONG = {
  all: "a", deprecated: "deprecated", "dry-run": "dry-run", binary: "b", ignore: "e", names: "N", values: "n", load: "p::", quiet: "q", write: "w", system: "system",
  pattern: "r:", help: "h", version: "V",
};

export const sysctl = defineCommand({
  name: "sysctl",
  dir: "/usr/sbin",
  man: {
    summary: "show and change kernel parameters",
    synopsis: ["sysctl [options] [variable[=value] ...]", "sysctl -p [file ...]", "sysctl -a"],
    emulated: [
      "-a, -n, -N, -b, -e, -q, -w, -r PATTERN, -p [FILE ...], --system, --dry-run.",
      "Parameters of net.ipv4, net.core and net.bridge that the network here obeys; kernel.hostname. Others are not there.",
      "A directory of parameters (sysctl net.ipv4.conf.eth0) and names with slashes.",
    ],
    notEmulated: [],
    examples: ["sysctl -w net.ipv4.ip_forward=1", "sysctl -a -r rp_filter", "sysctl -p /etc/sysctl.d/router.conf"],
  },
  *run(proc, args): Run<number> {
    const parsed = getopt(args, "bneNwfp::qoxaAXr:Vdh", LONG);
    const given = (key: string): boolean => parsed.options.some((o) => o.key === key);
    for (const { key } of parsed.options) {
      if (key !== "h" && key !== "d" && key !== "V") continue;
      yield* proc.print(key === "V" ? "sysctl from procps-ng 4.0.2\n" : USAGE);
      return 0;
    }
    if (parsed.error !== undefined) {
      yield* proc.warn(`sysctl: ${parsed.error}\n`);
      yield* proc.print(USAGE);
      return 0;
    }
    const text = parsed.options.find((o) => o.key === "r")?.value;
    const compiled = text === undefined ? undefined : compileRegex(octets(text), { syntax: "grep-ere" });
    const pattern = compiled?.ok ? compiled.value : undefined;
    if (compiled && !pattern) return 0;
    const run = new Sysctl(proc, {
      write: given("w"), binary: given("b"), names: given("N"), values: given("n"), quiet: given("q"), ignore: given("e"), dryRun: given("dry-run"), pattern,
    });
    if (given("a") || given("A") || given("X")) {
      yield* run.all();
      return 0;
    }
    if (given("system")) return yield* run.loadSystem();
    if (given("p") || given("f")) {
      const named = parsed.options.find((o) => o.key === "p")?.value;
      return yield* run.load([...(named === undefined ? [] : [named]), ...parsed.operands]);
    }
    return yield* operands(proc, run, parsed.operands, given("w"), parsed.options.length > 0);
  },
  complete(proc, _words, word) {
    return word.startsWith("-") ? ["-a", "-e", "-n", "-p", "-q", "-r", "-w", "--system"] : new Parameters(proc).keys();
  },
});

function* operands(proc: Process, run: Sysctl, words: readonly string[], write: boolean, anyOption: boolean): Run<number> {
  if (words.length === 0) {
    yield* proc.warn(anyOption ? "sysctl: no variables specified\nTry `sysctl --help' for more information.\n" : USAGE);
    return 1;
  }
  let missing = 0;
  let failed = false;
  for (const word of words) {
    if (!write && !word.includes("=")) missing += yield* run.read(word);
    else if (!(yield* run.assign(word))) failed = true;
  }
  return failed ? missing | 1 : missing;
}
