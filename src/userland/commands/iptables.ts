/**
 * iptables, iptables-save, iptables-restore: version 1.8.9 over nf_tables, as Debian 12 has them. Texts compared with the real
 * programs on a list of 190 command lines.
 */
import { decodeUtf8 } from "../../base/bytes.ts";
import { type Command, defineCommand, notEmulated } from "../command.ts";
import type { Process, Run } from "../process.ts";
import { strftime, wallTime } from "../wall-clock.ts";
import { EXIT, Fail } from "./iptables/fail.ts";
import { MATCHES, UNEMULATED_MATCHES } from "./iptables/matches.ts";
import { Parser } from "./iptables/parse.ts";
import { restore, type RestoreOptions } from "./iptables/restore.ts";
import { run, saveTable } from "./iptables/run.ts";
import { TABLES, Tables } from "./iptables/tables.ts";
import { TARGETS, UNEMULATED_TARGETS } from "./iptables/targets.ts";

const VERSION = "v1.8.9 (nf_tables)";

/** Messages of the common option parser end their line themselves: an empty one follows. */
const OPTION_FAULT = /^(\w+: (option "--[\w-]+" (must be specified|also requires .*|requires .*)|bad .*value for option .*)|Couldn't load match .*|Set .* doesn't exist\.)$/;

function* complain(proc: Process, name: string, f: Fail): Run<number> {
  if (f.style === "bare") yield* proc.warn(`${f.text}\n`);
  else if (f.style === "short") yield* proc.warn(`${name}: ${f.text}\n`);
  else {
    const hint = f.status === EXIT.PARAMETER ? `\nTry \`${name} -h' or '${name} --help' for more information.` : "";
    yield* proc.warn(`${name} ${VERSION}: ${f.text}${OPTION_FAULT.test(f.text) ? "\n" : ""}${hint}\n`);
  }
  return f.status;
}

function* notRoot(proc: Process, name: string): Run<number> {
  yield* proc.warn(`${name} ${VERSION}: Could not fetch rule set generation id: Permission denied (you must be root)\n`);
  return EXIT.RESOURCE;
}

/** Runs `work`; a Fail is told. */
function attempt<T>(work: () => T): T | Fail {
  try {
    return work();
  } catch (e) {
    if (e instanceof Fail) return e;
    throw e;
  }
}

const words = (all: readonly string[]): string => all.join(", ");

export const iptables = defineCommand({
  name: "iptables",
  aliases: ["iptables-nft"],
  dir: "/usr/sbin",
  man: {
    summary: "look after the packet filter and network address translation of IPv4",
    synopsis: [
      "iptables [-t table] -A|-C|-D chain rule", "iptables [-t table] -I chain [number] rule", "iptables [-t table] -R chain number rule", "iptables [-t table] -D chain number",
      "iptables [-t table] -L|-S [chain [number]] [-v] [-n] [-x] [--line-numbers]", "iptables [-t table] -F|-Z|-X [chain]", "iptables [-t table] -N chain", "iptables [-t table] -E old new", "iptables [-t table] -P chain policy",
    ],
    emulated: [
      "tables: filter, nat, mangle, raw, security; they share their rules with nft's",
      `matches (-m): ${words(MATCHES.map((m) => m.name))}`,
      `targets (-j): ACCEPT, DROP, RETURN, chains of one's own, ${words(TARGETS.map((t) => t.name))}`,
      "-m owner: programs here run as root, their packets have user and group 0",
      "LOG: the reason stream shows it; there is no kernel log",
    ],
    notEmulated: [`matches: ${words([...UNEMULATED_MATCHES])}`, `targets: ${words([...UNEMULATED_TARGETS])}`, "conntrack helpers: CT --helper is listed, and helps nobody", "-h (this page instead)"],
    examples: ["iptables -L -n -v --line-numbers", "iptables -A INPUT -p tcp --dport 22 -j ACCEPT", "iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE"],
  },
  *run(proc, args): Run<number> {
    const name = "iptables";
    const parsed = attempt(() => new Parser(proc, args).parse());
    if (parsed instanceof Fail) return yield* complain(proc, name, parsed);
    if (parsed.verb === "V") {
      yield* proc.print(`${name} ${VERSION}\n`);
      return 0;
    }
    if (parsed.verb === "h") return yield* notEmulated(proc, "iptables -h");
    if (proc.uid !== 0) return yield* notRoot(proc, name);
    let out = "";
    const failure = proc.netns.nf.batch((): Fail | undefined => {
      const r = attempt(() => run(proc, parsed, new Tables(proc.netns, parsed.table ?? "filter")));
      if (r instanceof Fail) return r;
      out = r;
      return undefined;
    });
    if (failure !== undefined) return yield* complain(proc, name, failure);
    yield* proc.print(out);
    return 0;
  },
  complete(proc, given) {
    const last = given.at(-1) ?? "";
    if (last === "-t") return [...TABLES.keys()];
    if (last === "-m") return MATCHES.map((m) => m.name);
    const at = given.indexOf("-t");
    const table = (at >= 0 ? given[at + 1] : undefined) ?? "filter";
    const chains = TABLES.has(table) ? new Tables(proc.netns, table).all().map((c) => c.name) : [];
    if (last === "-j") return ["ACCEPT", "DROP", "RETURN", ...TARGETS.map((t) => t.name), ...chains];
    if (last === "-i" || last === "-o") return proc.netns.rtnl.links().map((l) => l.name);
    return chains;
  },
});

export const iptablesSave = defineCommand({
  name: "iptables-save",
  aliases: ["iptables-nft-save"],
  dir: "/usr/sbin",
  man: {
    summary: "write all rules in a form that iptables-restore reads",
    synopsis: ["iptables-save [-c] [-t table] [-f file]"],
    emulated: ["-c, --counters: with packet and byte counters", "-t, --table: one table only"],
    notEmulated: ["-f, --file (use >)", "-M"],
    examples: ["iptables-save", "iptables-save -t nat"],
  },
  *run(proc, args): Run<number> {
    const name = "iptables-save";
    let counters = false;
    let only: string | undefined;
    for (let i = 0; i < args.length; i++) {
      const a = args[i]!;
      if (a === "-c" || a === "--counters") counters = true;
      else if (a === "-t" || a === "--table") only = args[++i];
      else if (a.startsWith("--table=")) only = a.slice(8);
      else if (a === "-V" || a === "--version") {
        yield* proc.print(`${name} ${VERSION}\n`);
        return 0;
      } else if (a === "-f" || a === "--file" || a === "-M" || a === "--modprobe") return yield* notEmulated(proc, `${name} ${a}`);
      else if (a.startsWith("-")) {
        yield* proc.warn(`${name}: ${a.startsWith("--") ? `unrecognized option '${a}'` : `invalid option -- '${a[1] ?? ""}'`}\nLook at manual page \`${name}.8' for more information.\n`);
        return 1;
      } else {
        yield* proc.warn("Unknown arguments found on commandline\n");
        return 1;
      }
    }
    if (proc.uid !== 0) return yield* notRoot(proc, name);
    if (only !== undefined && !TABLES.has(only)) {
      yield* proc.warn(`Table \`${only}' does not exist\n`);
      return 1;
    }
    const when = strftime("%a %b %e %H:%M:%S %Y", wallTime(proc.now));
    let out = "";
    for (const table of TABLES.keys()) {
      if (only !== undefined && only !== table) continue;
      const text = saveTable(new Tables(proc.netns, table), counters);
      if (text !== "") out += `# Generated by ${name} ${VERSION} on ${when}\n${text}# Completed on ${when}\n`;
    }
    yield* proc.print(out);
    return 0;
  },
});

export const iptablesRestore = defineCommand({
  name: "iptables-restore",
  aliases: ["iptables-nft-restore"],
  dir: "/usr/sbin",
  man: {
    summary: "set rules from what iptables-save wrote",
    synopsis: ["iptables-restore [-c] [-n] [-t] [-T table] [file]"],
    emulated: ["-c, --counters: set the counters too", "-n, --noflush: what is there stays, but for the chains that are named", "-t, --test: read only", "-T, --table: one table only", "-w, -W: there is no lock to wait for"],
    notEmulated: ["-M"],
    examples: ["iptables-restore < rules", "iptables-restore --noflush more-rules"],
  },
  *run(proc, args): Run<number> {
    const name = "iptables-restore";
    const o: RestoreOptions = { counters: false, noflush: false, test: false, table: undefined };
    let path: string | undefined;
    for (let i = 0; i < args.length; i++) {
      const a = args[i]!;
      if (a === "-c" || a === "--counters") o.counters = true;
      else if (a === "-n" || a === "--noflush") o.noflush = true;
      else if (a === "-t" || a === "--test") o.test = true;
      else if (a === "-T" || a === "--table") o.table = args[++i];
      else if (a === "-v" || a === "--verbose" || a === "-4" || a === "--ipv4" || a.startsWith("-w") || a.startsWith("--wait") || a.startsWith("-W")) {
        if ((a === "-w" || a === "-W" || a === "--wait") && /^\d+$/.test(args[i + 1] ?? "")) i++;
      } else if (a === "-V" || a === "--version") {
        yield* proc.print(`${name} ${VERSION}\n`);
        return 0;
      } else if (a.startsWith("-") && a !== "-") {
        yield* proc.warn(`${name}: ${a.startsWith("--") ? `unrecognized option '${a}'` : `invalid option -- '${a[1] ?? ""}'`}\nTry \`${name} -h' for more information.\n`);
        return 1;
      } else if (path === undefined) path = a;
      else {
        yield* proc.warn(`Unknown arguments found on commandline\n`);
        return 1;
      }
    }
    if (proc.uid !== 0) return yield* notRoot(proc, name);
    let text: string;
    if (path !== undefined) {
      const found = proc.machine.fs.readFile(proc, path);
      if (!found.ok) {
        yield* proc.warn(`Can't open ${path}: ${found.error === "ENOENT" ? "No such file or directory" : "Permission denied"}\n`);
        return 1;
      }
      text = decodeUtf8(found.value);
    } else {
      const parts: Uint8Array[] = [];
      for (;;) {
        const got = yield* proc.read(0);
        if (typeof got === "string" || got.length === 0) break;
        parts.push(got);
      }
      text = parts.map((p) => decodeUtf8(p)).join("");
    }
    const r = attempt(() => restore(proc, text, o));
    return r instanceof Fail ? yield* complain(proc, name, r) : 0;
  },
});

/** Tools that exist and are not here. */
function refusing(name: string, aliases: readonly string[], summary: string): Command {
  return defineCommand({
    name, aliases, dir: "/usr/sbin",
    man: { summary, synopsis: [`${name} ...`], emulated: ["its name, so that a script says plainly what it lacks"], notEmulated: ["everything: it says so, and ends with status 95"] },
    *run(proc): Run<number> {
      return yield* notEmulated(proc, proc.name.slice(proc.name.lastIndexOf("/") + 1));
    },
  });
}

export const ip6tables = refusing("ip6tables", ["ip6tables-save", "ip6tables-restore"], "look after the packet filter of IPv6");
export const ebtables = refusing("ebtables", ["ebtables-save", "ebtables-restore", "arptables"], "filter frames in a bridge");
