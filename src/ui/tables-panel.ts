/** The tables of one node, as its own commands list them; or the facts of one cable. Real tables with captions. */
import type { CableView, NodeTables, Table } from "../lab/protocol.ts";
import { button, h, replace } from "./dom.ts";
import { formatDelay } from "./format.ts";
import { text } from "./text.ts";

export interface TablesHooks {
  /** Another node was chosen. */
  node(name: string): void;
  cut(cable: number, cut: boolean): void;
  framesOf(cable: number): void;
}

export interface CableFacts {
  readonly cable: CableView;
  readonly cut: boolean;
  readonly frames: number;
  readonly readOnly: boolean;
}

const formatBits = (bits: number): string => (bits >= 1e9 ? `${bits / 1e9} Gbit` : bits >= 1e6 ? `${bits / 1e6} Mbit` : bits >= 1e3 ? `${bits / 1e3} kbit` : `${bits} bit`);
/** What is asked for most stands first. */
const ORDER: readonly Table["kind"][] = ["fdb", "neigh", "routes", "addresses", "links"];

/** What makes a row another row: everything but its counters. */
const COUNTERS = new Set(["rx packets", "tx packets", "dropped"]);
const keyOf = (table: Table, row: readonly string[]): string => row.filter((_, i) => !COUNTERS.has(table.columns[i] ?? "")).join("\u0000");

export class TablesPanel {
  readonly element: HTMLElement;
  /** The same head stands in its own panel on wide screens, and in the tab on others. */
  private readonly select: HTMLSelectElement;
  private readonly legend = h("span", { class: "dim legend", hidden: true }, h("span", { class: "keynew" }), ` ${text.changedSince}`);
  private readonly grid = h("div", { class: "tgrid" });
  private readonly hooks: TablesHooks;
  private tables: NodeTables | undefined;
  /** Rows that were there at the last command, by node and table. */
  private before = new Map<string, ReadonlySet<string>>();
  private seen = new Map<string, ReadonlySet<string>>();
  private highlight = "";

  constructor(nodes: readonly string[], hooks: TablesHooks) {
    this.hooks = hooks;
    this.select = h("select", { class: "field", "aria-label": text.node }, ...nodes.map((node) => h("option", { value: node }, node)));
    this.select.addEventListener("change", () => hooks.node(this.select.value));
    const head = h("div", { class: "ph" }, h("h2", {}, text.tables), this.select, this.legend);
    this.element = h("div", { class: "tables" }, head, h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": text.tables }, this.grid));
  }

  get node(): string {
    return this.select.value;
  }

  focus(): void {
    this.select.focus();
  }

  /** From now on rows that were not there count as new. */
  mark(): void {
    this.before = new Map(this.seen);
  }

  forget(): void {
    this.before = new Map();
    this.seen = new Map();
  }

  show(tables: NodeTables, device = ""): void {
    this.tables = tables;
    this.highlight = device;
    this.select.value = tables.node;
    for (const table of tables.tables) this.seen.set(`${tables.node} ${tables.netns} ${table.kind}`, new Set(table.rows.map((row) => keyOf(table, row))));
    this.draw();
  }

  showCable(facts: CableFacts): void {
    this.tables = undefined;
    const { cable } = facts;
    const row = (name: string, value: string): HTMLElement => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value));
    const ends = cable.ends.map((end) => `${end.node}:${end.dev}`);
    const caption = `${text.cableFacts} ${ends.join(", ")}`;
    replace(
      this.grid,
      h(
        "div",
        { class: "cablefacts" },
        h(
          "table",
          { class: "tbl" },
          h("caption", {}, caption),
          h("tbody", {}, ...cable.ends.map((end) => row(`${end.node}:${end.dev}`, end.mac)), row(text.delay, formatDelay(cable.delay)), row(text.rate, text.perSecond(formatBits(cable.rate))), row(text.state, facts.cut ? text.unplugged : text.states.up), row(text.sent, String(facts.frames))),
        ),
        h(
          "div",
          { class: "row-acts" },
          !facts.readOnly && button("btn sm", facts.cut ? text.plug : text.pull, () => this.hooks.cut(cable.id, !facts.cut)),
          button("btn sm", text.framesOnly, () => this.hooks.framesOf(cable.id)),
        ),
      ),
    );
    this.legend.hidden = true;
  }

  private draw(): void {
    const { tables } = this;
    if (!tables) return;
    let anyNew = false;
    const drawn = [...tables.tables].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind)).map((table) => {
      const old = this.before.get(`${tables.node} ${tables.netns} ${table.kind}`);
      const fresh = (row: readonly string[]): boolean => old !== undefined && !old.has(keyOf(table, row));
      if (table.rows.some(fresh)) anyNew = true;
      return this.table(table, fresh);
    });
    replace(this.grid, ...drawn);
    this.legend.hidden = !anyNew;
  }

  private table(table: Table, fresh: (row: readonly string[]) => boolean): HTMLElement {
    const names: Readonly<Record<string, string>> = text.tableNames;
    const hints: Readonly<Record<string, string>> = text.tableHints;
    const caption = h("caption", {}, names[table.kind] ?? table.kind, " ", h("code", {}, hints[table.kind] ?? ""));
    if (table.rows.length === 0) return h("table", { class: "tbl" }, caption, h("tbody", {}, h("tr", {}, h("td", { class: "none" }, text.emptyTable))));
    // A column in which nothing stands says nothing.
    const columns = table.columns.map((name, i) => ({ name, i })).filter(({ i }) => table.rows.some((row) => row[i]));
    return h(
      "table",
      { class: "tbl" },
      caption,
      h("thead", {}, h("tr", {}, ...columns.map(({ name: column }) => h("th", { scope: "col" }, text.columnNames[column] ?? column)))),
      h(
        "tbody",
        {},
        ...table.rows.map((row) => {
          const isNew = fresh(row);
          const chosen = this.highlight !== "" && row.includes(this.highlight);
          return h("tr", { class: [isNew ? "new" : "", chosen ? "pick" : ""].join(" ").trim() || undefined }, ...columns.map(({ i }, k) => h("td", {}, isNew && k === 0 ? "+ " : "", row[i] ?? "")));
        }),
      ),
    );
  }
}
