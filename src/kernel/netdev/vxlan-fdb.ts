/** Forwarding table of a VXLAN device: which machines a MAC is behind. drivers/net/vxlan/vxlan_core.c. */
import { SECOND, type Nanos } from "../../sim/time.ts";
import { macFromKey } from "../../wire/ethernet.ts";
import type { FdbEntry } from "../api.ts";

/** A machine that frames are sent to: vxlan_rdst. 0: as the device has it (port, VNI), or none (ifindex). */
export interface Remote {
  ip: number;
  port: number;
  vni: number;
  ifindex: number;
}

export interface VxlanEntry {
  key: number;
  state: FdbEntry["state"];
  externLearn: boolean;
  router: boolean;
  remotes: Remote[];
  used: Nanos;
  updated: Nanos;
}

export const same = (a: Remote, b: Remote): boolean => a.ip === b.ip && a.port === b.port && a.vni === b.vni && a.ifindex === b.ifindex;

export class VxlanFdb {
  private readonly entries = new Map<number, VxlanEntry>();
  /** Seconds; 0: learnt entries stay. */
  ageing = 300;

  get size(): number {
    return this.entries.size;
  }

  private expired(f: VxlanEntry, now: Nanos): boolean {
    return f.state === "dynamic" && !f.externLearn && this.ageing !== 0 && f.used + this.ageing * SECOND <= now;
  }

  find(key: number, now: Nanos): VxlanEntry | undefined {
    const f = this.entries.get(key);
    if (f === undefined) return undefined;
    if (!this.expired(f, now)) return f;
    this.entries.delete(key);
    return undefined;
  }

  /** vxlan_find_mac: an entry that is used grows no older. */
  use(key: number, now: Nanos): VxlanEntry | undefined {
    const f = this.find(key, now);
    if (f !== undefined) f.used = now;
    return f;
  }

  put(key: number, state: FdbEntry["state"], now: Nanos): VxlanEntry {
    const f: VxlanEntry = { key, state, externLearn: false, router: false, remotes: [], used: now, updated: now };
    this.entries.set(key, f);
    return f;
  }

  delete(key: number): void {
    this.entries.delete(key);
  }

  /** Bucket by bucket, in each the last that came first. */
  all(now: Nanos): VxlanEntry[] {
    const live = [...this.entries.values()].filter((f) => !this.expired(f, now)).reverse();
    return live.map((f) => ({ f, bucket: bucketOf(f.key) })).sort((a, b) => a.bucket - b.bucket).map((x) => x.f);
  }
}

/** eth_hash: hash_64 of the address's octets, low octet first, to eight bits. */
function bucketOf(key: number): number {
  let value = 0n;
  for (const [i, o] of macFromKey(key).entries()) value |= BigInt(o) << BigInt(16 + 8 * i);
  return Number(((value * 0x61c8864680b583ebn) & 0xffff_ffff_ffff_ffffn) >> 56n);
}
