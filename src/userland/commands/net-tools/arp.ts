/** arp: the neighbour table the older way. net-tools 2.10 over /proc/net/arp and the SIOCxARP calls (net/ipv4/arp.c). */
import { type Errno, IFF, type Ipv4, type LinkInfo, type NeighInfo, type Rtnl, strerror } from "../../../kernel/api.ts";
import { formatMac, parseMac } from "../../../wire/ethernet.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { defineCommand, notEmulated } from "../../command.ts";
import { getopt, type GivenOption } from "../../getopt.ts";
import type { Process, Run } from "../../process.ts";
import { hostOf } from "../../resolver.ts";
import { hostAddress, hostError, showHost } from "./names.ts";
import { ARP_HARDWARE, ARP_USAGE, VERSION } from "./usage.ts";

/** linux/if_arp.h */
const ATF = { COM: 0x02, PERM: 0x04, PUBL: 0x08 } as const;
const FAILED = 255;

/** One line of /proc/net/arp. */
interface ArpEntry {
  readonly address: Ipv4;
  readonly flags: number;
  readonly lladdr: Uint8Array | undefined;
  readonly dev: string;
}

const VALID: ReadonlySet<NeighInfo["state"]> = new Set(["REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT"]);

function entries(rtnl: Rtnl): ArpEntry[] {
  const dev = (ifindex: number): string => rtnl.link(ifindex)?.name ?? "*";
  const own = rtnl.neighs().filter((n) => n.state !== "NOARP" && n.state !== "NONE");
  const proxies = rtnl.neighs({ proxy: true }).filter((n) => n.proxy);
  return [
    ...own.map((n) => ({ address: n.dst, flags: (VALID.has(n.state) ? ATF.COM : 0) | (n.state === "PERMANENT" ? ATF.PERM : 0), lladdr: n.lladdr, dev: dev(n.ifindex) })),
    ...proxies.map((n) => ({ address: n.dst, flags: ATF.PUBL | ATF.PERM, lladdr: undefined, dev: dev(n.ifindex) })),
  ];
}

const HEADING = "Address                  HWtype  HWaddress           Flags Mask            Iface\n";

/** A field of printf("%-N.Ns"). */
const field = (text: string, width: number): string => text.slice(0, width).padEnd(width);

/** A row of the table that is printed without -a. */
export function formatArpRow(name: string, e: ArpEntry): string {
  const letters = `${(e.flags & ATF.COM) !== 0 ? "C" : ""}${(e.flags & ATF.PERM) !== 0 ? "M" : ""}${(e.flags & ATF.PUBL) !== 0 ? "P" : ""}`;
  const hardware =
    (e.flags & ATF.COM) !== 0
      ? field("ether", 8) + field(formatMac(e.lladdr!), 20)
      : (e.flags & ATF.PUBL) !== 0
        ? field("*", 8) + field("<from_interface>", 20)
        : field("", 8) + field("(incomplete)", 20);
  return `${field(name, 23)}  ${hardware}${field(letters, 6)}${field("", 15)} ${e.dev}\n`;
}

/** A line of `arp -a`. */
export function formatArpLine(name: string, e: ArpEntry): string {
  const hardware = (e.flags & ATF.COM) !== 0 ? `${formatMac(e.lladdr!)} [ether] ` : (e.flags & ATF.PUBL) !== 0 ? "<from_interface> " : "<incomplete> ";
  return `${name} (${formatIpv4(e.address)}) at ${hardware}${(e.flags & ATF.PERM) !== 0 ? "PERM " : ""}${(e.flags & ATF.PUBL) !== 0 ? "PUB " : ""}on ${e.dev}\n`;
}

class Arp {
  private readonly proc: Process;
  private readonly keys: ReadonlySet<string>;
  private readonly device: string | undefined;
  private readonly hardware: string | undefined;

  constructor(proc: Process, options: readonly GivenOption[]) {
    this.proc = proc;
    this.keys = new Set(options.map((o) => o.key));
    this.device = options.findLast((o) => o.key === "i")?.value;
    this.hardware = options.findLast((o) => o.key === "H")?.value;
  }

  private get rtnl(): Rtnl {
    return this.proc.netns.rtnl;
  }

  *run(operands: readonly string[]): Run<number> {
    if (this.hardware !== undefined && this.hardware !== "ether") return yield* this.fail(`arp: ${this.hardware}: unknown hardware type.`);
    if (this.keys.has("d")) return yield* this.delete(operands);
    if (this.keys.has("s")) return yield* this.set(operands);
    return yield* this.show(operands[0]);
  }

  private *fail(text: string): Run<number> {
    yield* this.proc.warn(`${text}\n`);
    return FAILED;
  }

  // -- listing ------------------------------------------------------------------------------------------------------

  private *show(host: string | undefined): Run<number> {
    const wanted = host === undefined ? undefined : hostAddress(this.proc, host);
    if (host !== undefined && wanted === undefined) return yield* this.fail(hostError(host));
    const all = entries(this.rtnl);
    const shown = all.filter((e) => (wanted === undefined || e.address === wanted) && (this.device === undefined || e.dev === this.device));
    const bsd = this.keys.has("a");
    let out = bsd || shown.length === 0 ? "" : HEADING;
    for (const e of shown) out += bsd ? formatArpLine(this.name(e, "?"), e) : formatArpRow(this.name(e, formatIpv4(e.address)), e);
    if (this.keys.has("v")) out += `Entries: ${all.length}\tSkipped: ${all.length - shown.length}\tFound: ${shown.length}\n`;
    if (shown.length === 0) {
      if (host !== undefined && !bsd) out += `${host} (${formatIpv4(wanted!)}) -- no entry\n`;
      else if (host !== undefined || this.device !== undefined || this.hardware !== undefined) out += `arp: in ${all.length} entries no match found.\n`;
    }
    yield* this.proc.print(out);
    return 0;
  }

  private name(e: ArpEntry, unnamed: string): string {
    return (this.keys.has("n") ? undefined : hostOf(this.proc, e.address)) ?? unnamed;
  }

  // -- changing -----------------------------------------------------------------------------------------------------

  /** The device by which `address` is reached without a gateway, or the one asked for. */
  private deviceFor(address: Ipv4): LinkInfo | Errno {
    if (this.device !== undefined) return this.rtnl.link(this.device) ?? "ENODEV";
    const answer = this.rtnl.routeGet({ dst: address });
    if (!answer.ok || answer.value.via !== undefined) return "ENETUNREACH";
    return this.rtnl.link(answer.value.oif) ?? "ENODEV";
  }

  private *delete([host, ...words]: readonly string[]): Run<number> {
    if (host === undefined) return yield* this.fail("arp: need host name");
    const dst = hostAddress(this.proc, host);
    if (dst === undefined) return yield* this.fail(hostError(host));
    const dev = this.deviceFor(dst);
    if (typeof dev === "string") return yield* this.fail(`SIOCDARP(dontpub): ${strerror(dev)}`);
    const proxy = words.includes("pub");
    const there = this.rtnl.neighs({ proxy }).some((n) => n.dst === dst && n.ifindex === dev.ifindex && n.proxy === proxy);
    const gone = there && this.rtnl.neighDel({ ifindex: dev.ifindex, dst, proxy }).ok;
    if (gone) return 0;
    yield* this.proc.print(`No ARP entry for ${host}\n`);
    return FAILED;
  }

  private *set([host, hardware, ...words]: readonly string[]): Run<number> {
    if (host === undefined) return yield* this.fail("arp: need host name");
    const dst = hostAddress(this.proc, host);
    if (dst === undefined) return yield* this.fail(hostError(host));
    if (hardware === undefined) return yield* this.fail("arp: need hardware address");
    const source = this.keys.has("D") ? this.rtnl.link(hardware) : undefined;
    const lladdr = this.keys.has("D") ? source?.lladdr : parseMac(hardware);
    if (lladdr === undefined) return yield* this.fail(this.keys.has("D") ? `arp: cant get HW-Address for \`${hardware}': ${strerror("ENODEV")}.` : "arp: invalid hardware address");
    if (words.some((w) => w !== "temp" && w !== "pub")) return yield* notEmulated(this.proc, `arp -s ... ${words.find((w) => w !== "temp" && w !== "pub")!}`);
    const errno = words.includes("pub") ? this.publish(dst, source) : this.add(dst, lladdr, words.includes("temp"));
    return errno === undefined ? 0 : yield* this.fail(`SIOCSARP: ${strerror(errno)}`);
  }

  private add(dst: Ipv4, lladdr: Uint8Array, temporary: boolean): Errno | undefined {
    const dev = this.deviceFor(dst);
    if (typeof dev === "string") return dev;
    if ((dev.flags & IFF.LOOPBACK) !== 0) return "EINVAL";
    const added = this.rtnl.neighAdd({ ifindex: dev.ifindex, dst, lladdr, state: temporary ? "STALE" : "PERMANENT" }, "replace");
    return added.ok ? undefined : added.error.errno;
  }

  /** Answers for `dst` on the device that has the address: one that no device has is refused. */
  private publish(dst: Ipv4, source: LinkInfo | undefined): Errno | undefined {
    const dev = source ?? (this.device === undefined ? undefined : this.rtnl.link(this.device));
    if (dev === undefined) return "ENODEV";
    const added = this.rtnl.neighAdd({ ifindex: dev.ifindex, dst, proxy: true }, "replace");
    return added.ok ? undefined : added.error.errno;
  }
}

const LONGS = {
  verbose: "v", version: "V", all: "a", delete: "d", file: "f::", numeric: "n", set: "s", protocol: "A:", "hw-type": "H:", device: "i:", help: "h", "use-device": "D", symbolic: "N",
} as const;

export const arp = defineCommand({
  name: "arp",
  dir: "/usr/sbin",
  man: {
    summary: "show and change the neighbour table (the older tool; see ip neigh)",
    synopsis: ["arp [-evn] [-i IF] [HOST]", "arp -a [-n] [-i IF] [HOST]", "arp -s HOST LLADDR [temp]", "arp -d HOST"],
    emulated: [
      "listing as a table, or with -a in the BSD form; -n does not look up names, -i takes one device, -v counts",
      "-s: adds an entry, permanent unless temp is said; -d: removes one",
      "-Ds HOST IF pub: answers for HOST on IF (proxy ARP)",
    ],
    notEmulated: ["-f: entries from a file", "netmask, other hardware types"],
    examples: ["arp -n", "arp -s 10.0.0.5 02:00:00:00:05:05", "arp -d 10.0.0.5"],
  },
  *run(proc, args): Run<number> {
    const { options, operands, error } = getopt(args, "A:H:adfp:nsei:Dt:vhVN", LONGS);
    if (error !== undefined) {
      yield* proc.warn(`arp: ${error}\n${ARP_USAGE}${ARP_HARDWARE}`);
      return 3;
    }
    for (const o of options) {
      if (o.key === "f" || o.key === "A" || o.key === "p") return yield* notEmulated(proc, `arp ${o.typed}`);
      if (o.key === "V" || o.key === "h") {
        yield* proc.print(o.key === "V" ? VERSION : ARP_USAGE);
        if (o.key === "h") yield* proc.warn(ARP_HARDWARE);
        return 0;
      }
    }
    return yield* new Arp(proc, options).run(operands);
  },
  complete(proc, words) {
    const rtnl = proc.netns.rtnl;
    if (words.at(-1) === "-i") return rtnl.links().map((l) => l.name);
    return rtnl.neighs().map((n) => showHost(proc, n.dst, true));
  },
});
