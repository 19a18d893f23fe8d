/** ifconfig: devices and addresses the older way. net-tools 2.10 over the SIOCxIFxxx calls (devinet_ioctl() of net/ipv4/devinet.c). */
import { type AddrInfo, type Errno, IFF, type Ipv4, type LinkChange, type LinkInfo, type NlResult, type Rtnl, strerror } from "../../../kernel/api.ts";
import { parseMac } from "../../../wire/ethernet.ts";
import { maskOf } from "../../../wire/ipv4.ts";
import { defineCommand, notEmulated } from "../../command.ts";
import type { Process, Run } from "../../process.ts";
import { allInterfaces, findInterface, formatInterface, formatInterfaceRow, isUp } from "./interfaces.ts";
import { hostAddress, hostError } from "./names.ts";
import { IFCONFIG_USAGE, VERSION } from "./usage.ts";

const ROW_HEADING = "Iface      MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n";
const HELP_HINT = "ifconfig: `--help' gives usage information.\n";
const GOT_ERROR = 255; // -1: set_flag() failed
const E_USAGE = 3;

/** A word that ends the program at once. */
class Stop {
  readonly text: string;
  readonly status: number;

  constructor(text: string, status: number) {
    this.text = text;
    this.status = status;
  }
}

/** Words without a value, and the change each asks for. */
const SWITCHES: Readonly<Record<string, LinkChange>> = {
  promisc: { promisc: true }, "-promisc": { promisc: false }, allmulti: { allmulticast: true }, "-allmulti": { allmulticast: false }, multicast: { multicast: true },
  "-multicast": { multicast: false }, arp: { arp: true }, "-arp": { arp: false }, dynamic: { dynamic: true }, "-dynamic": { dynamic: false },
};
const REFUSED = ["metric", "tunnel", "outfill", "keepalive", "mem_start", "io_addr", "irq", "media", "trailers", "-trailers", "inet6"];

/** One `ifconfig NAME word ...`: the words one after the other, errors said as they come. */
class Setter {
  status = 0;
  warnings = "";
  private readonly proc: Process;
  /** "eth0" or "eth0:1". */
  private readonly name: string;
  private netmaskGiven = false;

  constructor(proc: Process, name: string) {
    this.proc = proc;
    this.name = name;
  }

  private get rtnl(): Rtnl {
    return this.proc.netns.rtnl;
  }

  private get link(): LinkInfo | undefined {
    return this.rtnl.link(this.name.split(":")[0]!);
  }

  private get addr(): AddrInfo | undefined {
    return findInterface(this.rtnl, this.name)?.addr;
  }

  /** @returns a word that is not emulated. */
  apply(words: readonly string[]): string | undefined {
    const rest = [...words];
    if (rest[0] === "inet") rest.shift();
    while (rest.length > 0) {
      const word = rest.shift()!;
      if (REFUSED.includes(word)) return word;
      this.word(word, rest);
    }
    return undefined;
  }

  private word(word: string, rest: string[]): void {
    const value = (): string => rest.shift() ?? usage();
    if (word === "up") return this.setFlags(true);
    if (word === "down") return this.setFlags(false);
    if (Object.hasOwn(SWITCHES, word)) return this.change("SIOCSIFFLAGS", SWITCHES[word]!);
    switch (word) {
      case "mtu": return this.change("SIOCSIFMTU", { mtu: whole(value()) });
      case "txqueuelen": return this.change("SIOCSIFTXQLEN", { txqlen: whole(value()) });
      case "name": return this.change("SIOCSIFNAME", { name: value() });
      case "netmask": return this.setNetmask(this.resolve(value()));
      case "broadcast":
      case "-broadcast": return this.setBroadcast(word, rest);
      case "dstaddr":
      case "pointopoint":
      case "-pointopoint": return this.setPeer(word, rest);
      case "hw": return this.setHardware(value(), value());
      case "add": return this.addAlias(value());
      case "del": return this.deleteAlias(value());
      default: return this.setAddress(word);
    }
  }

  private resolve(name: string): Ipv4 {
    return hostAddress(this.proc, name) ?? stop(`${hostError(name)}\n${HELP_HINT}`, 1);
  }

  private failed(call: string, errno: Errno | undefined, status = 1): boolean {
    if (errno === undefined) return false;
    this.warnings += `${call}: ${strerror(errno)}\n`;
    this.status = status;
    return true;
  }

  private change(call: string, change: LinkChange): void {
    const { link } = this;
    if (link === undefined) this.noFlags();
    else this.failed(call, errnoOf(this.rtnl.linkSet(link.ifindex, change)));
  }

  private noFlags(): void {
    this.warnings += `${this.name}: ERROR while getting interface flags: ${strerror("ENODEV")}\n`;
    this.status = GOT_ERROR;
  }

  /** Up and down. Taking an alias down takes its address away. */
  private setFlags(up: boolean): void {
    const { link, addr } = this;
    if (link === undefined) return this.noFlags();
    if (!this.name.includes(":")) return this.change("SIOCSIFFLAGS", { up });
    if (addr === undefined) this.failed("SIOCSIFFLAGS", "EADDRNOTAVAIL", GOT_ERROR);
    else if (!up) this.remove(addr);
  }

  // -- addresses ----------------------------------------------------------------------------------------------------

  private remove(a: AddrInfo): void {
    this.rtnl.addrDel({ ifindex: a.ifindex, local: a.local, address: a.address, prefixLen: a.prefixLen, label: a.label });
  }

  /** The kernel takes the old one away and puts the new one in its place. */
  private replace(a: AddrInfo, change: { local?: Ipv4; address?: Ipv4; prefixLen?: number; broadcast?: Ipv4 }): Errno | undefined {
    this.remove(a);
    const { broadcast } = { broadcast: a.broadcast, ...change };
    const local = change.local ?? a.local;
    const spec = { ifindex: a.ifindex, local, address: change.address ?? (a.address === a.local ? local : a.address), prefixLen: change.prefixLen ?? a.prefixLen, scope: a.scope, label: a.label };
    return errnoOf(this.rtnl.addrAdd({ ...spec, ...(broadcast === undefined || broadcast === 0 ? {} : { broadcast }) }, "add"));
  }

  /** With a prefix length the mask is set afterwards, as if `netmask` followed. */
  private setAddress(word: string): void {
    const [host = "", prefix] = word.split("/");
    const local = this.resolve(host);
    const { link, addr } = this;
    if (link === undefined) this.failed("SIOCSIFADDR", "ENODEV");
    else if (local === 0) {
      if (addr !== undefined) this.remove(addr);
    } else if (addr?.local !== local) {
      if (addr !== undefined) this.remove(addr);
      const prefixLen = classLength(local);
      const broadcast = (link.flags & IFF.BROADCAST) !== 0 && prefixLen < 31 ? { broadcast: (local | ~maskOf(prefixLen)) >>> 0 } : {};
      this.failed("SIOCSIFADDR", errnoOf(this.rtnl.addrAdd({ ifindex: link.ifindex, local, prefixLen, label: this.name, ...broadcast }, "add")));
    }
    if (link === undefined) this.noFlags();
    else if (local !== 0) this.change("SIOCSIFFLAGS", { up: true });
    if (prefix !== undefined) this.setNetmask(maskOf(Math.min(32, whole(prefix))));
  }

  private setNetmask(mask: Ipv4): void {
    if (this.netmaskGiven) usage();
    this.netmaskGiven = true;
    const { addr } = this;
    if (addr === undefined) {
      this.failed("SIOCSIFNETMASK", this.link === undefined ? "ENODEV" : "EADDRNOTAVAIL");
      return;
    }
    const rest = ~mask >>> 0;
    if ((rest & (rest + 1)) !== 0) {
      this.failed("SIOCSIFNETMASK", "EINVAL");
      return;
    }
    const prefixLen = Math.clz32(rest);
    const wasUsual = addr.broadcast === (addr.local | ~maskOf(addr.prefixLen)) >>> 0 && addr.prefixLen < 31;
    const broadcast = wasUsual ? { broadcast: (addr.local | rest) >>> 0 } : {};
    if (prefixLen !== addr.prefixLen) this.failed("SIOCSIFNETMASK", this.replace(addr, { prefixLen, ...broadcast }));
  }

  private setBroadcast(word: string, rest: string[]): void {
    const { addr, link } = this;
    if (word === "-broadcast") {
      this.warnings += `Warning: Interface ${this.name} still in BROADCAST mode.\n`;
      return;
    }
    if (rest.length === 0) return;
    const broadcast = this.resolve(rest.shift()!);
    if (addr === undefined) this.failed("SIOCSIFBRDADDR", link === undefined ? "ENODEV" : "EADDRNOTAVAIL");
    else this.failed("SIOCSIFBRDADDR", this.replace(addr, { broadcast }));
  }

  private setPeer(word: string, rest: string[]): void {
    if (word === "-pointopoint" || rest.length === 0) return;
    const address = this.resolve(rest.shift()!);
    const { addr, link } = this;
    if (addr === undefined) this.failed("SIOCSIFDSTADDR", link === undefined ? "ENODEV" : "EADDRNOTAVAIL");
    else this.failed("SIOCSIFDSTADDR", this.replace(addr, { address }));
  }

  /** The first free number after the colon becomes the label of another address. */
  private addAlias(word: string): void {
    const local = this.resolve(word.split("/")[0]!);
    const { link } = this;
    if (link === undefined) return this.noFlags();
    let n = 0;
    while (this.rtnl.addrs().some((a) => a.label === `${link.name}:${n}`)) n++;
    const prefixLen = word.includes("/") ? Math.min(32, whole(word.split("/")[1]!)) : 0;
    this.failed("SIOCSIFADDR", errnoOf(this.rtnl.addrAdd({ ifindex: link.ifindex, local, prefixLen, label: `${link.name}:${n}` }, "add")));
  }

  private deleteAlias(word: string): void {
    const local = this.resolve(word.split("/")[0]!);
    const found = this.rtnl.addrs().find((a) => a.local === local && a.ifindex === this.link?.ifindex && a.label.includes(":"));
    if (found === undefined) stop(`Interface for address ${word} not found\n`, GOT_ERROR); // nothing to take down
    this.remove(found);
  }

  private setHardware(kind: string, text: string): void {
    if (kind !== "ether") stop(`${kind}: unsupported hardware address type.\n`, 1);
    const lladdr = parseMac(text);
    if (lladdr === undefined) stop(`${text}: invalid ether address.\n`, 1);
    this.change("SIOCSIFHWADDR", { lladdr });
  }
}

function stop(text: string, status: number): never {
  throw new Stop(text, status);
}

function usage(): never {
  return stop(IFCONFIG_USAGE, E_USAGE);
}

function errnoOf(r: NlResult<unknown>): Errno | undefined {
  return r.ok ? undefined : r.error.errno;
}

/** As atoi(3). */
function whole(text: string): number {
  return Math.trunc(Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? 0));
}

/** inet_abc_len(): the prefix length that an address's class gives it. */
function classLength(address: Ipv4): number {
  const first = address >>> 24;
  return first < 128 ? 8 : first < 192 ? 16 : 24;
}

function* showAll(proc: Process, all: boolean, short: boolean): Run<number> {
  const shown = allInterfaces(proc.netns.rtnl).filter((i) => all || isUp(i));
  yield* proc.print(short ? ROW_HEADING + shown.map(formatInterfaceRow).join("") : shown.map(formatInterface).join(""));
  return 0;
}

function* showOne(proc: Process, name: string, short: boolean): Run<number> {
  const found = findInterface(proc.netns.rtnl, name);
  if (found === undefined) {
    if (short) yield* proc.print(ROW_HEADING);
    yield* proc.warn(`${name}: error fetching interface information: Device not found\n`);
    return 1;
  }
  yield* proc.print(short ? ROW_HEADING + formatInterfaceRow(found) : formatInterface(found));
  return 0;
}

function* set(proc: Process, name: string, words: readonly string[]): Run<number> {
  const setter = new Setter(proc, name);
  try {
    const refused = setter.apply(words);
    yield* proc.warn(setter.warnings);
    return refused === undefined ? setter.status : yield* notEmulated(proc, `ifconfig ${name} ${refused}`);
  } catch (e) {
    if (!(e instanceof Stop)) throw e;
    yield* proc.warn(setter.warnings + e.text);
    return e.status;
  }
}

export const ifconfig = defineCommand({
  name: "ifconfig",
  dir: "/usr/sbin",
  man: {
    summary: "show and configure network interfaces (the older tool; see ip link and ip addr)",
    synopsis: ["ifconfig [-a] [-s] [INTERFACE]", "ifconfig INTERFACE [ADDRESS[/LEN]] [netmask M] [broadcast B] [up|down] [mtu N] [hw ether MAC] ..."],
    emulated: [
      "listing interfaces, with -a also those that are down, with -s as a table",
      "address, netmask, broadcast, dstaddr, aliases such as eth0:1, add and del",
      "up, down, mtu, txqueuelen, name, hw ether, promisc, allmulti, multicast, arp, dynamic and their negations",
    ],
    notEmulated: ["IPv6 addresses", "metric, media, tunnel, trailers and settings of ISA cards"],
    examples: ["ifconfig eth0", "ifconfig eth0 10.0.0.1 netmask 255.255.255.0", "ifconfig eth0 down"],
  },
  *run(proc, args): Run<number> {
    const rest = [...args];
    let all = false;
    let short = false;
    while (rest[0]?.startsWith("-")) {
      const option = rest.shift()!;
      if (option === "-a") all = true;
      else if (option === "-s") short = true;
      else if (option === "-V" || option === "--version") {
        yield* proc.print(VERSION);
        return 0;
      } else if (["-h", "--help", "-?"].includes(option)) {
        yield* proc.warn(IFCONFIG_USAGE);
        return 0;
      } else if (option !== "-v") {
        yield* proc.warn(`ifconfig: option \`${option}' not recognised.\n${HELP_HINT}`);
        return 1;
      }
    }
    const [name, ...words] = rest;
    if (name === undefined) return yield* showAll(proc, all, short);
    return words.length === 0 ? yield* showOne(proc, name, short) : yield* set(proc, name, words);
  },
  complete(proc, words) {
    if (words.length === 1) return allInterfaces(proc.netns.rtnl).map((i) => i.name);
    return ["up", "down", "mtu", "netmask", "broadcast", "hw", "add", "del", "promisc", "arp"];
  },
});
