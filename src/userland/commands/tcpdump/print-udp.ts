/** UDP, RFC 768, and VXLAN inside it, RFC 7348. Other applications are shown as "UDP, length N", as unknown ones are. */
import { finish, sumWords } from "../../../wire/checksum.ts";
import { IPPROTO } from "../../../wire/ipv4.ts";
import { UDP, UDP_LEN } from "../../../wire/udp.ts";
import { hex } from "../../../base/bytes.ts";
import type { Dissector } from "./dissector.ts";
import { type Segment, segmentSum4, shouldBe, word } from "./print-ip.ts";
import { pseudoSum6 } from "./print-ip6.ts";
import { printEthernet } from "./print-link.ts";

const VXLAN_PORT = 4789;
/** Overlay Transport Virtualization has this port; Linux uses it for VXLAN when none is given, and the two headers are of one form. */
const OTV_PORT = 8472;
const VXLAN_LEN = 8;
/** Too short for a DNS header: said so. Whole messages are not read yet. */
const DNS_LEN = 12;
const DNS_PORTS: ReadonlySet<number> = new Set([53, 5353]);

export function printUdp(d: Dissector, s: Segment): void {
  d.protocol = "udp";
  if (!d.has(s.at + UDP.dst, 2)) {
    printEnds(d, s);
    d.truncated();
    return;
  }
  const srcPort = d.u16(s.at + UDP.src);
  const dstPort = d.u16(s.at + UDP.dst);
  printEnds(d, s, [srcPort, dstPort]);
  if (s.length < UDP_LEN) {
    d.out(`truncated-udp ${s.length}`);
    return;
  }
  if (!d.has(s.at + UDP.length, 2)) {
    d.truncated();
    return;
  }
  let said = d.u16(s.at + UDP.length);
  if (said === 0 && s.length > 65535) said = s.length;
  if (said < UDP_LEN) {
    d.out(`truncated-udplength ${said}`);
    return;
  }
  const data = said - UDP_LEN;
  const length = Math.min(s.length - UDP_LEN, data);
  if (s.at + UDP_LEN > d.end) {
    d.truncated();
    return;
  }
  if (d.o.v > 0 && d.o.K === 0 && !s.fragmented) printChecksum(d, s, length);
  if (d.o.q === 0 && (srcPort === VXLAN_PORT || dstPort === VXLAN_PORT)) printVxlan(d, s.at + UDP_LEN, length);
  else if (d.o.q === 0 && (srcPort === OTV_PORT || dstPort === OTV_PORT)) printOtv(d, s.at + UDP_LEN, length);
  else if (d.o.q === 0 && length < DNS_LEN && (DNS_PORTS.has(srcPort) || DNS_PORTS.has(dstPort))) d.out(`domain [length ${length} < ${DNS_LEN}] (invalid)`);
  else d.out(data > length && !s.fragmented ? `UDP, bad length ${data} > ${length}` : `UDP, length ${data}`);
}

/** "10.0.0.1.53 > 10.0.0.2.1024: ", without addresses when something else stands between IP and UDP. */
function printEnds(d: Dissector, s: Segment, ports?: readonly [number, number]): void {
  const behindIp = d.u8(s.ip + (s.version === 4 ? 9 : 6)) === IPPROTO.UDP;
  const [src, dst] = s.version === 4 ? [d.ip(s.ip + 12), d.ip(s.ip + 16)] : [d.ip6(s.ip + 8), d.ip6(s.ip + 24)];
  if (!ports) {
    if (behindIp) d.out(`${src} > ${dst}: `);
    return;
  }
  const [sport, dport] = [d.port(ports[0], "udp"), d.port(ports[1], "udp")];
  d.out(behindIp ? `${src}.${sport} > ${dst}.${dport}: ` : `${sport} > ${dport}: `);
}

function printChecksum(d: Dissector, s: Segment, length: number): void {
  const there = d.u16(s.at + UDP.checksum);
  if (s.version === 4) {
    if (d.o.v < 2) return;
    if (there === 0) {
      d.out("[no cksum] ");
      return;
    }
  }
  if (!d.has(s.at + UDP_LEN, length)) return;
  const total = length + UDP_LEN;
  const sum = s.version === 4 ? segmentSum4(d, s, total) : finish(sumWords(d.bytes, s.at, s.at + total, pseudoSum6(d, s, total)));
  d.out(sum !== 0 ? `[bad udp cksum ${word(there)} -> ${word(shouldBe(there, sum))}!] ` : "[udp sum ok] ");
}

function printOtv(d: Dissector, at: number, length: number): void {
  d.protocol = "otv";
  d.out("OTV, ");
  if (length < VXLAN_LEN) {
    d.invalid();
    return;
  }
  const flags = d.u8(at);
  d.out(`flags [${(flags & 8) !== 0 ? "I" : "."}] (0x${hex(flags, 2)}), `);
  d.out(`overlay ${d.u24(at + 1)}, `);
  d.out(`instance ${d.u24(at + 4)}\n`);
  if (!d.need(at + 7, 1)) return;
  printEthernet(d, at + VXLAN_LEN, length - VXLAN_LEN, d.end - at - VXLAN_LEN);
}

function printVxlan(d: Dissector, at: number, length: number): void {
  d.protocol = "vxlan";
  d.out("VXLAN");
  if (length < VXLAN_LEN) {
    d.invalid();
    return;
  }
  const flags = d.u8(at);
  d.out(`, flags [${(flags & 8) !== 0 ? "I" : "invalid"}] (0x${hex(flags, 2)}), `);
  d.out(`vni ${d.u24(at + 4)}\n`);
  if (!d.need(at + 7, 1)) return;
  printEthernet(d, at + VXLAN_LEN, length - VXLAN_LEN, d.end - at - VXLAN_LEN);
}
