/** REJECT: an ICMP error or a TCP reset goes back. net/ipv4/netfilter/nf_reject_ipv4.c. */
import { getU16, getU32, setU16, setU32 } from "../../base/bytes.ts";
import { finish, pseudoHeaderSum, sumWords } from "../../wire/checksum.ts";
import { ICMP_TYPE } from "../../wire/icmp.ts";
import { IPPROTO, IPV4 } from "../../wire/ipv4.ts";
import type { NetDevice } from "../netdev/device.ts";
import type { Pkt } from "./core.ts";

/** Codes of "destination unreachable", as --reject-with names them. */
export const REJECT_CODES: Readonly<Record<string, number>> = {
  "icmp-net-unreachable": 0, "icmp-host-unreachable": 1, "icmp-proto-unreachable": 2, "icmp-port-unreachable": 3, "icmp-net-prohibited": 9, "icmp-host-prohibited": 10, "icmp-admin-prohibited": 13,
};

export function reject(p: Pkt, how: string): void {
  if (how === "tcp-reset") return sendReset(p);
  const code = REJECT_CODES[how] ?? 3;
  if (p.fragment) return;
  const dev = p.indev ?? p.outdev ?? (p.skb.dev as NetDevice);
  p.ns.icmp.sendError(p.skb, dev, ICMP_TYPE.DEST_UNREACH, code, 0);
}

/** nf_send_reset: RFC 793's answer to a segment for no connection. */
function sendReset(p: Pkt): void {
  const { skb, ns } = p;
  const b = skb.bytes;
  const at = skb.transport;
  if (p.fragment || p.protocol !== IPPROTO.TCP || skb.tail - at < 20 || (b[at + 13]! & 4) !== 0) return;
  const src = getU32(b, skb.network + IPV4.src);
  const dst = getU32(b, skb.network + IPV4.dst);
  const flags = b[at + 13]!;
  const segment = new Uint8Array(20);
  setU16(segment, 0, getU16(b, at + 2));
  setU16(segment, 2, getU16(b, at));
  if ((flags & 16) !== 0) {
    setU32(segment, 4, getU32(b, at + 8));
    segment[13] = 4;
  } else {
    const data = skb.tail - at - (b[at + 12]! >> 4) * 4;
    setU32(segment, 8, (getU32(b, at + 4) + data + ((flags & 2) !== 0 ? 1 : 0) + ((flags & 1) !== 0 ? 1 : 0)) >>> 0);
    segment[13] = 0x14;
  }
  segment[12] = 0x50;
  setU16(segment, 16, finish(sumWords(segment, 0, 20, pseudoHeaderSum(dst, src, IPPROTO.TCP, 20))));
  const route = ns.routes.output({ dst: src, src: ns.fib.isLocal(dst) ? dst : 0 });
  if (!route.ok) return;
  if (ns.sim.trace.on) ns.report(skb, "netfilter", "reply", p.indev ?? p.outdev, "TCP reset", "");
  // From the address it was sent to, whoever owns that; part of the same connection (nf_ct_attach).
  ns.ip.send({ ...route.value, src: dst }, src, segment, { protocol: IPPROTO.TCP, ttl: ns.sysctl.number("net.ipv4.ip_default_ttl"), tos: 0, df: "unset", id: 0, attach: skb });
}
