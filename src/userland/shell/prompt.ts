/** Prompts: bash's backslash escapes (bash(1) PROMPTING), then expansion. */
import type { Run } from "../process.ts";
import { strftime, wallTime } from "../wall-clock.ts";
import { Abort, type Shell } from "./shell.ts";
import { expandText } from "./expand.ts";

export function* promptText(sh: Shell, form: string): Run<string> {
  if (form === "") return "";
  const text = sh.bash ? escapes(sh, form) : form;
  const { status } = sh;
  try {
    return yield* expandText(sh, text);
  } catch (e) {
    if (!(e instanceof Abort)) throw e;
    return text;
  } finally {
    sh.status = status;
  }
}

function escapes(sh: Shell, form: string): string {
  let out = "";
  for (let i = 0; i < form.length; i++) {
    if (form[i] !== "\\" || i + 1 === form.length) {
      out += form[i];
      continue;
    }
    i++;
    const octal = /^[0-7]{1,3}/.exec(form.slice(i))?.[0];
    const date = /^D\{([^}]*)\}/.exec(form.slice(i));
    if (octal) {
      out += String.fromCharCode(Number.parseInt(octal, 8));
      i += octal.length - 1;
    } else if (date) {
      out += strftime(date[1] || "%X", wallTime(sh.proc.now));
      i += date[0].length - 1;
    } else out += one(sh, form[i]!);
  }
  return out;
}

/** What the expansion that follows must not touch. */
function literal(text: string): string {
  return text.replace(/[$`\\"]/g, "\\$&");
}

function one(sh: Shell, c: string): string {
  const { machine } = sh.proc;
  const home = sh.get("HOME") ?? "";
  const cwd = home !== "" && (sh.proc.cwd === home || sh.proc.cwd.startsWith(`${home}/`)) ? `~${sh.proc.cwd.slice(home.length)}` : sh.proc.cwd;
  switch (c) {
    case "u":
      return literal(sh.proc.uid === 0 ? "root" : (sh.get("USER") ?? String(sh.proc.uid)));
    case "h":
      return literal(machine.hostname.split(".")[0]!);
    case "H":
      return literal(machine.hostname);
    case "w":
      return literal(cwd);
    case "W":
      return literal(cwd === "/" || cwd === "~" ? cwd : cwd.slice(cwd.lastIndexOf("/") + 1));
    case "$":
      return sh.proc.uid === 0 ? "#" : "\\$";
    case "s":
      return literal(sh.arg0.replace(/^-/, "").replace(/^.*\//, ""));
    case "v":
      return "5.2";
    case "V":
      return "5.2.15";
    case "j":
      return String(sh.jobs.jobs.length);
    case "!":
    case "#":
      return String(c === "!" ? sh.history.length + 1 : sh.commandNumber);
    case "l":
      return literal(sh.proc.tty?.name.replace(/^.*\//, "") ?? "tty");
    case "t":
    case "T":
    case "@":
    case "A":
    case "d":
      return strftime({ t: "%H:%M:%S", T: "%I:%M:%S", "@": "%I:%M %p", A: "%H:%M", d: "%a %b %d" }[c], wallTime(sh.proc.now));
    case "n":
      return "\n";
    case "r":
      return "\r";
    case "a":
      return "\x07";
    case "e":
      return "\x1b";
    case "[":
      return "\x01";
    case "]":
      return "\x02";
    case "\\":
      return "\\\\";
    default:
      return `\\${c}`;
  }
}
