/** What the drawing and the outline say of a node, from its tables: its devices, their states and addresses. */
import type { NodeTables, Table } from "../lab/protocol.ts";

export interface DeviceFacts {
  readonly state: "up" | "down" | "no carrier";
  /** STP state of a bridge's port; "" of others. */
  readonly stp: string;
  readonly addresses: readonly string[];
}
export interface NodeFacts {
  /** Under the name in the drawing. */
  readonly lines: readonly string[];
  readonly devices: ReadonlyMap<string, DeviceFacts>;
}

/** Cells of one column; empty where the table has no such column. */
function column(table: Table | undefined, name: string): (row: readonly string[]) => string {
  const at = table ? table.columns.indexOf(name) : -1;
  return (row) => (at < 0 ? "" : (row[at] ?? ""));
}

export function factsOf(tables: NodeTables): NodeFacts {
  const links = tables.tables.find((table) => table.kind === "links");
  const addresses = tables.tables.find((table) => table.kind === "addresses");
  const linkName = column(links, "device");
  const linkState = column(links, "state");
  const linkStp = column(links, "stp");
  const addressDev = column(addresses, "device");
  const address = column(addresses, "address");
  const devices = new Map<string, DeviceFacts>();
  for (const row of links?.rows ?? []) {
    const name = linkName(row);
    const own = (addresses?.rows ?? []).filter((other) => addressDev(other) === name).map(address);
    devices.set(name, { state: linkState(row) as DeviceFacts["state"], stp: linkStp(row), addresses: own });
  }
  const visible = [...devices].filter(([name, device]) => name !== "lo" && device.addresses.length > 0);
  const single = visible.length === 1 && visible[0]?.[0] === "eth0" && visible[0][1].addresses.length === 1;
  const lines = visible.flatMap(([name, device]) => device.addresses.map((a) => (single ? a : `${name} ${a}`)));
  return { lines, devices };
}

const fingerprint = (facts: NodeFacts): string => `${facts.lines.join()};${[...facts.devices].map(([name, d]) => `${name} ${d.state} ${d.stp} ${d.addresses.join()}`).join(";")}`;

export const sameFacts = (a: NodeFacts | undefined, b: NodeFacts): boolean => a !== undefined && fingerprint(a) === fingerprint(b);
