/** tee: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { quoteName } from "../gnu-quote.ts";
import { bytesOf } from "../octets.ts";
import { defineTool } from "../tool.ts";

export const tee = defineTool({
  name: "tee",
  man: {
    summary: "read from standard input and write to standard output and files",
    synopsis: ["tee [OPTION]... [FILE]..."],
    emulated: ["-a, --append: append to the files", "-i, --ignore-interrupts: Ctrl-C does not end it"],
    notEmulated: ["-p, --output-error"],
    examples: ["ip route | tee routes | wc -l"],
  },
  shorts: "aip",
  longs: { append: "a", "ignore-interrupts": "i", "output-error": "p::" },
  refused: ["p"],
  *run(t, options, operands) {
    const append = options.some((o) => o.key === "a");
    if (options.some((o) => o.key === "i")) t.proc.onSignal("SIGINT", "ignore");
    const sinks: { fd: number; name: string }[] = [{ fd: 1, name: "standard output" }];
    for (const name of operands) {
      const fd = t.create(name, append ? { append: true, create: true } : { write: true, create: true, truncate: true });
      if (typeof fd === "string") yield* t.error(`${quoteName(name)}: ${strerror(fd)}`);
      else sinks.push({ fd, name });
    }
    const input = t.open("-");
    if (typeof input === "string") return 1;
    for (let s = yield* input.chunk(); s !== "" && sinks.length > 0; s = yield* input.chunk()) {
      for (const sink of [...sinks]) {
        const failed = yield* t.proc.write(sink.fd, bytesOf(s));
        if (!failed) continue;
        yield* t.error(`${quoteName(sink.name)}: ${strerror(failed)}`);
        sinks.splice(sinks.indexOf(sink), 1);
      }
    }
    if (input.error) yield* t.error(`read error: ${strerror(input.error)}`);
    return t.status;
  },
});
