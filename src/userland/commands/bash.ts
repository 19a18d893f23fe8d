import { defineCommand } from "../command.ts";
import { shellMain } from "../shell/main.ts";

export const bash = defineCommand({
  name: "bash",
  aliases: ["rbash"],
  man: {
    summary: "GNU Bourne-Again SHell",
    synopsis: ["bash [options] [command_string | file]"],
    emulated: [
      "The shell as bash 5.2 is it: everything of sh, and arrays, [[ ]], (( )), brace expansion, ${x/a/b}, ${x:1:2}, here-strings, process substitution, select, extended patterns, shopt.",
      "Line editing: arrows, Home, End, Ctrl-A E K U W Y L D C R, Alt-B F D, history, !!, Tab completion.",
      "Job control: Ctrl-Z, jobs, fg, bg, kill %1, disown.",
      "Startup files: /etc/profile, ~/.bash_profile, ~/.profile, /etc/bash.bashrc, ~/.bashrc.",
    ],
    notEmulated: ["coproc, bind, complete, compgen, fc, enable.", "Restricted mode, POSIX mode, loadable builtins.", "Processor times are 0."],
    examples: ["bash -c 'echo ${BASH_VERSION}'", "bash script.sh"],
  },
  run: (proc, args) => shellMain(proc, "bash", args),
});
