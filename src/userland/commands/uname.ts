/** uname: coreutils 9.1, and arch. The kernel that is emulated is Debian 12's. */
import { KERNEL_VERSION, kernelRelease } from "../kernel-version.ts";
import { quote } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";

export const uname = defineTool({
  name: "uname",
  man: {
    summary: "print system information",
    synopsis: ["uname [OPTION]..."],
    emulated: ["-s, -n, -r, -v, -m, -p, -i, -o, -a: as Debian 12 on a PC answers."],
    notEmulated: ["The release is that of the kernel whose behaviour is emulated."],
  },
  shorts: "asnrvmpio",
  longs: {
    all: "a", "kernel-name": "s", nodename: "n", "kernel-release": "r", "kernel-version": "v", machine: "m", processor: "p", "hardware-platform": "i", "operating-system": "o",
  },
  *run(t, options, operands) {
    if (operands.length > 0) return yield* t.usage(`extra operand ${quote(operands[0]!)}`);
    const values: Readonly<Record<string, string>> = {
      s: "Linux", n: t.proc.machine.hostname, r: kernelRelease(t.proc), v: KERNEL_VERSION, m: "x86_64", p: "unknown", i: "unknown", o: "GNU/Linux",
    };
    const all = options.some((o) => o.key === "a");
    // -a leaves out what is unknown.
    const keys = Object.keys(values).filter((k) => (all ? k !== "p" && k !== "i" : options.some((o) => o.key === k)));
    yield* t.say(`${(keys.length > 0 ? keys : ["s"]).map((k) => values[k]).join(" ")}\n`);
    return 0;
  },
});
