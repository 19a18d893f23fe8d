/** IPv4 addresses of a device and its knobs: net/ipv4/devinet.c. */
import { maskOf } from "../wire/ipv4.ts";
import type { AddrInfo, Ipv4, Scope } from "./api.ts";
import type { Ipv4Conf, NeighParms } from "./conf.ts";
import type { NetDevice } from "./netdev/device.ts";

export const SCOPE: Readonly<Record<Scope, number>> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };

export interface IfAddr {
  local: Ipv4;
  /** The other end's prefix of a point-to-point address; `local` otherwise. */
  address: Ipv4;
  prefixLen: number;
  broadcast: Ipv4 | undefined;
  scope: Scope;
  label: string;
  secondary: boolean;
  noprefixroute: boolean;
  metric: number;
  /** Seconds as set; Infinity: forever. */
  validLft: number;
  preferredLft: number;
  /** When the lifetimes were set. */
  stamp: number;
  proto: number;
}

export class InDevice {
  readonly dev: NetDevice;
  readonly conf: Ipv4Conf;
  readonly parms: NeighParms;
  /** Primaries in front of their secondaries, as the kernel's list is. */
  addrs: IfAddr[] = [];

  constructor(dev: NetDevice, conf: Ipv4Conf, parms: NeighParms) {
    this.dev = dev;
    this.conf = conf;
    this.parms = parms;
  }

  /** Whether `a` lies in the subnet of one of the addresses. */
  onlink(a: Ipv4, b = a): boolean {
    for (const ifa of this.addrs) {
      if (ifa.secondary) continue;
      if (matches(ifa, a) && matches(ifa, b)) return true;
    }
    return false;
  }
}

/** inet_ifa_match: `a` is in the address's prefix. */
export function matches(ifa: IfAddr, a: Ipv4): boolean {
  return ((a ^ ifa.address) & maskOf(ifa.prefixLen)) === 0;
}

export function addrInfo(dev: NetDevice, ifa: IfAddr, nowSeconds: number): AddrInfo {
  const left = (lft: number): number => (lft === Number.POSITIVE_INFINITY ? lft : Math.max(0, Math.floor(lft - (nowSeconds - ifa.stamp))));
  const preferred = left(ifa.preferredLft);
  const info: AddrInfo = {
    ifindex: dev.ifindex, local: ifa.local, address: ifa.address, prefixLen: ifa.prefixLen, scope: ifa.scope, label: ifa.label, secondary: ifa.secondary,
    noprefixroute: ifa.noprefixroute, metric: ifa.metric, validLft: left(ifa.validLft), dynamic: ifa.validLft !== Number.POSITIVE_INFINITY,
    // IFA_F_PERMANENT: neither lifetime is told, whatever the preferred one is.
    preferredLft: ifa.validLft === Number.POSITIVE_INFINITY ? ifa.validLft : preferred, deprecated: preferred === 0,
  };
  if (ifa.broadcast !== undefined) info.broadcast = ifa.broadcast;
  if (ifa.proto !== 0) info.proto = ifa.proto;
  return info;
}
