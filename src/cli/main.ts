/** `packetwalk`: the command line. Node runs this file as it is. */
import { ENGINE_VERSION } from "../lab/version.ts";
import { bridgeCommand } from "./bridge.ts";
import { type Io, plain, say, Usage } from "./io.ts";
import { check } from "./lab-check.ts";
import { list } from "./lab-list.ts";
import { runLab } from "./lab-run.ts";
import { replayCommand } from "./replay.ts";

const USAGE = `usage: packetwalk <command>

  lab list                       the labs of the book
  lab check [<id>...]            prove that labs are sound
  lab run <id> [--seed N]        work on a lab in this terminal, or play a script
  bridge <id> --attach ...       join a lab's network to this machine's, over a TAP device (root)
  replay <submission...>         recompute what was handed in
  conformance <dir|file...>      compare the engine with recorded real machines

  --help, --version              also after each command

Exit status: 0 all is well, 1 something failed, 2 usage.
`;
const LAB_USAGE = `usage: packetwalk lab list|check|run

  lab list                       id, kind, minutes, points, title
  lab check [<id>...]            prove that labs are sound
  lab run <id>                   work on a lab in this terminal, or play a script

See packetwalk lab <command> --help.
`;

type Status = number | Usage | Promise<number | Usage>;

export function dispatch(argv: readonly string[], io: Io): Status {
  const [command, ...rest] = argv;
  switch (command) {
    case undefined:
      return new Usage("a command is missing; see packetwalk --help");
    case "--help":
    case "-h":
    case "help":
      return say(io, USAGE);
    case "--version":
    case "-V":
      return say(io, `packetwalk ${ENGINE_VERSION}\n`);
    case "lab":
      return labCommand(rest, io);
    case "bridge":
      return bridgeCommand(rest, io);
    case "replay":
      return replayCommand(rest, io);
    case "conformance":
      return import("./conformance.ts").then((c) => c.run(rest, io));
    default:
      return new Usage(`unknown command '${plain(command)}'; see packetwalk --help`);
  }
}

function labCommand([command, ...rest]: readonly string[], io: Io): Status {
  switch (command) {
    case undefined:
      return new Usage("lab needs list, check or run; see packetwalk lab --help");
    case "--help":
    case "-h":
      return say(io, LAB_USAGE);
    case "list":
      return list(rest, io);
    case "check":
      return check(rest, io);
    case "run":
      return runLab(rest, io);
    default:
      return new Usage(`unknown command 'lab ${plain(command)}'; see packetwalk lab --help`);
  }
}

if (import.meta.main) {
  const io: Io = { out: (t) => void process.stdout.write(t), err: (t) => void process.stderr.write(t), cwd: process.env.PACKETWALK_CWD ?? process.cwd() };
  // A reader that goes away (`| head`) is no fault of ours.
  process.stdout.on("error", (e: NodeJS.ErrnoException) => process.exit(e.code === "EPIPE" ? 0 : 1));
  try {
    const status = await dispatch(process.argv.slice(2), io);
    if (status instanceof Usage) io.err(`packetwalk: ${status.message}\n`);
    process.exitCode = status instanceof Usage ? 2 : status;
  } catch (e) {
    io.err(`packetwalk: made a mistake: ${e instanceof Error ? (process.env.PACKETWALK_DEBUG === undefined ? e.message : e.stack) : String(e)}\n`);
    process.exitCode = 1;
  }
}
