import { defineCommand, type ManPage } from "../command.ts";
import { shellMain } from "../shell/main.ts";

const man: ManPage = {
  summary: "command interpreter (shell)",
  synopsis: ["sh [-aCefnuvxIimqVEb] [+aCefnuvxIimqVEb] [-o option_name] [-c command_string [command_name [argument ...]]] [-s] [file [argument ...]]"],
  emulated: [
    "The POSIX shell as dash 0.5.12 is it: quoting, all expansions, redirections, here-documents, pipelines, functions, traps, job control.",
    "Error messages and exit statuses are dash's.",
    "Limits: a line of 64 KiB, 64 levels of nesting, 256 KiB of expansion, 128 processes a machine.",
  ],
  notEmulated: ["vi and emacs line editing of dash: sh reads plain lines, as Debian's does.", "ulimit changes nothing."],
  examples: ["sh -c 'echo $0 $1' name x", "sh script.sh"],
};

export const sh = defineCommand({ name: "sh", aliases: ["dash"], man, run: (proc, args) => shellMain(proc, "dash", args) });
