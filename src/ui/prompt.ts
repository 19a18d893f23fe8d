/**
 * Where a shell stands, from what its terminal was sent. The line editor asks for bracketed paste while it waits for a line, and
 * gives it back before a command runs: the same mark that terminals use for "a prompt is here".
 */
const ON = "\x1b[?2004h";
const OFF = "\x1b[?2004l";
const ESCAPES = /\x1b\[[0-9;?]*[A-Za-z]/g;

/** Whether a prompt waits after this piece of output; undefined when the piece does not say. */
export function atPrompt(output: string): boolean | undefined {
  const on = output.lastIndexOf(ON);
  const off = output.lastIndexOf(OFF);
  return on < 0 && off < 0 ? undefined : on > off;
}

/** What a command printed, of all that the terminal was sent since its line was typed: without echo and prompt. */
export function printedOf(output: string): string {
  const from = output.indexOf(OFF);
  const to = output.lastIndexOf(ON);
  if (from < 0) return "";
  const printed = output.slice(from + OFF.length, to > from ? to : undefined);
  return printed.replace(ESCAPES, "").replaceAll("\r\n", "\n").replaceAll("\r", "");
}
