/**
 * One terminal: xterm in a panel, fetched when first shown. It shows what the engine prints and hands over what is typed.
 * Octets from a lab pass a filter first (terminal-filter.ts). Leaving by keyboard: Esc Esc; the first reaches the program.
 */
import type { ITheme, Terminal } from "@xterm/xterm";
import type { FitAddon } from "@xterm/addon-fit";
import { h, Lifetime } from "./dom.ts";
import { TerminalFilter } from "./terminal-filter.ts";
import { text } from "./text.ts";

export interface TerminalHooks {
  /** Keys as a terminal sends them. */
  typed(data: string): void;
  /** Columns and rows changed. */
  resized(columns: number, rows: number): void;
  /** Esc Esc. */
  leave(): void;
}

const ESC_TWICE_MS = 600;
const SCROLLBACK = 10_000;
/** Characters handed to xterm at once, and how many may wait: about what its scrollback holds. Of more the oldest go, and it is said. */
const PIECE = 16 << 10;
const WAITING_MAX = 512 << 10;
/** What still is shown of the waiting output when Ctrl-C was typed. */
const AFTER_INTERRUPT = 2 << 10;
const INTERRUPT = "\x03";
const PASTE_MAX = 32 << 10;
const RESIZE_MS = 150;

type Loaded = { Terminal: typeof Terminal; FitAddon: typeof FitAddon; Unicode11Addon: typeof import("@xterm/addon-unicode11").Unicode11Addon };
let library: Promise<Loaded> | undefined;

function load(): Promise<Loaded> {
  library ??= (async () => {
    const [{ Terminal }, { FitAddon }, { Unicode11Addon }] = await Promise.all([import("@xterm/xterm"), import("@xterm/addon-fit"), import("@xterm/addon-unicode11"), document.fonts.load('13px "Source Code Pro Variable"').catch(() => [])]);
    return { Terminal, FitAddon, Unicode11Addon };
  })();
  return library;
}

/** Custom properties hold light-dark(); a colour is known only where it is used. */
function colour(probe: HTMLElement, property: string): string {
  probe.style.color = `var(${property})`;
  return getComputedStyle(probe).color;
}

function themeOf(host: HTMLElement): ITheme {
  const probe = h("span", { hidden: true });
  host.append(probe);
  const c = (name: string): string => colour(probe, name);
  const [ink, ink2, ink3, raise, accent, accentSoft, ok, bad, note, routing, icmp, edge] = ["--ink", "--ink-2", "--ink-3", "--raise", "--accent", "--accent-soft", "--ok", "--bad", "--note", "--p-rtg-edge", "--p-icmp-edge", "--edge"].map(c) as [string, string, string, string, string, string, string, string, string, string, string, string];
  probe.remove();
  return {
    background: raise, foreground: ink, cursor: ink, cursorAccent: raise, selectionBackground: accentSoft, selectionForeground: ink, selectionInactiveBackground: accentSoft,
    black: ink, red: bad, green: ok, yellow: note, blue: accent, magenta: routing, cyan: icmp, white: ink2,
    brightBlack: ink3, brightRed: bad, brightGreen: ok, brightYellow: note, brightBlue: accent, brightMagenta: routing, brightCyan: icmp, brightWhite: ink,
    scrollbarSliderBackground: edge, scrollbarSliderHoverBackground: ink3, scrollbarSliderActiveBackground: ink3,
  };
}

export class TerminalPane {
  readonly element: HTMLElement;
  private readonly host: HTMLElement;
  private readonly hooks: TerminalHooks;
  private readonly life = new Lifetime();
  private readonly filter = new TerminalFilter();
  private readonly encoder = new TextEncoder();
  private terminal: Terminal | undefined;
  private fit: FitAddon | undefined;
  /** Printed and not yet on the screen. */
  private waiting = "";
  private writing = false;
  private lastEscape = 0;
  private resizeTimer: ReturnType<typeof setTimeout> | undefined;
  /** Told to the engine last. */
  private size = { columns: 0, rows: 0 };
  private wantFocus = false;

  constructor(label: string, hooks: TerminalHooks) {
    this.hooks = hooks;
    this.host = h("div", { class: "xt" });
    this.element = h("div", { class: "term" }, this.host);
    this.element.dataset.label = label;
  }

  /** Fetches xterm and opens it; the panel must be visible. @returns the size in characters. */
  async open(label: string): Promise<{ columns: number; rows: number }> {
    const { Terminal, FitAddon, Unicode11Addon } = await load();
    if (this.life.signal.aborted) return { columns: 80, rows: 24 };
    const phone = matchMedia("(max-width: 700px)").matches;
    const terminal = new Terminal({
      allowProposedApi: true,
      screenReaderMode: true,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
      fontSize: phone ? 12 : 13,
      lineHeight: 1.05,
      fontWeight: "400",
      fontWeightBold: "600",
      scrollback: SCROLLBACK,
      cursorBlink: false,
      cursorInactiveStyle: "outline",
      minimumContrastRatio: 4.5,
      theme: themeOf(this.element),
    });
    this.terminal = terminal;
    this.fit = new FitAddon();
    terminal.loadAddon(this.fit);
    terminal.loadAddon(new Unicode11Addon());
    terminal.unicode.activeVersion = "11";
    terminal.open(this.host);
    terminal.textarea?.setAttribute("aria-label", label);
    terminal.onData((data) => this.type(data));
    terminal.attachCustomKeyEventHandler((event) => this.key(event));
    this.life.add(() => terminal.dispose());
    this.followTheme();
    this.followSize();
    this.fitNow();
    this.pump();
    if (this.wantFocus) terminal.focus();
    return this.size;
  }

  get opened(): boolean {
    return this.terminal !== undefined;
  }

  get dimensions(): { columns: number; rows: number } {
    return this.size;
  }

  /** What the engine printed. */
  write(data: string): void {
    this.waiting += data;
    if (this.waiting.length > WAITING_MAX) this.shorten(WAITING_MAX / 2);
    this.pump();
  }

  /** One piece after the other, so that the page stays with the reader however much is printed. */
  private pump(): void {
    const { terminal } = this;
    if (!terminal || this.writing || this.waiting === "") return;
    const piece = this.waiting.slice(0, PIECE);
    this.waiting = this.waiting.slice(PIECE);
    this.writing = true;
    terminal.write(this.filter.pass(this.encoder.encode(piece)), () => {
      this.writing = false;
      this.pump();
    });
  }

  /** Keeps the end of what waits, from the beginning of a line. */
  private shorten(to: number): void {
    if (this.waiting.length <= to) return;
    const tail = this.waiting.slice(-to);
    const line = tail.indexOf("\n") + 1;
    this.waiting = `\x1b[0m\r\n${text.outputCut}\r\n${tail.slice(line)}`;
  }

  /** Before it is written anew. */
  clear(): void {
    this.waiting = "";
    this.terminal?.reset();
  }

  focus(): void {
    if (this.terminal) this.terminal.focus();
    else this.wantFocus = true;
  }

  /** Sends keys as if they had been typed: the row of touch keys. */
  press(data: string): void {
    this.type(data);
    this.terminal?.focus();
  }

  /** All that is on the screen and above it. */
  get transcript(): string {
    const buffer = this.terminal?.buffer.active;
    if (!buffer) return this.waiting;
    const lines: string[] = [];
    for (let i = 0; i < buffer.length; i++) lines.push(buffer.getLine(i)?.translateToString(true) ?? "");
    return lines.join("\n").trimEnd();
  }

  /** To be called when the panel is shown again. */
  shown(): void {
    this.fitNow();
  }

  dispose(): void {
    clearTimeout(this.resizeTimer);
    this.life.end();
    this.element.remove();
  }

  private type(data: string): void {
    if (data === INTERRUPT) this.shorten(AFTER_INTERRUPT);
    for (let i = 0; i < data.length; i += PASTE_MAX) this.hooks.typed(data.slice(i, i + PASTE_MAX));
  }

  private key(event: KeyboardEvent): boolean {
    if (event.type !== "keydown") return true;
    if (event.key === "Escape") {
      const twice = event.timeStamp - this.lastEscape < ESC_TWICE_MS;
      this.lastEscape = twice ? 0 : event.timeStamp;
      if (!twice) return true;
      this.stepOut();
      return false;
    }
    this.lastEscape = 0;
    // These belong to the room: next panel, check my work.
    if (event.key === "F6" || (event.key === "Enter" && event.ctrlKey)) return false;
    if (event.ctrlKey && event.shiftKey && event.code === "KeyC") {
      const chosen = this.terminal?.getSelection();
      if (chosen) void navigator.clipboard?.writeText(chosen).catch(() => undefined);
      event.preventDefault();
      return false;
    }
    return true;
  }

  /** Tab goes on past the terminal now; it is entered again by its tab, a click, or a key of the room. */
  private stepOut(): void {
    const area = this.terminal?.textarea;
    this.hooks.leave();
    if (!area) return;
    area.tabIndex = -1;
    area.addEventListener("focus", () => (area.tabIndex = 0), { once: true });
  }

  private followTheme(): void {
    const apply = (): void => {
      if (this.terminal) this.terminal.options.theme = themeOf(this.element);
    };
    const watch = new MutationObserver(apply);
    watch.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    this.life.add(() => watch.disconnect());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply, { signal: this.life.signal });
  }

  private followSize(): void {
    const watch = new ResizeObserver(() => {
      clearTimeout(this.resizeTimer);
      this.resizeTimer = setTimeout(() => this.fitNow(), RESIZE_MS);
    });
    watch.observe(this.element);
    this.life.add(() => watch.disconnect());
  }

  private fitNow(): void {
    const { terminal, fit } = this;
    if (!terminal || !fit || this.element.offsetParent === null) return;
    const wanted = fit.proposeDimensions();
    if (!wanted || !Number.isFinite(wanted.cols) || !Number.isFinite(wanted.rows)) return;
    const columns = Math.min(400, Math.max(20, wanted.cols));
    const rows = Math.min(200, Math.max(4, wanted.rows));
    if (columns !== terminal.cols || rows !== terminal.rows) terminal.resize(columns, rows);
    if (columns === this.size.columns && rows === this.size.rows) return;
    const first = this.size.columns === 0;
    this.size = { columns, rows };
    if (!first) this.hooks.resized(columns, rows);
  }
}
