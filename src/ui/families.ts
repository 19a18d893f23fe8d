/** The ten families of packets: shape first, letters second, colour third. */
import { s } from "./dom.ts";

export type Family = "eth" | "ip" | "arp" | "icmp" | "udp" | "tcp" | "app" | "tun" | "enc" | "rtg" | "pay";

/** Half the width of a mark, with its outline. */
export const MARK_RADIUS = 9;

/** The outline of a mark around (0, 0). */
export function markPath(family: Family): string {
  switch (family) {
    case "arp":
      return "M0 -8l8 8-8 8-8-8z";
    case "icmp":
      return "M-7 0a7 7 0 1 0 14 0a7 7 0 1 0-14 0z";
    case "udp":
      return "M-6 -6h12v12h-12z";
    case "tcp":
    case "app":
      return "M-5 -6h10a6 6 0 0 1 0 12h-10a6 6 0 0 1 0-12z";
    case "enc":
      return "M-8 0l4-7h8l4 7-4 7h-8z";
    case "rtg":
      return "M0 -8l8 14h-16z";
    case "tun":
      return "M-5 -5h10v10h-10zM-8 -10h-4v20h4M8 -10h4v20h-4";
    default:
      return "M-9 -6h18v12h-18z";
  }
}

/** A mark beside words, as in a table row: 16 x 16. */
export function markIcon(family: Family): SVGSVGElement {
  return s("svg", { class: `mk f-${family}`, viewBox: "-11 -11 22 22", "aria-hidden": "true" }, s("path", { class: "mark", d: markPath(family) }));
}
