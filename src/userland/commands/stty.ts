/** stty: coreutils 9.1, the settings that a terminal has here. */
import { quote } from "../gnu-quote.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";
import type { Tty } from "../tty.ts";

function* show(t: Tool, tty: Tty, all: boolean): Run<void> {
  const off = (on: boolean, name: string): string => (on ? name : `-${name}`);
  const { canonical, echo, signals } = tty.mode;
  if (!all) {
    yield* t.print("speed 38400 baud; line = 0;\n");
    const changed = [off(signals, "isig"), off(canonical, "icanon"), off(echo, "echo")].filter((s) => s.startsWith("-"));
    if (tty.mode.crToNl === false) yield* t.print("-icrnl\n");
    if (tty.mode.nlToCrNl === false) yield* t.print("-opost\n");
    if (changed.length > 0) yield* t.print(`${changed.join(" ")}\n`);
    return;
  }
  yield* t.print(`speed 38400 baud; rows ${tty.rows}; columns ${tty.columns}; line = 0;
intr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; eol = <undef>; eol2 = <undef>; swtch = <undef>; start = ^Q; stop = ^S; susp = ^Z; rprnt = ^R; werase = ^W; lnext = ^V; discard = ^O; min = 1; time = 0;
-parenb -parodd -cmspar cs8 -hupcl -cstopb cread -clocal -crtscts
-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr ${off(tty.mode.crToNl !== false, "icrnl")} -ixon -ixoff -iuclc -ixany -imaxbel iutf8
${off(tty.mode.nlToCrNl !== false, "opost")} -olcuc -ocrnl onlcr -onocr -onlret -ofill -ofdel nl0 cr0 tab0 bs0 vt0 ff0
${off(signals, "isig")} ${off(canonical, "icanon")} -iexten ${off(echo, "echo")} echoe echok -echonl -noflsh -xcase -tostop -echoprt echoctl echoke -flusho -extproc
`);
}

/** One setting. @returns whether it is one. */
function apply(tty: Tty, word: string): boolean {
  const on = !word.startsWith("-");
  const mode = { ...tty.mode };
  switch (word.replace(/^-/, "")) {
    case "echo":
      mode.echo = on;
      break;
    case "icanon":
      mode.canonical = on;
      break;
    case "isig":
      mode.signals = on;
      break;
    case "icrnl":
      mode.crToNl = on;
      break;
    case "opost":
    case "onlcr":
      mode.nlToCrNl = on;
      break;
    case "cbreak":
      mode.canonical = !on;
      break;
    case "sane":
    case "cooked":
      Object.assign(mode, { canonical: true, echo: word === "sane" ? true : mode.echo, signals: true, crToNl: true, nlToCrNl: true });
      break;
    case "raw":
      Object.assign(mode, on ? { canonical: false, signals: false, crToNl: false, nlToCrNl: false } : { canonical: true, signals: true, crToNl: true, nlToCrNl: true });
      break;
    default:
      return false;
  }
  tty.mode = mode;
  return true;
}

/** Settings that real terminals have and this one does not. */
const KNOWN = /^-?(parenb|parodd|cmspar|cs[5-8]|hupcl|hup|cstopb|cread|clocal|crtscts|brkint|igncr|ignbrk|ignpar|imaxbel|inlcr|inpck|istrip|iutf8|iuclc|ixany|ixoff|ixon|parmrk|tandem|bs[01]|cr[0-3]|ff[01]|nl[01]|ocrnl|ofdel|ofill|olcuc|onlret|onocr|tab[0-3]|vt[01]|echoctl|ctlecho|crterase|echoe|crtkill|echoke|echok|echonl|extproc|flusho|iexten|noflsh|echoprt|prterase|tostop|xcase|crt|dec|decctlq|evenp|parity|litout|nl|oddp|pass8|ek|erase|intr|quit|kill|eof|eol|eol2|swtch|start|stop|susp|rprnt|werase|lnext|discard|min|time|ispeed|ospeed|line)$/;

export const stty = defineTool({
  name: "stty",
  man: {
    summary: "change and print terminal line settings",
    synopsis: ["stty [-F DEVICE | --file=DEVICE] [SETTING]...", "stty [-a|--all]", "stty size"],
    emulated: ["-a, size, rows N, cols N", "echo, icanon, isig, icrnl, opost, onlcr, cbreak, raw, cooked, sane"],
    notEmulated: ["Serial lines, other control characters, -g, -F."],
    examples: ["stty size", "stty -echo"],
  },
  shorts: "agF:",
  longs: { all: "a", save: "g", file: "F:" },
  refused: ["g", "F"],
  // Settings look like options.
  adapt: (args) => args.map((a) => (/^-(a|g|F|-.*)$/.test(a) ? a : a.startsWith("-") ? `\0${a}` : a)),
  *run(t, options, operands) {
    const words = operands.map((w) => w.replace("\0", ""));
    const file = t.proc.fds.get(0);
    if (!file?.tty || file.kind !== "tty") return yield* t.error("'standard input': Inappropriate ioctl for device");
    const { tty } = file;
    if (words.length === 0) yield* show(t, tty, options.some((o) => o.key === "a"));
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      if (word === "size") yield* t.print(`${tty.rows} ${tty.columns}\n`);
      else if (word === "speed") yield* t.print("38400\n");
      else if (["rows", "cols", "columns"].includes(word)) {
        const n = words[++i];
        if (n === undefined) return yield* t.usage(`missing argument to ${quote(word)}`);
        if (!/^[0-9]+$/.test(n)) return yield* t.usage(`invalid integer argument: ${quote(n)}`);
        tty.resize(word === "rows" ? tty.columns : Number(n), word === "rows" ? Number(n) : tty.rows);
      } else if (!apply(tty, word)) {
        if (KNOWN.test(word)) return yield* t.notEmulated(`stty ${word}`);
        return yield* t.usage(`invalid argument ${quote(word)}`);
      }
    }
    return 0;
  },
});
