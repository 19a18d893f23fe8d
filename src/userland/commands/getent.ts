/** getent: what the name service switch knows. glibc 2.36; its databases here are those of resolver.ts and users.ts. */
import { decodeUtf8 } from "../../base/bytes.ts";
import { formatIpv4, parseIpv4 } from "../../wire/ipv4.ts";
import { formatIpv6, parseIpv6 } from "../../wire/ipv6.ts";
import { defineCommand, notEmulated } from "../command.ts";
import { getopt } from "../getopt.ts";
import type { Process, Run } from "../process.ts";
import { resolveHost } from "../resolver.ts";

const NOT_FOUND = 2;
const HINT = "Try `getent --help' or `getent --usage' for more information.\n";

/** Lines of a table in /etc without comments. */
function lines(proc: Process, path: string): string[] {
  const read = proc.machine.fs.readFile(proc, path);
  if (!read.ok) return [];
  return decodeUtf8(read.value).split("\n").map((line) => line.replace(/#.*/, "").trim()).filter((line) => line !== "");
}

const hostLine = (address: string, names: readonly string[]): string => `${address.padEnd(15)} ${names.join(" ")}\n`;

const isAddress = (text: string): boolean => parseIpv4(text) !== undefined || parseIpv6(text) !== undefined;

interface HostEntry {
  readonly address: string;
  readonly names: readonly string[];
}

function hostsFile(proc: Process): HostEntry[] {
  return lines(proc, "/etc/hosts").map((line) => line.split(/[ \t]+/)).filter(([a = "", name]) => name !== undefined && isAddress(a)).map(([address = "", ...names]) => ({ address, names }));
}

/** gethostbyaddr(3), or IPv6 addresses first and IPv4 ones when there are none, as gethostbyname2(3) is asked. */
function hosts(proc: Process, key: string): string | undefined {
  const entries = hostsFile(proc);
  const literal = parseIpv4(key);
  if (literal !== undefined || parseIpv6(key) !== undefined) {
    const canonical = literal === undefined ? formatIpv6(parseIpv6(key)!) : formatIpv4(literal);
    const found = entries.find((e) => e.address === canonical);
    return found && hostLine(canonical, found.names);
  }
  const found = resolveHost(proc, key);
  if (!found.ok) return undefined;
  const names = [...new Set(entries.filter((e) => e.names.some((n) => sameName(n, key))).flatMap((e) => e.names))];
  const addresses = found.addresses6.length > 0 ? found.addresses6.map(formatIpv6) : found.addresses.map(formatIpv4);
  return addresses.map((a) => hostLine(a, names)).join("");
}

function sameName(a: string, b: string): boolean {
  const lower = (s: string): string => s.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
  return lower(a) === lower(b);
}

/** AI_ADDRCONFIG: IPv4 addresses are of no use to a machine that has none itself, 127.0.0.1 not counted (check_pf.c of glibc). */
function hasIpv4(proc: Process): boolean {
  return proc.netns.rtnl.addrs().some((a) => a.local !== 0x7f000001);
}

/** getaddrinfo(3), a line for each kind of socket; the canonical name stands on the first. */
function ahosts(proc: Process, key: string, family: "any" | "4" | "6"): string | undefined {
  if (family === "4" && !hasIpv4(proc)) return undefined;
  const found = resolveHost(proc, key);
  if (!found.ok) return undefined;
  const v6 = family === "4" ? [] : found.addresses6.map(formatIpv6);
  const v4 = family === "6" ? [] : found.addresses.map(formatIpv4);
  const addresses = [...v6, ...v4];
  if (addresses.length === 0) return undefined;
  return addresses.map((a, i) => ["STREAM", "DGRAM", "RAW"].map((kind, k) => `${a.padEnd(15)} ${kind.padEnd(6)} ${i === 0 && k === 0 ? found.canonical : ""}\n`).join("")).join("");
}

/** A table with colons: by name, or by the number in its third field. */
function colonTable(proc: Process, path: string, key: string): string | undefined {
  const line = lines(proc, path).find((l) => l.split(":")[0] === key || (/^\d+$/.test(key) && l.split(":")[2] === key));
  return line && `${line}\n`;
}

/** A table of a name, a number and other names. */
function numberTable(proc: Process, path: string, key: string): string | undefined {
  const [wanted = "", protocol] = key.split("/");
  for (const line of lines(proc, path)) {
    const [name = "", where = "", ...aliases] = line.split(/[ \t]+/);
    const [number, itsProtocol] = where.split("/");
    if ((name === wanted || aliases.includes(wanted) || number === wanted) && (protocol === undefined || protocol === itsProtocol))
      return `${[name.padEnd(21), where, ...aliases].join(" ")}\n`;
  }
  return undefined;
}

interface Database {
  find(proc: Process, key: string): string | undefined;
  all?(proc: Process): string;
}

const colon = (path: string): Database => ({ find: (proc, key) => colonTable(proc, path, key), all: (proc) => lines(proc, path).map((l) => `${l}\n`).join("") });
const numbered = (path: string): Database => ({
  find: (proc, key) => numberTable(proc, path, key),
  all: (proc) => lines(proc, path).map((l) => l.split(/[ \t]+/)).map(([name = "", ...rest]) => `${[name.padEnd(21), ...rest].join(" ")}\n`).join(""),
});

const DATABASES: Readonly<Record<string, Database>> = {
  ahosts: { find: (proc, key) => ahosts(proc, key, "any") },
  ahostsv4: { find: (proc, key) => ahosts(proc, key, "4") },
  ahostsv6: { find: (proc, key) => ahosts(proc, key, "6") },
  group: colon("/etc/group"),
  hosts: { find: hosts, all: (proc) => hostsFile(proc).filter((e) => parseIpv4(e.address) !== undefined).map((e) => hostLine(e.address, e.names)).join("") },
  networks: {
    find: (proc, key) => lines(proc, "/etc/networks").map((l) => l.split(/[ \t]+/)).filter(([name]) => name === key).map(([name = "", number = ""]) => `${name.padEnd(21)} ${number}\n`)[0],
  },
  passwd: colon("/etc/passwd"),
  protocols: numbered("/etc/protocols"),
  services: numbered("/etc/services"),
};

export const getent = defineCommand({
  name: "getent",
  man: {
    summary: "ask the name service switch",
    synopsis: ["getent DATABASE [KEY ...]"],
    emulated: [`databases: ${Object.keys(DATABASES).join(", ")}`, "without a key: the whole table"],
    notEmulated: ["-s, -i; ethers, gshadow, initgroups, netgroup, rpc, shadow; a DNS server"],
    examples: ["getent hosts web", "getent services domain"],
  },
  *run(proc, args): Run<number> {
    const { options, operands, error } = getopt(args, "+s:i", { service: "s:", "no-idn": "i" });
    if (error !== undefined) {
      yield* proc.warn(`getent: ${error}\n${HINT}`);
      return 64;
    }
    if (options[0] !== undefined) return yield* notEmulated(proc, `getent ${options[0].typed}`);
    const [name, ...keys] = operands;
    if (name === undefined) {
      yield* proc.warn("getent: wrong number of arguments\n");
      yield* proc.print(HINT);
      return 1;
    }
    const database = Object.hasOwn(DATABASES, name) ? DATABASES[name] : undefined;
    if (database === undefined) {
      if (["ethers", "gshadow", "initgroups", "netgroup", "rpc", "shadow", "aliases"].includes(name)) return yield* notEmulated(proc, `getent ${name}`);
      yield* proc.warn(`Unknown database: ${name}\n`);
      yield* proc.print(HINT);
      return 1;
    }
    if (keys.length === 0) {
      if (database.all === undefined) return yield* notEmulated(proc, `getent ${name}`);
      yield* proc.print(database.all(proc));
      return 0;
    }
    let status = 0;
    for (const key of keys) {
      const found = database.find(proc, key);
      if (found === undefined || found === "") status = NOT_FOUND;
      else yield* proc.print(found);
    }
    return status;
  },
  complete(_proc, words) {
    return words.length === 1 ? Object.keys(DATABASES) : [];
  },
});
