/** What a shell process knows: variables, functions, options, traps, jobs. One object a process; a subshell gets a copy. */
import type { Process, Run, Signal } from "../process.ts";
import { RandomStream } from "../../sim/random.ts";
import { SECOND, type Nanos } from "../../sim/time.ts";
import { START_OF_LAB } from "../wall-clock.ts";
import type { FunctionDef } from "./ast.ts";
import { JobTable } from "./jobs.ts";
import type { Dialect } from "./parser.ts";

export interface Variable {
  value: string | undefined;
  /** Of an indexed array: element 0 is not in `value`. */
  array?: Map<number, string>;
  assoc?: Map<string, string>;
  exported: boolean;
  readonly: boolean;
  integer: boolean;
  fold?: "lower" | "upper";
  /** Name of another variable. */
  nameref?: boolean;
}

/** Leaves everything up to the line of commands ("discard") or the shell ("exit"). Thrown; what was to be said is said already. */
export class Abort {
  readonly how: "discard" | "exit";
  readonly status: number;
  /** A read-only variable: to a builtin of bash that is a failure like others. */
  readonly soft: boolean;
  constructor(how: "discard" | "exit", status: number, soft = false) {
    this.how = how;
    this.status = status;
    this.soft = soft;
  }
}

/** break, continue and return on their way. */
export type Flow = { kind: "break" | "continue"; levels: number } | { kind: "return" } | { kind: "exit" };

/** A function call or a sourced file. */
export interface Frame {
  name: string;
  positional: string[];
  /** Variables that `local` hid, as they were. */
  hidden: Map<string, Variable | undefined>;
  isFunction: boolean;
  line: number;
}

/** Long options of `set -o` with their letters. */
export const OPTION_LETTERS: ReadonlyMap<string, string> = new Map([
  ["e", "errexit"], ["f", "noglob"], ["I", "ignoreeof"], ["i", "interactive"], ["m", "monitor"], ["n", "noexec"], ["s", "stdin"], ["x", "xtrace"], ["v", "verbose"], ["V", "vi"], ["E", "emacs"],
  ["C", "noclobber"], ["a", "allexport"], ["b", "notify"], ["u", "nounset"],
]);

export const MAX_VARIABLES = 4096;
export const MAX_FUNCTION_DEPTH = 256;

export class Shell {
  proc: Process;
  readonly dialect: Dialect;
  arg0: string;
  /** The file or "-c" that is run, for bash's error messages. */
  source: "string" | "file" | "stdin" = "stdin";
  variables = new Map<string, Variable>();
  functions = new Map<string, FunctionDef>();
  aliases = new Map<string, string>();
  /** Long names of what `set` switched on. */
  options = new Set<string>();
  shopts = new Set<string>();
  traps = new Map<string, string>();
  frames: Frame[] = [];
  positional: string[] = [];
  status = 0;
  flow: Flow | undefined;
  /** Line of the command that runs. */
  line = 1;
  lastBackground = 0;
  jobs = new JobTable();
  /** Remembered places of commands. */
  hashed = new Map<string, { path: string; hits: number }>();
  dirStack: string[] = [];
  /** The logical working directory. */
  interactive = false;
  login = false;
  /** Value of $$: of the shell, also in its subshells. */
  readonly pid: number;
  subshell = 0;
  loopDepth = 0;
  /** Commands whose failure `set -e` does not mind: above 0 inside if, while, && ... */
  unchecked = 0;
  /** Nested evaluations; bounded, so that JavaScript's stack is never the limit. */
  depth = 0;
  /** Signals that came and whose trap has not run yet. */
  pendingTraps: string[] = [];
  /** Where inside a word `getopts` is. */
  getoptsAt = 0;
  inTrap = false;
  /** Ctrl-C came to an interactive shell that runs something itself. */
  interrupted = false;
  history: string[] = [];
  seconds: { at: Nanos; value: number };
  private randomStream: RandomStream | undefined;
  private lastRandom = 0;
  /** Name of the builtin that runs, for messages; in dash also `eval` and the file that `.` reads (commandname). */
  builtin = "";
  /** Files that are sourced and functions that run, by the file they come from: bash's messages name the innermost. */
  sourcing: string[] = [];
  /** Status of the last command substitution, for `x=$(false)`. */
  substitutionStatus: number | undefined;
  /** bash reads startup files with functions whose prompts need the count of commands. */
  commandNumber = 1;
  /** Statuses of background children that were told of already. */
  finished: Map<number, number> | undefined;
  /** fds kept for process substitutions until the command is over. */
  processSubstitutions: number[] = [];

  constructor(proc: Process, dialect: Dialect, arg0: string) {
    this.proc = proc;
    this.dialect = dialect;
    this.arg0 = arg0;
    this.pid = proc.pid;
    this.seconds = { at: proc.now, value: 0 };
  }

  get bash(): boolean {
    return this.dialect === "bash";
  }

  /** A subshell's copy. Its process is set when that begins. */
  fork(): Shell {
    const copy = Object.assign(Object.create(Shell.prototype) as Shell, this);
    copy.variables = new Map([...this.variables].map(([name, v]) => [name, copyVariable(v)]));
    copy.functions = new Map(this.functions);
    copy.aliases = new Map(this.aliases);
    copy.options = new Set(this.options);
    copy.shopts = new Set(this.shopts);
    copy.frames = this.frames.map((f) => ({ ...f, positional: [...f.positional], hidden: new Map(f.hidden) }));
    copy.positional = [...this.positional];
    copy.hashed = new Map(this.hashed);
    copy.dirStack = [...this.dirStack];
    copy.pendingTraps = [];
    copy.sourcing = [...this.sourcing];
    copy.processSubstitutions = [];
    // Traps are reset in a subshell; signals that are ignored stay so.
    copy.traps = new Map([...this.traps].filter(([, action]) => action === ""));
    copy.jobs = this.jobs.forSubshell();
    copy.interactive = false;
    copy.subshell = this.subshell + 1;
    copy.flow = undefined;
    copy.inTrap = false;
    return copy;
  }

  // -- messages -----------------------------------------------------------------------------------------------------

  /** What an error message begins with. */
  prefix(): string {
    if (this.bash) {
      const name = this.arg0;
      return this.interactive || (this.source === "stdin" && this.options.has("interactive")) ? `${name}: ` : `${this.sourcing[this.sourcing.length - 1] ?? name}: line ${this.line}: `;
    }
    return `${this.arg0}: ${this.line}: ${this.builtin ? `${this.builtin}: ` : ""}`;
  }

  /** Says something on standard error, after the usual beginning. */
  *error(text: string): Run<void> {
    yield* this.proc.warn(`${this.prefix()}${text}\n`);
  }

  /** Says it and leaves: sh_error() of dash (the shell ends unless it is interactive), bash's jump to the top level. */
  *fail(text: string, status = this.bash ? 1 : 2): Run<never> {
    yield* this.error(text);
    throw new Abort(this.bash || this.interactive ? "discard" : "exit", status);
  }

  // -- variables ----------------------------------------------------------------------------------------------------

  /** The variable itself, through a name reference. */
  find(name: string): Variable | undefined {
    let v = this.variables.get(name);
    for (let i = 0; v?.nameref && v.value && i < 8; i++) v = this.variables.get(v.value);
    return v;
  }

  private resolveName(name: string): string {
    let at = name;
    for (let i = 0; i < 8; i++) {
      const v = this.variables.get(at);
      if (!v?.nameref || !v.value) return at;
      at = v.value;
    }
    return at;
  }

  get(name: string): string | undefined {
    const dynamic = this.bash ? this.dynamic(name) : undefined;
    if (dynamic !== undefined) return dynamic;
    const v = this.find(name);
    if (!v) return undefined;
    if (v.array) return v.array.get(0);
    if (v.assoc) return v.assoc.get("0");
    return v.value;
  }

  /** bash's variables that are made when they are looked at; an assignment turns RANDOM and SECONDS on anew. */
  private dynamic(name: string): string | undefined {
    switch (name) {
      case "RANDOM":
        return this.variables.has("RANDOM") ? String(this.random()) : undefined;
      case "SECONDS":
        return this.variables.has("SECONDS") ? String(this.seconds.value + Math.floor((this.proc.now - this.seconds.at) / SECOND)) : undefined;
      case "LINENO":
        return String(this.line);
      case "BASHPID":
        return String(this.proc.pid);
      case "BASH_SUBSHELL":
        return String(this.subshell);
      case "EPOCHSECONDS":
        return String(START_OF_LAB + Math.floor(this.proc.now / SECOND));
      case "FUNCNAME":
        return this.frames.findLast((f) => f.isFunction)?.name;
      case "SHELLOPTS":
        return [...this.options].sort((a, b) => (a < b ? -1 : 1)).join(":");
      default:
        return undefined;
    }
  }

  random(): number {
    this.randomStream ??= new RandomStream(this.proc.pid, `${this.proc.machine.name}/bash-random/${this.proc.now}`);
    let n = this.lastRandom;
    while (n === this.lastRandom) n = this.randomStream.below(32768);
    this.lastRandom = n;
    return n;
  }

  /** Where functions that are defined now come from. */
  get sourceName(): string {
    return this.sourcing[this.sourcing.length - 1] ?? (this.source === "string" ? "environment" : this.arg0);
  }

  /** An assignment. @returns false when the variable is read-only. The caller says so. */
  set(name: string, value: string): boolean {
    return this.setElement(name, undefined, value);
  }

  setElement(named: string, subscript: string | number | undefined, given: string): boolean {
    const name = this.resolveName(named);
    let v = this.variables.get(name);
    if (v?.readonly) return false;
    if (!v) {
      if (this.variables.size >= MAX_VARIABLES) return false;
      v = { value: undefined, exported: false, readonly: false, integer: false };
      this.variables.set(name, v);
    }
    const value = v.fold === "lower" ? asciiLower(given) : v.fold === "upper" ? asciiUpper(given) : given;
    if (v.assoc) v.assoc.set(String(subscript ?? "0"), value);
    else if (v.array || typeof subscript === "number") {
      v.array ??= new Map(v.value === undefined ? [] : [[0, v.value]]);
      v.value = undefined;
      v.array.set(typeof subscript === "number" ? subscript : 0, value);
    } else v.value = value;
    if (this.options.has("allexport")) v.exported = true;
    if (name === "SECONDS") this.seconds = { at: this.proc.now, value: Number.parseInt(value, 10) || 0 };
    else if (name === "RANDOM") this.randomStream = new RandomStream(Number.parseInt(value, 10) || 0, "bash-random");
    else if (name === "OPTIND") this.getoptsAt = 0;
    else if (name === "PATH") this.hashed.clear();
    return true;
  }

  /** @returns false when it is read-only. */
  unset(named: string): boolean {
    const name = this.resolveName(named);
    const v = this.variables.get(name);
    if (v?.readonly) return false;
    this.variables.delete(name);
    if (name === "PATH") this.hashed.clear();
    return true;
  }

  export(name: string): void {
    const v = this.variables.get(name);
    if (v) v.exported = true;
    else this.variables.set(name, { value: undefined, exported: true, readonly: false, integer: false });
  }

  /** What children get. */
  environment(): Map<string, string> {
    const env = new Map<string, string>();
    for (const [name, v] of this.variables) if (v.exported && v.value !== undefined) env.set(name, v.value);
    return env;
  }

  /** `local`: hides the variable until the function returns. */
  hide(name: string): boolean {
    const frame = this.frames.findLast((f) => f.isFunction);
    if (!frame) return false;
    if (frame.hidden.has(name)) return true;
    const v = this.variables.get(name);
    frame.hidden.set(name, v ? copyVariable(v) : undefined);
    return true;
  }

  unhide(frame: Frame): void {
    for (const [name, v] of frame.hidden) {
      if (v) this.variables.set(name, v);
      else this.variables.delete(name);
      if (name === "PATH") this.hashed.clear();
    }
  }

  // -- parameters ---------------------------------------------------------------------------------------------------

  get args(): string[] {
    return this.frames[this.frames.length - 1]?.positional ?? this.positional;
  }
  set args(words: string[]) {
    const frame = this.frames[this.frames.length - 1];
    if (frame) frame.positional = words;
    else this.positional = words;
    this.getoptsAt = 0;
  }

  /** $-: letters of what is on. */
  flags(): string {
    let out = "";
    if (this.bash) {
      const on = (name: string, letter: string): string => (this.options.has(name) ? letter : "");
      out = on("allexport", "a") + on("notify", "b") + on("errexit", "e") + on("noglob", "f") + on("hashall", "h") + (this.options.has("interactive") ? "i" : "") + on("monitor", "m") + on("noexec", "n");
      out += on("nounset", "u") + on("verbose", "v") + on("xtrace", "x") + on("braceexpand", "B") + on("noclobber", "C") + on("errtrace", "E") + on("histexpand", "H") + on("functrace", "T");
      return out + (this.source === "string" ? "c" : this.source === "stdin" ? "s" : "");
    }
    for (const [letter, name] of OPTION_LETTERS) if (this.options.has(name)) out += letter;
    return out;
  }

  // -- signals ------------------------------------------------------------------------------------------------------

  /** After `trap - SIG`: what an interactive shell does with its own signals. */
  restoreSignal(sig: Signal): void {
    if (this.interactive) this.guard(sig);
  }

  /** An interactive shell is not ended from the keyboard. */
  guard(sig: Signal): void {
    if (sig === "SIGINT") this.proc.onSignal("SIGINT", () => (this.interrupted = true));
    else if (["SIGQUIT", "SIGTERM", "SIGTSTP", "SIGTTIN", "SIGTTOU"].includes(sig)) this.proc.onSignal(sig, "ignore");
  }

  /** A trap's handler only notes the signal; it runs between two commands. */
  catchSignal(sig: Signal): void {
    this.proc.onSignal(sig, () => {
      if (!this.pendingTraps.includes(sig)) this.pendingTraps.push(sig);
    });
  }
}

function copyVariable(v: Variable): Variable {
  const copy = { ...v };
  if (v.array) copy.array = new Map(v.array);
  if (v.assoc) copy.assoc = new Map(v.assoc);
  return copy;
}

export function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
}
export function asciiUpper(text: string): string {
  return text.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));
}
