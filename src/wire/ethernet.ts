/**
 * Ethernet II: destination 6, source 6, EtherType 2, then the payload. IEEE 802.3 clause 3; EtherTypes from IANA.
 * A value below 1536 in the type field is a length, and an LLC header follows (802.3).
 */
export const ETH_LEN = 14;
/** Least octets of a frame without its check sequence. */
export const ETH_MIN = 60;
export const ETH = { dst: 0, src: 6, type: 12 } as const;

export const ETHERTYPE = { IPV4: 0x0800, ARP: 0x0806, VLAN: 0x8100, IPV6: 0x86dd, QINQ: 0x88a8, LOOPBACK: 0x9000, LLDP: 0x88cc } as const;
/** Smallest value that is a type and not a length. */
export const ETHERTYPE_MIN = 0x0600;

export const BROADCAST_MAC: Readonly<Uint8Array> = new Uint8Array([255, 255, 255, 255, 255, 255]);

/** Whether the address at `at` is a group address (its first octet's low bit). Broadcast is one. */
export function isGroup(b: Uint8Array, at: number): boolean {
  return (b[at]! & 1) === 1;
}

export function isBroadcast(b: Uint8Array, at: number): boolean {
  return (b[at]! & b[at + 1]! & b[at + 2]! & b[at + 3]! & b[at + 4]! & b[at + 5]!) === 255;
}

/** The 48-bit address as one number, exact below 2^53: a key for tables. */
export function macKey(b: Uint8Array, at: number): number {
  return ((b[at]! << 8) | b[at + 1]!) * 0x1_0000_0000 + (((b[at + 2]! << 24) | (b[at + 3]! << 16) | (b[at + 4]! << 8) | b[at + 5]!) >>> 0);
}

export function macFromKey(key: number): Uint8Array {
  const high = Math.floor(key / 0x1_0000_0000);
  const low = key % 0x1_0000_0000;
  return new Uint8Array([high >>> 8, high & 255, low >>> 24, (low >>> 16) & 255, (low >>> 8) & 255, low & 255]);
}

/** "02:00:00:00:01:01" */
export function formatMac(b: Uint8Array, at = 0): string {
  let s = "";
  for (let i = 0; i < 6; i++) s += (i > 0 ? ":" : "") + (b[at + i]! < 16 ? "0" : "") + b[at + i]!.toString(16);
  return s;
}

/** Six groups of one or two hex digits between colons; undefined when it is anything else. */
export function parseMac(text: string): Uint8Array | undefined {
  const parts = text.split(":");
  if (parts.length !== 6) return undefined;
  const out = new Uint8Array(6);
  for (let i = 0; i < 6; i++) {
    if (!/^[0-9a-fA-F]{1,2}$/.test(parts[i]!)) return undefined;
    out[i] = Number.parseInt(parts[i]!, 16);
  }
  return out;
}
