/** `ip netns`: named network namespaces. iproute2 6.1 ip/ipnetns.c and lib/namespace.c, ip-netns(8). */
import type { Netns } from "../../../kernel/api.ts";
import { type Errno, strerror } from "../../../kernel/api.ts";
import { exec, lookUp, runCommand } from "../../exec.ts";
import { type Run, statusOf } from "../../process.ts";
import { type Args, duparg, Fail, integer, invarg, Leave, matches, Refuse } from "./args.ts";
import { NETNS_DIR, nameOfNetns, netnsByName, netnsNames, releaseNetns } from "../../netns-names.ts";
import type { Tool } from "./tool.ts";
import { NETNS_USAGE } from "./usage.ts";

export function* doNetns(tool: Tool, args: Args): Run<number> {
  if (args.done) return list(tool);
  const verb = args.take();
  if (!tool.opts.all && !args.done && isBadName(args.word)) throw new Leave(255, `Invalid netns name "${args.word}"\n`);
  if (matches(verb, "list") || matches(verb, "show") || matches(verb, "lst")) return list(tool);
  if (matches(verb, "list-id")) return listIds(tool, args);
  if (matches(verb, "help")) throw new Leave(255, NETNS_USAGE);
  if (matches(verb, "add")) return add(tool, args);
  if (matches(verb, "set")) return setId(tool, args);
  if (matches(verb, "delete")) return remove(tool, args);
  if (matches(verb, "identify")) return identify(tool, args);
  if (matches(verb, "pids")) return pids(tool, args);
  if (matches(verb, "exec")) return yield* execIn(tool, args);
  if (matches(verb, "monitor")) throw new Refuse("ip netns monitor");
  if (matches(verb, "attach")) return attach(tool, args);
  throw new Leave(255, `Command "${verb}" is unknown, try "ip netns help".\n`);
}

function isBadName(name: string): boolean {
  return name === "" || name.length > 255 || name.includes("/") || name === "." || name === "..";
}

/** Why a name cannot be opened; undefined: it can. */
function whyNot(tool: Tool, name: string): Errno | undefined {
  const found = tool.proc.machine.fs.stat(`${NETNS_DIR}/${name}`);
  return found.ok ? undefined : found.error;
}

/** netns_switch: the namespace of a name, or the end of the program. */
export function switchTo(tool: Tool, name: string | undefined): Netns {
  const why = name === undefined ? "ENOENT" : whyNot(tool, name);
  if (why !== undefined) throw new Leave(255, `Cannot open network namespace "${name ?? "(null)"}": ${strerror(why)}\n`);
  const ns = netnsByName(tool.proc.machine, name!);
  if (!ns) throw new Leave(255, `setting the network namespace "${name}" failed: ${strerror("EINVAL")}\n`);
  if (tool.proc.machine.fs.stat(`/etc/netns/${name}`).ok) throw new Refuse(`/etc/netns/${name}`);
  return ns;
}

// -- list, list-id ----------------------------------------------------------------------------------------------------

function list(tool: Tool): number {
  const { out } = tool;
  out.begin();
  for (const [name, ns] of netnsNames(tool.proc.machine)) {
    const id = ns && tool.rtnl.netnsId(ns);
    out.open();
    out.any("name", name, name);
    if (id !== undefined) out.any("id", id, ` (id: ${id})`);
    out.fp("\n");
    out.close();
  }
  out.end();
  return 0;
}

/** Namespaces that this one has given a number to, by number. */
function numbered(tool: Tool): [id: number, ns: Netns][] {
  const out: [number, Netns][] = [];
  for (const ns of tool.proc.machine.kernel.namespaces) {
    const id = tool.rtnl.netnsId(ns);
    if (id !== undefined) out.push([id, ns]);
  }
  return out.sort((a, b) => a[0] - b[0]);
}

/** Name of the namespace with this number, for `link-netns NAME`. */
export function nameOfNsid(tool: Tool, nsid: number): string | undefined {
  const ns = numbered(tool).find(([id]) => id === nsid)?.[1];
  return ns && nameOfNetns(tool.proc.machine, ns);
}

function listIds(tool: Tool, args: Args): number {
  let wanted: number | undefined;
  while (!args.done) {
    const word = args.take();
    if (word === "target-nsid") throw new Refuse("ip netns list-id target-nsid");
    if (word !== "nsid") throw new Leave(255, NETNS_USAGE);
    if (wanted !== undefined) duparg("nsid", word);
    const value = args.value();
    wanted = integer(value) ?? invarg('"nsid" value is invalid', value);
    if (wanted < 0) invarg('"nsid" value should be >= 0', args.done ? "(null)" : args.word);
  }
  const { out } = tool;
  out.begin();
  for (const [id, ns] of numbered(tool)) {
    if (wanted !== undefined && id !== wanted) continue;
    const name = nameOfNetns(tool.proc.machine, ns);
    out.open();
    out.any("nsid", id, `nsid ${id} `);
    if (name !== undefined) out.any("name", name, `(iproute2 netns name: ${name})`);
    out.fp("\n");
    out.close();
  }
  out.end();
  return 0;
}

// -- add, attach, set, delete -----------------------------------------------------------------------------------------

/** An empty file that will hold the namespace. */
function createFile(tool: Tool, name: string): string {
  const { fs } = tool.proc.machine;
  const path = `${NETNS_DIR}/${name}`;
  if (!fs.stat(NETNS_DIR).ok) {
    const made = fs.mkdir(NETNS_DIR, { mode: 0o755 });
    if (!made.ok) throw new Fail(1, `mkdir ${NETNS_DIR} failed: ${strerror(made.error)}\n`);
  }
  const made = fs.stat(path).ok ? ({ ok: false, error: "EEXIST" } as const) : fs.writeFile(path, new Uint8Array(0), { mode: 0o444 });
  if (!made.ok) throw new Fail(1, `Cannot create namespace file "${path}": ${strerror(made.error)}\n`);
  return path;
}

/** The bind mount of nsfs over the file. */
function bind(tool: Tool, path: string, ns: Netns): void {
  const found = tool.proc.machine.fs.stat(path);
  if (found.ok) found.value.nsfs = ns;
}

function add(tool: Tool, args: Args): number {
  if (args.done) throw new Fail(1, "No netns name specified\n");
  tool.mustBeRoot();
  const path = createFile(tool, args.take());
  bind(tool, path, tool.proc.machine.kernel.createNetns());
  return 0;
}

function attach(tool: Tool, args: Args): number {
  if (args.left < 2) throw new Fail(1, "No netns name and PID specified\n");
  const name = args.take();
  const text = args.take();
  const pid = integer(text);
  if (!pid) throw new Fail(1, `Invalid PID: ${text}\n`);
  const path = createFile(tool, name);
  const proc = tool.proc.machine.processes.get(pid);
  if (!proc) {
    tool.proc.machine.fs.unlink(path);
    throw new Fail(1, `Bind /proc/${pid}/ns/net -> ${path} failed: ${strerror("ENOENT")}\n`);
  }
  bind(tool, path, proc.netns);
  return 0;
}

function setId(tool: Tool, args: Args): number {
  if (args.done) throw new Fail(1, "No netns name specified\n");
  const name = args.take();
  if (args.done) throw new Fail(1, "No nsid specified\n");
  const text = args.take();
  const id = text === "auto" ? -1 : (integer(text) ?? invarg('Invalid "netnsid" value', text));
  if (text !== "auto" && id < 0) invarg('"netnsid" value should be >= 0', text);
  const why = whyNot(tool, name);
  if (why !== undefined) throw new Fail(1, `Cannot open network namespace "${name}": ${strerror(why)}\n`);
  const ns = netnsByName(tool.proc.machine, name);
  if (!ns) return tool.answer({ ok: false, error: { errno: "EINVAL" } });
  return tool.answer(tool.admin.netnsIdSet(ns, id));
}

function removeName(tool: Tool, name: string): void {
  const { machine } = tool.proc;
  const path = `${NETNS_DIR}/${name}`;
  const found = machine.fs.stat(path);
  const ns = found.ok ? (found.value.nsfs as Netns | undefined) : undefined;
  if (found.ok) delete found.value.nsfs; // umount2(2): a mounted file cannot be unlinked
  const gone = machine.fs.unlink(path);
  if (!gone.ok) throw new Fail(1, `Cannot remove namespace file "${path}": ${strerror(gone.error)}\n`);
  if (ns) releaseNetns(machine, ns);
}

function remove(tool: Tool, args: Args): number {
  if (args.done && !tool.opts.all) throw new Fail(1, "No netns name specified\n");
  tool.mustBeRoot();
  for (const name of tool.opts.all ? netnsNames(tool.proc.machine).map(([n]) => n) : [args.take()]) removeName(tool, name);
  return 0;
}

// -- identify, pids ---------------------------------------------------------------------------------------------------

function identify(tool: Tool, args: Args): number {
  if (args.left > 1) throw new Fail(1, "extra arguments specified\n");
  let { netns } = tool;
  if (!args.done) {
    if (!/^[0-9]*$/.test(args.word)) throw new Fail(1, `Specified string '${args.word}' is not a pid\n`);
    const proc = tool.proc.machine.processes.get(Number(args.word));
    if (!proc || proc.state === "zombie") throw new Fail(1, `Cannot open network namespace: ${strerror("ENOENT")}\n`);
    netns = proc.netns;
  }
  tool.print(`${nameOfNetns(tool.proc.machine, netns) ?? ""}\n`);
  return 0;
}

function pids(tool: Tool, args: Args): number {
  if (args.done) throw new Fail(1, "No netns name specified\n");
  if (args.left > 1) throw new Fail(1, "extra arguments specified\n");
  const why = whyNot(tool, args.word);
  if (why !== undefined) throw new Fail(1, `Cannot open network namespace: ${strerror(why)}\n`);
  const ns = netnsByName(tool.proc.machine, args.word);
  const members = [...tool.proc.machine.processes.values()].filter((p) => p.netns === ns && p.state !== "zombie");
  for (const p of members.sort((a, b) => a.pid - b.pid)) tool.print(`${p.pid}\n`);
  return 0;
}

// -- exec -------------------------------------------------------------------------------------------------------------

function* execIn(tool: Tool, args: Args): Run<number> {
  const { all, batch } = tool.opts;
  if (args.done && !all) throw new Fail(1, "No netns name specified\n");
  if (args.left < (all ? 1 : 2)) throw new Fail(1, "No command specified\n");
  if (all) return yield* execInAll(tool, args.words.slice(args.at));
  const ns = switchTo(tool, args.take());
  const argv = args.words.slice(args.at);
  yield* tool.flush();
  if (batch !== undefined) return yield* runIn(tool, ns, argv);
  let image = lookUp(tool.proc, argv);
  if (image === "ENOEXEC") image = lookUp(tool.proc, ["/bin/sh", ...argv]);
  if (typeof image === "string") throw new Leave(1, execFailed(argv, image));
  // setns(2) and execve(2): this process becomes the command.
  tool.proc.netns = ns;
  return yield* exec(tool.proc, image);
}

/** As a child, in a batch and with -all. */
function* runIn(tool: Tool, ns: Netns, argv: readonly string[]): Run<number> {
  const ended = yield* runCommand(tool.proc, argv, { netns: ns });
  if (typeof ended !== "string") return "code" in ended ? ended.code : statusOf(ended);
  throw new Fail(1, execFailed(argv, ended));
}

function execFailed(argv: readonly string[], why: Errno): string {
  return `exec of "${argv[0]}" failed: ${strerror(why)}\n`;
}

function* execInAll(tool: Tool, argv: readonly string[]): Run<number> {
  for (const [name] of netnsNames(tool.proc.machine)) {
    tool.print(`\nnetns: ${name}\n`);
    const ns = switchTo(tool, name);
    yield* tool.flush();
    const ended = yield* runCommand(tool.proc, argv, { netns: ns });
    if (typeof ended === "string") tool.warn(execFailed(argv, ended));
  }
  return 0;
}
