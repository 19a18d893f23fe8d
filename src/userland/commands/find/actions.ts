/** The actions of find(1): printing, running commands, deleting. */
import { strerror } from "../../../kernel/errno.ts";
import { runCommand } from "../../exec.ts";
import { resolvePath } from "../../fs.ts";
import { quote } from "../../gnu-quote.ts";
import { octets, bytesOf } from "../../octets.ts";
import { SIGNALS, type ExitState, type Run } from "../../process.ts";
import { type Entry, type Expression, lastName, type Walk } from "./entry.ts";
import { expandFormat, type Format, listLine } from "./format.ts";

/** Where an action prints: a descriptor, or standard output. */
export type Sink = number | undefined;

/** A screen does not get control characters. */
function forTerminal(path: string, walk: Walk): string {
  return walk.proc.fds.get(1)?.kind === "tty" ? path.replace(/[\x00-\x1f\x7f]/g, "?") : path;
}

function* emit(walk: Walk, sink: Sink, text: string): Run<boolean> {
  if (sink === undefined) yield* walk.t.say(text);
  else yield* walk.proc.write(sink, bytesOf(octets(text)));
  return true;
}

export function printAction(sink: Sink, end: string): Expression {
  return (e, walk) => emit(walk, sink, (sink === undefined && end === "\n" ? forTerminal(e.path, walk) : e.path) + end);
}

export function printfAction(sink: Sink, format: Format): Expression {
  return (e, walk) => emit(walk, sink, expandFormat(format, e, walk.proc));
}

export function listAction(sink: Sink): Expression {
  return (e, walk) => emit(walk, sink, listLine(e, walk.proc));
}

export function* deleteAction(e: Entry, walk: Walk): Run<boolean> {
  if (e.path === "." || e.path === "./") return true;
  const { fs } = walk.proc.machine;
  const gone = e.inode.type === "dir" && (walk.follow !== "always" || fs.stat(e.path, { follow: false }).ok) ? fs.rmdir(e.path) : fs.unlink(e.path);
  if (gone.ok) return true;
  yield* walk.t.error(`cannot delete ${quote(e.path)}: ${strerror(gone.error)}`);
  return false;
}

/** One -exec, -execdir, -ok or -okdir of the command line. */
export interface Order {
  words: readonly string[];
  /** {} +: many names at once. */
  gather: boolean;
  inDirectory: boolean;
  ask: boolean;
}

/** Octets of one command line, as bc_use_sensible_arg_max() bounds it. */
const MAX_CHARS = 131_072;

export class Runner {
  private readonly order: Order;
  private names: string[] = [];
  private size = 0;
  private dir: string | undefined;

  constructor(order: Order) {
    this.order = order;
  }

  readonly run: Expression = (e, walk) => this.one(e, walk);

  private *one(e: Entry, walk: Walk): Run<boolean> {
    const { order } = this;
    const name = order.inDirectory ? nameInDirectory(e.path) : e.path;
    const dir = order.inDirectory ? resolvePath(walk.proc.cwd, directoryOf(e.path)) : undefined;
    if (order.gather) {
      if (dir !== this.dir || this.size + octets(name).length + 1 > MAX_CHARS) yield* this.finish(walk);
      this.dir = dir;
      this.names.push(name);
      this.size += octets(name).length + 1;
      return true;
    }
    if (order.ask && !(yield* this.agreed(e, walk))) return false;
    const exit = yield* this.launch(walk, order.words.map((w) => w.split("{}").join(name)), dir);
    return exit !== undefined && "code" in exit && exit.code === 0;
  }

  /** Runs what was gathered. */
  *finish(walk: Walk): Run<void> {
    if (this.names.length === 0) return;
    const { names, dir } = this;
    this.names = [];
    this.size = 0;
    const words = this.order.words.flatMap((w) => (w === "{}" ? names : [w]));
    const exit = yield* this.launch(walk, words, dir);
    if (exit === undefined || !("code" in exit) || exit.code !== 0) walk.t.status = 1;
  }

  private *agreed(e: Entry, walk: Walk): Run<boolean> {
    yield* walk.t.out.flush();
    yield* walk.proc.warn(`< ${this.order.words[0]} ... ${e.path} > ? `);
    const answer = yield* walk.t.stdinLine();
    return answer !== undefined && /^[yY]/.test(answer);
  }

  private *launch(walk: Walk, words: readonly string[], cwd: string | undefined): Run<ExitState | undefined> {
    yield* walk.t.out.flush();
    const exit = yield* runCommand(walk.proc, words, cwd === undefined ? {} : { cwd });
    if (typeof exit === "string") {
      yield* walk.t.warn(`${quote(words[0]!)}: ${strerror(exit)}`);
      return undefined;
    }
    if ("signal" in exit) yield* walk.t.warn(`${quote(words[0]!)} terminated by signal ${SIGNALS[exit.signal]}`);
    return exit;
  }
}

function directoryOf(path: string): string {
  const bare = path.replace(/(?<=.)\/+$/, "");
  const slash = bare.lastIndexOf("/");
  return slash < 0 ? "." : slash === 0 ? "/" : bare.slice(0, slash);
}

function nameInDirectory(path: string): string {
  const name = lastName(path);
  return name === "/" ? "/" : `./${name}`;
}
