/** The engine's word for a frame's protocol, as a family of the drawing. */
import type { Family } from "./families.ts";

const FAMILIES: Readonly<Record<string, Family>> = { arp: "arp", stp: "arp", icmp: "icmp", udp: "udp", tcp: "tcp", ip: "ip", eth: "eth" };

export const familyOf = (name: string): Family => FAMILIES[name] ?? "eth";
