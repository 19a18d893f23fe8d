/** hostname: hostname 3.23. */
import { decodeUtf8 } from "../../base/bytes.ts";
import { defineCommand } from "../command.ts";
import { getopt } from "../getopt.ts";
import type { Process } from "../process.ts";

const USAGE = `Usage: hostname [-b] {hostname|-F file}         set host name (from file)
       hostname [-a|-A|-d|-f|-i|-I|-s|-y]       display formatted name
       hostname                                 display host name

       {yp,nis,}domainname {nisdomain|-F file}  set NIS domain name (from file)
       {yp,nis,}domainname                      display NIS domain name

       dnsdomainname                            display dns domain name

       hostname -V|--version|-h|--help          print info and exit

Program name:
       {yp,nis,}domainname=hostname -y
       dnsdomainname=hostname -d

Program options:
    -a, --alias            alias names
    -A, --all-fqdns        all long host names (FQDNs)
    -b, --boot             set default hostname if none available
    -d, --domain           DNS domain name
    -f, --fqdn, --long     long host name (FQDN)
    -F, --file             read host name or NIS domain name from given file
    -i, --ip-address       addresses for the host name
    -I, --all-ip-addresses all addresses for the host
    -s, --short            short host name
    -y, --yp, --nis        NIS/YP domain name

Description:
   This command can get or set the host name or the NIS domain name. You can
   also get the DNS domain or the FQDN (fully qualified domain name).
   Unless you are using bind or NIS for host lookups you can change the
   FQDN (Fully Qualified Domain Name) and the DNS domain name (which is
   part of the FQDN) in the /etc/hosts file.
`;

function dotted(a: number): string {
  return [24, 16, 8, 0].map((s) => (a >>> s) & 255).join(".");
}

/** Lines of /etc/hosts that name this host. */
function hostsLines(proc: Process): string[][] {
  const file = proc.machine.fs.readFile(proc, "/etc/hosts");
  if (!file.ok) return [];
  const name = proc.machine.hostname;
  return decodeUtf8(file.value).split("\n").map((l) => l.replace(/#.*/, "").trim().split(/[ \t]+/)).filter((f) => f.slice(1).includes(name));
}

function allAddresses(proc: Process): string {
  const { rtnl } = proc.netns;
  const up = new Set(rtnl.links().filter((l) => l.kind !== "loopback" && (l.flags & 1) !== 0).map((l) => l.ifindex));
  return rtnl.addrs().filter((a) => up.has(a.ifindex)).map((a) => `${dotted(a.local)} `).join("");
}

export const hostname = defineCommand({
  name: "hostname",
  man: {
    summary: "show or set the system's host name",
    synopsis: ["hostname [-a|-d|-f|-i|-I|-s]", "hostname [-b] {hostname|-F file}"],
    emulated: ["Setting and showing the name; -s, -f, -d, -a, -i after /etc/hosts; -I: all IPv4 addresses but those of lo."],
    notEmulated: ["DNS lookups of the own name, NIS names, -A."],
  },
  *run(proc, args) {
    const { machine } = proc;
    const parsed = getopt(args, "aAbdfF:iIsyVh", {
      alias: "a", "all-fqdns": "A", boot: "b", domain: "d", fqdn: "f", long: "f", file: "F:", "ip-address": "i", "all-ip-addresses": "I", short: "s", yp: "y", nis: "y", version: "V", help: "h",
    });
    if (parsed.error !== undefined) {
      yield* proc.warn(`hostname: ${parsed.error}\n${USAGE}`);
      return 255;
    }
    const last = parsed.options[parsed.options.length - 1];
    if (last?.key === "h") {
      yield* proc.print(USAGE);
      return 0;
    }
    if (last?.key === "V") {
      yield* proc.print("hostname 3.23\n");
      return 0;
    }
    if (last && last.key !== "F" && last.key !== "b") {
      if (parsed.operands.length > 0) {
        yield* proc.warn(USAGE);
        return 255;
      }
      if (last.key === "A" || last.key === "y") {
        yield* proc.warn(`packetwalk: 'hostname -${last.key}' is not emulated\n`);
        return 95;
      }
      const lines = hostsLines(proc);
      const fqdn = lines[0]?.[1] ?? machine.hostname;
      const short = machine.hostname.split(".")[0]!;
      if (lines.length === 0 && "fdai".includes(last.key)) {
        yield* proc.warn("hostname: Name or service not known\n");
        return 1;
      }
      const domain = fqdn.includes(".") ? fqdn.slice(fqdn.indexOf(".") + 1) : "";
      const text = { I: allAddresses(proc), s: short, f: fqdn, d: domain, a: lines[0]?.slice(2).join(" ") ?? "", i: lines.map((l) => l[0]).join(" ") }[last.key]!;
      if (text !== "" || last.key !== "d") yield* proc.print(`${text}\n`);
      return 0;
    }
    let name = parsed.operands[0];
    if (last?.key === "F") {
      const file = machine.fs.readFile(proc, last.value!);
      if (!file.ok) {
        yield* proc.warn(`hostname: ${last.value}: No such file or directory\n`);
        return 1;
      }
      name = decodeUtf8(file.value).split("\n").map((l) => l.trim()).find((l) => l !== "" && !l.startsWith("#"));
    }
    if (name === undefined) {
      yield* proc.print(`${machine.hostname}\n`);
      return 0;
    }
    if (name.length > 64 || !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(name)) {
      yield* proc.warn(name.length > 64 ? "hostname: name too long\n" : "hostname: the specified hostname is invalid\n");
      return 1;
    }
    machine.hostname = name;
    return 0;
  },
});
