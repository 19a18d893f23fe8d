/** A lab in a real terminal, in real time: keys go to one machine at a time, Ctrl-] opens a menu. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { EngineHost } from "../lab/host.ts";
import type { ResolvedLab } from "../lab/load.ts";
import type { Event, LabView, Reply, Request } from "../lab/protocol.ts";
import { type Io, plain } from "./io.ts";
import { printGrade } from "./lab-run.ts";

const MENU_KEY = 0x1d; // Ctrl-]
const TICK_MS = 10;

type Ask = Request extends infer R ? (R extends Request ? Omit<R, "id"> : never) : never;

export function runInteractive(dir: string, resolved: ResolvedLab, handIn: { file: string | undefined; student: string }, io: Io): Promise<number> {
  return new LabTerminal(dir, resolved, handIn, io).run();
}

class LabTerminal {
  private readonly dir: string;
  private readonly resolved: ResolvedLab;
  private readonly handIn: { file: string | undefined; student: string };
  private readonly io: Io;
  private readonly host = new EngineHost((m) => this.take(m), () => performance.now());
  private readonly replies = new Map<number, (r: Reply) => void>();
  private nextId = 1;
  private view: LabView | undefined;
  private current = "";
  private readonly opened = new Set<string>();
  /** What other machines printed meanwhile. */
  private readonly waiting = new Map<string, string>();
  /** The menu's line being typed; undefined: keys go to the machine. */
  private menu: string | undefined;
  private leave: ((status: number) => void) | undefined;

  constructor(dir: string, resolved: ResolvedLab, handIn: { file: string | undefined; student: string }, io: Io) {
    this.dir = dir;
    this.resolved = resolved;
    this.handIn = handIn;
    this.io = io;
  }

  async run(): Promise<number> {
    const files = readdirSync(this.dir).map((f): [string, string] => [f, readFileSync(join(this.dir, f), "utf8")]);
    const loaded = await this.ask({ type: "load", files, seed: this.resolved.seed, lang: "en" });
    if (!loaded.ok || loaded.type !== "load") {
      this.io.err(`packetwalk: ${loaded.ok ? "cannot start" : loaded.message}\n`);
      return 1;
    }
    this.view = loaded.lab;
    this.welcome(loaded.lab);
    const { stdin } = process;
    stdin.setRawMode(true);
    stdin.on("data", (data: Buffer) => this.keys(data));
    process.stdout.on("resize", () => this.resized());
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      const elapsed = now - last;
      last = now;
      // Slices until time is where it should be, yet never so long that a key waits.
      for (let busy = this.host.tick(elapsed); busy && performance.now() - now < TICK_MS; ) busy = this.host.tick(0);
    }, TICK_MS);
    await this.go(loaded.lab.terminals[0]!);
    const status = await new Promise<number>((done) => (this.leave = done));
    clearInterval(timer);
    stdin.setRawMode(false);
    stdin.pause();
    return status;
  }

  private ask(request: Ask): Promise<Reply> {
    const id = this.nextId++;
    return new Promise((done) => {
      this.replies.set(id, done);
      this.host.handle({ ...request, id } as Request);
    });
  }

  private take(m: Reply | Event): void {
    if ("id" in m) {
      const waiting = this.replies.get(m.id);
      this.replies.delete(m.id);
      waiting?.(m);
    } else if (m.type === "output") {
      if (m.terminal === this.current && this.menu === undefined) this.io.out(m.text);
      else this.waiting.set(m.terminal, ((this.waiting.get(m.terminal) ?? "") + m.text).slice(-100_000));
    } else if (m.type === "cleared") this.waiting.delete(m.terminal);
    else if (m.type === "notice") this.say(m.notice.text);
    else if (m.type === "fault") this.say(`Packetwalk made a mistake: ${m.message}`);
  }

  private say(text: string): void {
    this.io.out(`\r\n[packetwalk] ${plain(text).replaceAll("\n", "\r\n")}\r\n`);
  }

  private welcome(lab: LabView): void {
    const lines = [`${lab.title}, seed ${lab.seed}, ${lab.points} points`, "", ...lab.intro.trim().split("\n"), "", ...lab.given.map((g) => `- ${g}`), "", ...lab.tasks.map((t) => `${t.id} (${t.points}): ${t.text.trim()}`), "", "Ctrl-] opens the menu."];
    this.io.out(`${lines.map(plain).join("\r\n")}\r\n\r\n`);
  }

  private async go(node: string): Promise<void> {
    this.current = node;
    this.io.out(`\r\n--- ${node}\r\n`);
    if (!this.opened.has(node)) {
      this.opened.add(node);
      await this.ask({ type: "open", terminal: node, node, columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 });
    }
    this.io.out(this.waiting.get(node) ?? "");
    this.waiting.delete(node);
  }

  private resized(): void {
    for (const terminal of this.opened) void this.ask({ type: "resize", terminal, columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 });
  }

  private keys(data: Buffer): void {
    const at = data.indexOf(MENU_KEY);
    if (this.menu !== undefined) return this.menuKeys(data.toString("utf8"));
    const before = at < 0 ? data : data.subarray(0, at);
    if (before.length > 0) void this.ask({ type: "input", terminal: this.current, data: before.toString("utf8") });
    if (at < 0) return;
    this.menu = "";
    const nodes = this.view!.terminals.map((n, i) => `${i + 1} ${n}${n === this.current ? " (here)" : ""}`).join("  ");
    this.io.out(`\r\n${nodes}\r\n:node NAME  :check [TASK]  :hint TASK  :undo  :save FILE  :quit   Enter goes back\r\n> `);
  }

  private menuKeys(text: string): void {
    for (const c of text) {
      if (c === "\r" || c === "\n") {
        const line = this.menu!.trim();
        this.menu = undefined;
        this.io.out("\r\n");
        void this.command(line);
        return;
      }
      if (c === "\u007f" || c === "\b") {
        if (this.menu !== "") this.io.out("\b \b");
        this.menu = this.menu!.slice(0, -1);
      } else if (c >= " ") {
        this.menu += c;
        this.io.out(c);
      }
    }
  }

  private async command(line: string): Promise<void> {
    const [word = "", argument = ""] = line.split(/\s+/);
    const number = this.view!.terminals[Number(word) - 1];
    if (number !== undefined) return this.go(number);
    switch (word.replace(/^:/, "")) {
      case "node":
        return this.view!.terminals.includes(argument) ? this.go(argument) : this.say(`there is no node '${argument}'`);
      case "check": {
        const r = await this.ask(argument === "" ? { type: "check" } : { type: "check", task: argument });
        if (r.ok && r.type === "check") printGrade(r.grade, { ...this.io, out: (t) => this.io.out(t.replaceAll("\n", "\r\n")) });
        else if (!r.ok) this.say(r.message);
        break;
      }
      case "hint": {
        const r = await this.ask({ type: "hint", task: argument });
        this.say(r.ok && r.type === "hint" ? `Hint ${r.number}: ${r.text}` : r.ok ? "" : r.message);
        break;
      }
      case "undo": {
        const r = await this.ask({ type: "undo" });
        this.say(r.ok ? "The last command is undone." : r.message);
        break;
      }
      case "save":
        await this.save(argument === "" ? (this.handIn.file ?? `${this.resolved.id}-${this.resolved.seed}.json`) : argument);
        break;
      case "quit":
      case "q":
        if (this.handIn.file !== undefined) await this.save(this.handIn.file);
        this.leave?.(0);
        return;
      case "":
        break;
      default:
        this.say(`'${word}' is not known here`);
    }
    await this.go(this.current);
  }

  private async save(file: string): Promise<void> {
    const r = await this.ask({ type: "submit", student: this.handIn.student });
    if (!r.ok || r.type !== "submit") return this.say(r.ok ? "" : r.message);
    writeFileSync(resolve(this.io.cwd, file), r.text);
    this.say(`${r.grade.points} of ${r.grade.of} points, saved as ${file}`);
  }
}
