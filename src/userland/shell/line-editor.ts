/** Line editing on a terminal. */
import type { Run } from "../process.ts";
import { inputLine } from "./main.ts";
import type { Shell } from "./shell.ts";

export class LineEditor {
  private readonly sh: Shell;
  constructor(sh: Shell) {
    this.sh = sh;
  }
  *readLine(prompt: string, _more: boolean): Run<string | undefined | "interrupted"> {
    yield* this.sh.proc.warn(prompt);
    return yield* inputLine(this.sh);
  }
}
