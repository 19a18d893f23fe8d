/** The names of net.ipv6.*: Documentation/networking/ip-sysctl.rst. */
import type { Errno } from "../api.ts";
import { NeighParms } from "../conf.ts";
import { Ipv6Conf, type Ipv6ConfKey } from "./conf.ts";
import type { Ipv6Stack } from "./stack.ts";

const CONF_KEYS = Object.keys(new Ipv6Conf()) as Ipv6ConfKey[];
const NEIGH_KEYS = Object.keys(new NeighParms()).filter((k) => k !== "reachableTime" && k !== "interval_probe_time_ms") as (keyof NeighParms)[];
const GC = { gc_thresh1: "gcThresh1", gc_thresh2: "gcThresh2", gc_thresh3: "gcThresh3" } as const;
/** Settings of the whole namespace that somebody asks for. */
const SETTINGS: Readonly<Record<string, keyof Ipv6Stack["settings"]>> = {
  "net.ipv6.icmp.ratelimit": "icmpRatelimit", "net.ipv6.icmp.echo_ignore_all": "echoIgnoreAll", "net.ipv6.icmp.echo_ignore_multicast": "echoIgnoreMulticast",
  "net.ipv6.auto_flowlabels": "autoFlowlabels", "net.ipv6.ip6frag_time": "fragTime", "net.ipv6.bindv6only": "bindv6only",
};
const ROUTE_FLUSH = "net.ipv6.route.flush";

/** Keys of net.ipv6; `undefined` and ENOENT are for those that are not here. */
export class Sysctl6 {
  private readonly stack: Ipv6Stack;

  constructor(stack: Ipv6Stack) {
    this.stack = stack;
  }

  private split(key: string): { family: string; dev: string; name: string } | undefined {
    const m = /^net\.ipv6\.(conf|neigh)\.(.+)\.([^.]+)$/.exec(key);
    return m === null ? undefined : { family: m[1]!, dev: m[2]!.replaceAll("/", "."), name: m[3]! };
  }

  private conf(dev: string): Ipv6Conf | undefined {
    return dev === "all" ? this.stack.confAll : dev === "default" ? this.stack.confDefault : this.stack.ns.deviceByName(dev)?.inet6?.conf;
  }
  private parms(dev: string): NeighParms | undefined {
    return dev === "default" ? this.stack.parmsDefault : this.stack.ns.deviceByName(dev)?.inet6?.parms;
  }

  get(key: string): string | undefined {
    const setting = SETTINGS[key];
    if (setting !== undefined) return String(this.stack.settings[setting]);
    if (key === ROUTE_FLUSH) return "";
    const p = this.split(key);
    if (p === undefined) return undefined;
    if (p.family === "conf") {
      const conf = this.conf(p.dev);
      return conf !== undefined && (CONF_KEYS as string[]).includes(p.name) ? String(conf[p.name as Ipv6ConfKey]) : undefined;
    }
    if (p.dev === "default" && Object.hasOwn(GC, p.name)) return String(this.stack.neigh[GC[p.name as keyof typeof GC]]);
    const parms = this.parms(p.dev);
    if (parms === undefined) return undefined;
    if (p.name === "retrans_time") return String(parms.retrans_time_ms);
    if (p.name === "base_reachable_time") return String(Math.floor(parms.base_reachable_time_ms / 1000));
    return (NEIGH_KEYS as string[]).includes(p.name) ? String(parms[p.name as keyof NeighParms]) : undefined;
  }

  isReadOnly(key: string): boolean {
    return this.split(key)?.name === "mc_forwarding";
  }

  set(key: string, value: string): undefined | Errno {
    if (key === ROUTE_FLUSH) return void this.stack.routes.flush();
    if (this.get(key) === undefined) return "ENOENT";
    if (this.isReadOnly(key)) return "EACCES";
    const n = parseNumber(value.trim().split(/\s+/)[0]!);
    if (n === undefined || n < -2147483648 || n > 4294967295) return "EINVAL";
    const setting = SETTINGS[key];
    if (setting !== undefined) {
      this.stack.settings[setting] = n;
      return undefined;
    }
    const p = this.split(key)!;
    return p.family === "conf" ? this.setConf(p.dev, p.name as Ipv6ConfKey, n) : this.setNeigh(p.dev, p.name, n);
  }

  private setConf(dev: string, name: Ipv6ConfKey, n: number): undefined | Errno {
    const { stack } = this;
    if (name === "addr_gen_mode" && (n < 0 || n > 3)) return "EINVAL";
    if (name === "hop_limit" && (n < 1 || n > 255)) return "EINVAL";
    const device = dev === "all" || dev === "default" ? undefined : stack.ns.deviceByName(dev);
    if (name === "mtu" && device !== undefined && (n < 1280 || n > device.mtu)) return "EINVAL";
    if (name === "forwarding") {
      if (device !== undefined) stack.setDeviceForwarding(device, n);
      else if (dev === "all") stack.setForwarding(n);
      else stack.confDefault.forwarding = n;
    } else if (name === "disable_ipv6") {
      if (device !== undefined) stack.setDeviceDisabled(device, n);
      else if (dev === "all") stack.setDisabled(n);
      else stack.confDefault.disable_ipv6 = n;
    } else this.conf(dev)![name] = n;
    return undefined;
  }

  private setNeigh(dev: string, name: string, n: number): undefined | Errno {
    if (n < 0) return "EINVAL";
    if (Object.hasOwn(GC, name)) this.stack.neigh[GC[name as keyof typeof GC]] = n;
    else {
      const p = this.parms(dev)!;
      if (name === "retrans_time" || name === "retrans_time_ms") p.retrans_time_ms = n;
      else if (name === "base_reachable_time" || name === "base_reachable_time_ms") {
        p.base_reachable_time_ms = name === "base_reachable_time" ? n * 1000 : n;
        p.drawReachableTime(this.stack.random);
      } else p[name as "mcast_solicit"] = n;
    }
    return undefined;
  }

  keys(): string[] {
    const out = [...Object.keys(SETTINGS), ROUTE_FLUSH];
    const devices = this.stack.ns.devices().filter((d) => d.inet6 !== undefined).map((d) => d.name.replaceAll(".", "/"));
    for (const d of ["all", "default", ...devices]) for (const k of CONF_KEYS) out.push(`net.ipv6.conf.${d}.${k}`);
    for (const d of ["default", ...devices]) for (const k of [...NEIGH_KEYS, "retrans_time", "base_reachable_time"]) out.push(`net.ipv6.neigh.${d}.${k}`);
    for (const k of Object.keys(GC)) out.push(`net.ipv6.neigh.default.${k}`);
    return out;
  }
}

function parseNumber(text: string): number | undefined {
  const m = /^(-?)(0[xX][0-9a-fA-F]+|[0-9]+)$/.exec(text);
  if (m === null) return undefined;
  const n = /^0[0-7]+$/.test(m[2]!) ? Number.parseInt(m[2]!, 8) : Number(m[2]);
  return m[1] === "-" ? 0 - n : n;
}
