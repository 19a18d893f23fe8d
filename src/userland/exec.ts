/**
 * Running a program by its name: the search along PATH (execvp(3)), what a file may be (execve(2)), and the usual
 * spawn-and-wait of a program that runs others (env, timeout, xargs, find -exec, ip netns exec).
 */
import { decodeUtf8 } from "../base/bytes.ts";
import type { Errno } from "../kernel/errno.ts";
import type { Command } from "./command.ts";
import type { Inode } from "./fs.ts";
import type { Machine } from "./machine.ts";
import type { ExitState, Process, Run, SpawnOptions } from "./process.ts";
import { PROGRAM_MAGIC } from "./root-tree.ts";

/** What execve(2) would start. */
export interface Image {
  command: Command;
  argv: readonly string[];
  /** Name of the file that was asked for: /proc/PID/comm of a script is the script's. */
  comm: string;
}

/** Interpreters that are scripts themselves, at most (BINPRM_MAX_RECURSION). */
const MAX_INTERPRETERS = 4;
const DEFAULT_PATH = "/bin:/usr/bin";

/**
 * The file that a name stands for, as execvp(3) looks for it. EACCES when only files were found that may not be run.
 * A name with a slash is taken as it is.
 */
export function findInPath(machine: Machine, name: string, path: string | undefined): { path: string } | Errno {
  if (name === "") return "ENOENT";
  if (name.includes("/")) return { path: name };
  let refused: Errno = "ENOENT";
  for (const dir of (path ?? DEFAULT_PATH).split(":")) {
    const candidate = dir === "" ? `./${name}` : `${dir}/${name}`;
    const found = machine.fs.stat(candidate);
    if (!found.ok || found.value.type === "dir") continue;
    if (mayExecute(machine, found.value)) return { path: candidate };
    refused = "EACCES";
  }
  return refused;
}

export function mayExecute(machine: Machine, inode: Inode): boolean {
  return inode.type === "file" && machine.fs.access(inode, 1);
}

/** The program of a file. ENOEXEC: its format is none that the kernel knows (a shell then runs it as a script). */
export function loadImage(machine: Machine, path: string, argv: readonly string[]): Image | Errno {
  let file = path;
  let args = argv;
  for (let depth = 0; depth <= MAX_INTERPRETERS; depth++) {
    const found = machine.fs.stat(file);
    if (!found.ok) return found.error;
    if (!mayExecute(machine, found.value)) return "EACCES";
    const command = programOf(machine, found.value);
    if (command) return { command, argv: args, comm: path.slice(path.lastIndexOf("/") + 1) };
    const line = shebang(found.value);
    if (!line) return "ENOEXEC";
    args = [line.interpreter, ...(line.argument === undefined ? [] : [line.argument]), file, ...args.slice(1)];
    file = line.interpreter;
  }
  return "ELOOP";
}

function programOf(machine: Machine, inode: Inode): Command | undefined {
  if (inode.command) return inode.command;
  const head = decodeUtf8((inode.data ?? new Uint8Array(0)).subarray(0, 256));
  if (!head.startsWith(PROGRAM_MAGIC)) return undefined;
  return machine.command(head.slice(PROGRAM_MAGIC.length, head.indexOf("\n")));
}

/** `#! interpreter argument`: everything after the interpreter is one argument (binfmt_script.c). */
function shebang(inode: Inode): { interpreter: string; argument: string | undefined } | undefined {
  const head = decodeUtf8((inode.data ?? new Uint8Array(0)).subarray(0, 256));
  if (!head.startsWith("#!")) return undefined;
  const line = head.slice(2, head.includes("\n") ? head.indexOf("\n") : head.length);
  const parts = /^[ \t]*([^ \t]+)[ \t]*(.*?)[ \t]*$/.exec(line);
  if (!parts) return undefined;
  return { interpreter: parts[1]!, argument: parts[2] === "" ? undefined : parts[2] };
}

/** execvp(3): looks `argv[0]` up and loads it. */
export function lookUp(proc: Process, argv: readonly string[], path = proc.env.get("PATH")): Image | Errno {
  const found = findInPath(proc.machine, argv[0] ?? "", path);
  return typeof found === "string" ? found : loadImage(proc.machine, found.path, argv);
}

/** Becomes that program: `return yield* exec(proc, image)`. */
export function* exec(proc: Process, image: Image, env?: ReadonlyMap<string, string>): Run<number> {
  proc.becomes(image.argv, env);
  proc.comm = image.comm.slice(0, 15);
  return yield* image.command.run(proc, image.argv.slice(1));
}

/** Starts a program as a child. EAGAIN: too many processes. Others: as `lookUp`. A file without a format is run by sh, as execvp(3) does. */
export function spawnCommand(proc: Process, argv: readonly string[], o: Partial<SpawnOptions> = {}): Process | Errno {
  let image = lookUp(proc, argv, o.env?.get("PATH") ?? proc.env.get("PATH"));
  if (image === "ENOEXEC") image = lookUp(proc, ["/bin/sh", ...argv]);
  if (typeof image === "string") return image;
  const loaded = image;
  const child = proc.machine.spawn({ ...o, argv: loaded.argv, parent: proc, program: (p) => loaded.command.run(p, loaded.argv.slice(1)) });
  if (child !== "EAGAIN") child.comm = loaded.comm.slice(0, 15);
  return child;
}

/** Starts a program and waits for its end. */
export function* runCommand(proc: Process, argv: readonly string[], o: Partial<SpawnOptions> = {}): Run<ExitState | Errno> {
  const child = spawnCommand(proc, argv, o);
  if (typeof child === "string") return child;
  const ended = yield* proc.waitChild(child);
  return ended ? ended.exit : "ECHILD";
}
