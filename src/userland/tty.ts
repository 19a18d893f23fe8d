/** A terminal: line discipline, foreground process group, window size. After termios(3) and tty_ioctl(4). */
import type { OpenFile, Process } from "./process.ts";

export interface TtyMode {
  /** Lines, erase and end-of-file characters (ICANON). */
  canonical: boolean;
  echo: boolean;
  /** Ctrl-C, Ctrl-\ and Ctrl-Z make signals (ISIG). */
  signals: boolean;
}

export interface Tty extends OpenFile {
  readonly kind: "tty";
  /** "pts/0" */
  readonly name: string;
  columns: number;
  rows: number;
  mode: TtyMode;
  /** Who gets the keyboard's signals and may read. */
  foreground: number;
  session: Process | undefined;
  /** Keys typed by the person, as UTF-8 octets of what a terminal sends (`\r` for Enter, `\x03` for Ctrl-C). */
  input(bytes: Uint8Array): void;
  /** Where the screen's octets go (`\n` is already `\r\n`). */
  onOutput: (bytes: Uint8Array) => void;
  resize(columns: number, rows: number): void;
}
