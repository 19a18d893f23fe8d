/** ethtool: what a device's driver says of it. ethtool 6.1 over veth, bridge and dummy of Linux 6.1. */
import { IFF, type LinkInfo, type LinkKind } from "../../kernel/api.ts";
import { formatMac } from "../../wire/ethernet.ts";
import { defineCommand, notEmulated } from "../command.ts";
import type { Process, Run } from "../process.ts";
import { ETHTOOL_USAGE } from "./ethtool/usage.ts";

const BAD_LINE = "ethtool: bad command line argument(s)\nFor more information run ethtool -h\n";
/** Devices are asked in five steps, each of which says why it fails. */
const NO_DEVICE = `${"netlink error: no device matches name (offset 24)\nnetlink error: No such device\n".repeat(5)}`;

/** Options of the real tool that are refused here, as listed by `ethtool -h`. */
const OTHERS: ReadonlySet<string> = new Set(
  ("-s --change -a --show-pause -A --pause -c --show-coalesce -C --coalesce -g --show-ring -G --set-ring -k --show-features --show-offload -K --features --offload " +
    "-d --register-dump -e --eeprom-dump -E --change-eeprom -r --negotiate -p --identify -t --test -S --statistics --phy-statistics -n -u --show-nfc --show-ntuple -N -U " +
    "--config-nfc --config-ntuple -T --show-time-stamping -x --show-rxfh-indir --show-rxfh -X --set-rxfh-indir --rxfh -f --flash -w --get-dump -W --set-dump -l --show-channels " +
    "-L --set-channels --show-priv-flags --set-priv-flags -m --dump-module-eeprom --module-info --show-eee --set-eee --set-phy-tunable --get-phy-tunable --get-tunable " +
    "--set-tunable --reset --show-fec --set-fec -Q --per-queue --cable-test --cable-test-tdr --show-tunnels --show-module --set-module --get-plca-cfg --set-plca-cfg " +
    "--get-plca-status -I --include-statistics --debug --json --monitor").split(" "),
);

/** A veth says 10 Gbit/s; what hangs on a cable is a gigabit card, whose bridge port costs 4. */
const SPEED: Readonly<Partial<Record<LinkKind, number>>> = { veth: 10000, ethernet: 1000 };

/** Of a bridge: the fastest of its ports that carry (br_get_link_ksettings). */
function speedOf(proc: Process, l: LinkInfo): string {
  const ports = l.kind === "bridge" ? proc.netns.rtnl.links().filter((p) => p.master === l.ifindex && p.carrier && (p.flags & IFF.UP) !== 0) : [l];
  const speed = ports.reduce((max, p) => Math.max(max, SPEED[p.kind] ?? 0), 0);
  return speed > 0 ? `${speed}Mb/s` : "Unknown!";
}

export function formatSettings(l: LinkInfo, speed: string): string {
  const detected = `\tLink detected: ${l.carrier ? "yes" : "no"}\n`;
  if (l.kind === "loopback" || l.kind === "dummy") return `Settings for ${l.name}:\n${detected}`;
  const veth = l.kind !== "bridge";
  const modes = (which: "Supported" | "Advertised", auto: string): string =>
    `\t${which} link modes:${which === "Supported" ? "   " : "  "}Not reported\n\t${which} pause frame use: No\n\t${auto}: No\n\t${which} FEC modes: Not reported\n`;
  return (
    `Settings for ${l.name}:\n\tSupported ports: [  ]\n${modes("Supported", "Supports auto-negotiation")}${modes("Advertised", "Advertised auto-negotiation")}` +
    `\tSpeed: ${speed}\n\tDuplex: ${veth ? "Full" : "Unknown! (255)"}\n\tAuto-negotiation: off\n\tPort: ${veth ? "Twisted Pair" : "Other"}\n\tPHYAD: 0\n\tTransceiver: internal\n` +
    `${veth ? "\tMDI-X: Unknown\n" : ""}${detected}`
  );
}

/** undefined: the driver has none (lo). */
export function formatDriver(l: LinkInfo, release: string): string | undefined {
  if (l.kind === "loopback") return undefined;
  const bridge = l.kind === "bridge";
  const version = bridge ? "2.3" : l.kind === "veth" ? "1.0" : release;
  const none = bridge ? "N/A" : "";
  return (
    `driver: ${l.kind === "ethernet" ? "packetwalk" : l.kind}\nversion: ${version}\nfirmware-version: ${none}\nexpansion-rom-version: \nbus-info: ${none}\n` +
    `supports-statistics: ${l.kind === "veth" ? "yes" : "no"}\nsupports-test: no\nsupports-eeprom-access: no\nsupports-register-dump: no\nsupports-priv-flags: no\n`
  );
}

function* showSettings(proc: Process, name: string): Run<number> {
  const l = proc.netns.rtnl.link(name);
  if (l) {
    yield* proc.print(formatSettings(l, speedOf(proc, l)));
    return 0;
  }
  yield* proc.warn(NO_DEVICE);
  yield* proc.print("No data available\n");
  return 75;
}

function* showDriver(proc: Process, name: string): Run<number> {
  const l = proc.netns.rtnl.link(name);
  const text = l && formatDriver(l, proc.netns.sysctl.get("kernel.osrelease") ?? "");
  if (text !== undefined) {
    yield* proc.print(text);
    return 0;
  }
  yield* proc.warn(`Cannot get driver information: ${l ? "Operation not supported" : "No such device"}\n`);
  return 71;
}

function* showAddress(proc: Process, name: string): Run<number> {
  const l = proc.netns.rtnl.link(name);
  if (!l) {
    yield* proc.warn("netlink error: No such device\n");
    return 1;
  }
  yield* proc.print(`Permanent address: ${l.permaddr ? formatMac(l.permaddr) : "not set"}\n`);
  return 0;
}

const SHOWN: Readonly<Record<string, (proc: Process, name: string) => Run<number>>> = {
  "-i": showDriver, "--driver": showDriver, "-P": showAddress, "--show-permaddr": showAddress,
};

export const ethtool = defineCommand({
  name: "ethtool",
  dir: "/usr/sbin",
  man: {
    summary: "show what a network device's driver says of it",
    synopsis: ["ethtool DEVNAME", "ethtool -i DEVNAME", "ethtool -P DEVNAME"],
    emulated: ["Settings of a device, with its link; -i, driver; -P, permanent address; -h; --version."],
    notEmulated: ["Statistics (-S), features (-k, -K), rings, coalescing, channels, time stamps, and every change of a setting."],
    examples: ["ethtool eth0", "ethtool -i eth0"],
  },
  *run(proc, args): Run<number> {
    const [first, second] = args;
    if (first === "-h" || first === "--help") {
      yield* proc.print(ETHTOOL_USAGE);
      return 0;
    }
    if (first === "--version") {
      yield* proc.print("ethtool version 6.1\n");
      return 0;
    }
    if (first !== undefined && OTHERS.has(first)) return yield* notEmulated(proc, `ethtool ${first}`);
    const show = first !== undefined && Object.hasOwn(SHOWN, first) ? SHOWN[first] : undefined;
    if (show && second !== undefined) return yield* show(proc, second);
    if (first !== undefined && !first.startsWith("-")) return yield* showSettings(proc, first);
    yield* proc.warn(BAD_LINE);
    return 1;
  },
  complete(proc, _words, word) {
    return word.startsWith("-") ? ["-i", "-P", "-h", "--version"] : proc.netns.rtnl.links().map((l) => l.name);
  },
});
