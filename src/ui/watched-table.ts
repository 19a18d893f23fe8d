/** A node's table under a figure, as it was after each step: rows that the step made are marked. */
import type { LabView, Table } from "../lab/protocol.ts";
import { h, replace } from "./dom.ts";
import type { Film, Step } from "./film.ts";
import { text } from "./text.ts";

export class WatchedTable {
  readonly element: HTMLElement;
  private readonly node: string;
  private readonly kind: Table["kind"];
  private readonly owners: ReadonlyMap<string, string>;
  private states: readonly (readonly (readonly string[])[])[] = [];
  private columns: readonly string[] = [];

  /** `what` is "s1 fdb". */
  constructor(what: string, lab: LabView) {
    const [node = "", kind = ""] = what.split(/\s+/);
    this.node = node;
    this.kind = kind as Table["kind"];
    this.owners = new Map(lab.cables.flatMap(({ ends }) => ends.map((end) => [end.mac, end.node] as const)));
    this.element = h("div", { class: "watched" });
  }

  /** Asks how the table was before the first step and after each. */
  async read(film: Film, steps: readonly Step[]): Promise<void> {
    const tables: Table[] = [];
    for (const at of [steps[0] ? steps[0].at - 1 : 0, ...steps.map((step) => step.until)]) {
      const table = await film.tableAt(this.node, this.kind, at);
      if (!table) throw new Error(`${this.node} has no table '${this.kind}'`);
      tables.push(table);
    }
    this.columns = tables[0]?.columns ?? [];
    this.states = tables.map(({ rows }) => rows.filter((row) => !row.includes("permanent")));
    // Room for all rows there will be: nothing below moves from step to step.
    this.element.style.setProperty("--rows", String(Math.max(1, ...this.states.map((rows) => rows.length))));
  }

  /** After step `index`; -1 is before the first. */
  show(index: number): void {
    const rows = this.states[index + 1] ?? [];
    const before = new Set((this.states[index] ?? rows).map((row) => row.join(" ")));
    const name = `${text.tableNames[this.kind]}, ${this.node}`;
    const body = rows.length === 0 ? [h("tr", {}, h("td", { class: "none" }, text.emptyTable))] : rows.map((row) => this.row(row, !before.has(row.join(" "))));
    replace(this.element, h("table", {}, h("caption", {}, name), rows.length > 0 && h("thead", {}, h("tr", {}, ...this.shown.map((i) => h("th", { scope: "col" }, text.columnNames[this.columns[i]!] ?? this.columns[i])))), h("tbody", {}, ...body)));
  }

  /** Columns in which something stands; there is one bridge only. */
  private get shown(): readonly number[] {
    return [...this.columns.keys()].filter((i) => this.columns[i] !== "bridge" && this.states.flat().some((row) => row[i]));
  }

  private row(row: readonly string[], fresh: boolean): HTMLElement {
    const [first, ...rest] = this.shown;
    const mac = row[first ?? 0] ?? "";
    const owner = this.owners.get(mac);
    return h("tr", { class: fresh ? "new" : undefined }, h("td", {}, fresh ? "+ " : "  ", mac, owner ? h("span", { class: "dim" }, ` ${owner}`) : undefined), ...rest.map((i) => h("td", {}, row[i] ?? "")));
  }
}
