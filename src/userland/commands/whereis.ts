/** whereis: util-linux 2.38. There are programs and their manual pages, no sources. */
import { defineTool } from "../tool.ts";

const PLACES = ["/usr/bin", "/usr/sbin", "/etc", "/usr/share", "/usr/local/bin", "/usr/local/sbin", "/usr/local/etc"];

export const whereis = defineTool({
  name: "whereis",
  suite: "util-linux",
  version: "2.38.1",
  man: { summary: "locate the binary, source, and manual page files for a command", synopsis: ["whereis [options] [-BMS <dir>... -f] <name>"], emulated: ["-b: programs only; -m: manual pages only; -s finds nothing"], notEmulated: ["-B, -M, -S, -f, -u, -g, -l"] },
  shorts: "bB:fglM:msS:uhV",
  refused: ["B", "M", "S", "f", "u", "g", "l"],
  *run(t, options, operands) {
    if (operands.length === 0) return yield* t.usage("not enough arguments");
    const only = options.map((o) => o.key).filter((k) => "bms".includes(k));
    const { fs, commands } = t.proc.machine;
    for (const name of operands) {
      const found: string[] = [];
      if (only.length === 0 || only.includes("b")) for (const dir of PLACES) if (fs.stat(`${dir}/${name}`).ok) found.push(`${dir}/${name}`);
      const command = commands.find((c) => c.name === name || c.aliases?.includes(name));
      const section = command?.dir?.endsWith("sbin") ? 8 : 1;
      if (command && (only.length === 0 || only.includes("m"))) found.push(`/usr/share/man/man${section}/${name}.${section}.gz`);
      yield* t.say(`${name}:${found.map((f) => ` ${f}`).join("")}\n`);
    }
    return 0;
  },
});
