/** nsenter and unshare: util-linux 2.38. Of the namespaces only the network's is a thing of its own here. */
import type { Netns } from "../../kernel/api.ts";
import { strerror } from "../../kernel/errno.ts";
import { exec, lookUp, spawnCommand } from "../exec.ts";
import type { GivenOption } from "../getopt.ts";
import { releaseNetns } from "../netns-names.ts";
import { statusOf, type Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";

/** Becomes the program, or a shell when none is named. */
function* become(t: Tool, operands: readonly string[]): Run<number> {
  const shell = t.proc.env.get("SHELL") ?? "/bin/sh";
  const argv = operands.length > 0 ? operands : [shell];
  let image = lookUp(t.proc, argv);
  if (image === "ENOEXEC") image = lookUp(t.proc, ["/bin/sh", ...argv]);
  if (typeof image === "string") return yield* t.error(`failed to execute ${argv[0]}: ${strerror(image)}`, image === "ENOENT" ? 127 : 126);
  if (operands.length === 0) image.argv = [`-${shell.slice(shell.lastIndexOf("/") + 1)}`];
  return yield* exec(t.proc, image);
}

/** As a child, and its status (unshare -f, nsenter with a new PID namespace). */
function* runAsChild(t: Tool, operands: readonly string[]): Run<number> {
  const argv = operands.length > 0 ? operands : [t.proc.env.get("SHELL") ?? "/bin/sh"];
  const child = spawnCommand(t.proc, argv);
  if (typeof child === "string") return yield* t.error(`failed to execute ${argv[0]}: ${strerror(child)}`, child === "ENOENT" ? 127 : 126);
  const ended = yield* t.proc.waitChild(child);
  return ended ? statusOf(ended.exit) : 1;
}

const OTHER_KINDS: Readonly<Record<string, string>> = { m: "mnt", u: "uts", i: "ipc", p: "pid", U: "user", C: "cgroup", T: "time" };

/** Where -n leads: a file, or the namespace of the process of -t. */
function* target(t: Tool, file: string | undefined, pid: string | undefined): Run<Netns | undefined> {
  if (file === undefined && pid === undefined) return void (yield* t.error("neither filename nor target pid supplied for ns/net"));
  const path = file ?? `/proc/${pid}/ns/net`;
  const found = t.proc.machine.fs.stat(path);
  if (!found.ok) return void (yield* t.error(`cannot open ${path}: ${strerror(found.error)}`));
  const ns = found.value.nsfs as Netns | undefined;
  if (ns === undefined) return void (yield* t.error(`reassociate to namespace 'ns/net' failed: ${strerror("EINVAL")}`));
  return ns;
}

function wanted(options: readonly GivenOption[]): { net: GivenOption | undefined; other: GivenOption | undefined } {
  return { net: options.findLast((o) => o.key === "n"), other: options.find((o) => OTHER_KINDS[o.key] !== undefined) };
}

export const nsenter = defineTool({
  name: "nsenter",
  suite: "util-linux",
  version: "2.38.1",
  man: {
    summary: "run program in different namespaces",
    synopsis: ["nsenter [options] [<program> [<argument>...]]"],
    emulated: ["-t PID -n: the network namespace of a process; -n=FILE, --net=FILE: of a file such as /run/netns/NAME", "-m, -u, -i, -p, -C, -U, -T and -a with -t: of these namespaces there is one, which all processes are in", "-F, -Z, -r, -w without a value: no effect"],
    notEmulated: ["FILE for namespaces other than the network's, -S, -G, -W"],
    examples: ["nsenter --net=/run/netns/blue ip addr", "nsenter -t 42 -n ss -tln"],
  },
  shorts: "+ahVt:m::u::i::n::p::C::U::T::S:G:Fr::w::W::Z",
  longs: {
    all: "a", target: "t:", mount: "m::", uts: "u::", ipc: "i::", net: "n::", pid: "p::", cgroup: "C::", user: "U::", time: "T::", setuid: "S:", setgid: "G:", "no-fork": "F", root: "r::", wd: "w::", wdns: "W::", "follow-context": "Z", "preserve-credentials": "keep",
  },
  refused: ["S", "G", "W"],
  *run(t, options, operands) {
    const pid = options.findLast((o) => o.key === "t")?.value;
    if (pid !== undefined && !/^[0-9]+$/.test(pid)) return yield* t.error(`failed to parse pid: '${pid}'`);
    const { net, other } = wanted(options);
    if (other?.value !== undefined) return yield* t.notEmulated(`nsenter ${other.typed}`);
    if (other && pid === undefined) return yield* t.error(`neither filename nor target pid supplied for ns/${OTHER_KINDS[other.key]}`);
    const all = options.some((o) => o.key === "a");
    if (other && !t.proc.machine.processes.has(Number(pid))) return yield* t.error(`cannot open /proc/${pid}/ns/${OTHER_KINDS[other.key]}: ${strerror("ENOENT")}`);
    if (net || all) {
      const ns = yield* target(t, net?.value?.replace(/^=/, ""), pid);
      if (!ns) return t.status;
      const before = t.proc.netns;
      t.proc.netns = ns;
      releaseNetns(t.proc.machine, before);
    }
    return yield* become(t, operands);
  },
});

export const unshare = defineTool({
  name: "unshare",
  suite: "util-linux",
  version: "2.38.1",
  man: {
    summary: "run program in new namespaces",
    synopsis: ["unshare [options] [<program> [<argument>...]]"],
    emulated: ["-n, --net: a new network namespace, gone with its last process; -f: as a child"],
    notEmulated: ["All other namespaces (-m, -u, -i, -p, -C, -U, -T, -r), --net=FILE"],
    examples: ["unshare -n ip link"],
  },
  shorts: "+hVfm::u::i::n::p::C::U::T::rcR:w:S:G:",
  longs: { mount: "m::", uts: "u::", ipc: "i::", net: "n::", pid: "p::", cgroup: "C::", user: "U::", time: "T::", fork: "f", "map-root-user": "r", "map-current-user": "c", "map-auto": "auto", "mount-proc": "mountproc::", root: "R:", wd: "w:", setuid: "S:", setgid: "G:", "kill-child": "kill::", propagation: "propagation:", setgroups: "setgroups:", keep: "keep" },
  refused: [...Object.keys(OTHER_KINDS), "r", "c", "auto", "mountproc", "R", "w", "S", "G", "kill", "propagation", "setgroups", "keep"],
  *run(t, options, operands) {
    const { net } = wanted(options);
    if (net?.value !== undefined) return yield* t.notEmulated("unshare --net=FILE");
    if (net) {
      const before = t.proc.netns;
      t.proc.netns = t.proc.machine.kernel.createNetns();
      releaseNetns(t.proc.machine, before);
    }
    const status = options.some((o) => o.key === "f") ? yield* runAsChild(t, operands) : yield* become(t, operands);
    return status;
  },
});
