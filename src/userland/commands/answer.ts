/**
 * `answer KEY VALUE...`: Packetwalk's own command. Writes an answer to /root/answers/KEY, where a lab's checks look for it; no real
 * machine has it. What is right is not known here.
 */
import { decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import { type Command, defineCommand } from "../command.ts";
import type { Process, Run } from "../process.ts";

const DIR = "/root/answers";
const KEY = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;

function* list(proc: Process): Run<number> {
  const names = proc.machine.fs.readdir(DIR);
  for (const name of names.ok ? names.value : []) {
    const text = proc.machine.fs.readFile(proc, `${DIR}/${name}`);
    if (text.ok) yield* proc.print(`${name}: ${decodeUtf8(text.value)}`);
  }
  return 0;
}

export const answer: Command = defineCommand({
  name: "answer",
  man: {
    summary: "give an answer to a question of the lab",
    synopsis: ["answer KEY VALUE...", "answer KEY", "answer"],
    emulated: [
      "answer KEY VALUE: writes VALUE to /root/answers/KEY. An earlier answer is replaced; that costs nothing.",
      "answer KEY: removes the answer. answer alone lists those given on this machine.",
      "This command is Packetwalk's own. It says nothing about whether the answer is right: check your work does.",
    ],
    notEmulated: [],
    examples: ["answer where s1", "answer mac 52:54:00:12:34:56"],
  },
  *run(proc, args) {
    const [key, ...words] = args;
    if (key === undefined) return yield* list(proc);
    if (!KEY.test(key)) {
      yield* proc.warn("answer: KEY is made of a-z, 0-9, '.', '_' and '-'\n");
      return 2;
    }
    if (words.length === 0) {
      proc.machine.fs.unlink(`${DIR}/${key}`);
      return 0;
    }
    proc.machine.fs.mkdir(DIR, { parents: true });
    const written = proc.machine.fs.writeFile(`${DIR}/${key}`, encodeUtf8(`${words.join(" ")}\n`));
    if (!written.ok) {
      yield* proc.warn(`answer: cannot write ${DIR}/${key}\n`);
      return 1;
    }
    return 0;
  },
});
