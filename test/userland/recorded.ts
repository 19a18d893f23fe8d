/** Lines whose results were recorded from the real tool: each is run by sh in a directory with the files of the recording. */
import { encodeUtf8 } from "../../src/base/bytes.ts";
import { makeMachine, type Outcome, sh } from "./machine.ts";

export interface RecordedLine {
  line: string;
  out: string;
  err?: string;
  status?: number;
}

export interface Recording {
  /** Tool, version, circumstances. */
  recorded: string;
  files: Record<string, string>;
  cases: RecordedLine[];
}

export const wanted = (c: RecordedLine): Outcome => ({ status: c.status ?? 0, stdout: c.out, stderr: c.err ?? "" });

export function replay({ files }: Recording, line: string): Outcome {
  const m = makeMachine();
  sh(m, "mkdir /tmp/w");
  for (const [name, text] of Object.entries(files)) m.fs.writeFile(`/tmp/w/${name}`, encodeUtf8(text), { mode: 0o644 });
  return sh(m, `cd /tmp/w\n${line}`);
}
