/** The list of builtins, per shell. */
import type { Run } from "../../process.ts";
import type { Dialect } from "../parser.ts";
import type { Shell } from "../shell.ts";
import { basicBuiltins } from "./basic.ts";
import { bashBuiltins } from "./bash.ts";
import { commandBuiltins } from "./commands.ts";
import { flowBuiltins } from "./flow.ts";
import { jobBuiltins } from "./jobs.ts";
import { testBuiltins } from "./test.ts";
import { variableBuiltins } from "./variables.ts";

export interface Builtin {
  name: string;
  /** A special builtin of POSIX: found before functions, and its errors end dash. */
  special?: boolean;
  /** Only in this shell. */
  only?: Dialect;
  /** Redirections stay when it returns (exec). */
  keepsRedirects?: boolean;
  /** How it is called, as bash's `help` and usage messages have it. */
  usage: string;
  summary: string;
  run(sh: Shell, args: readonly string[]): Run<number>;
}

/** All of them. Made when first asked for: the files import each other. */
export function allBuiltins(): readonly Builtin[] {
  return [...basicBuiltins, ...flowBuiltins, ...variableBuiltins, ...commandBuiltins, ...testBuiltins, ...jobBuiltins, ...bashBuiltins];
}

const tables: Partial<Record<Dialect, ReadonlyMap<string, Builtin>>> = {};

export function builtins(dialect: Dialect): ReadonlyMap<string, Builtin> {
  return (tables[dialect] ??= new Map(allBuiltins().filter((b) => !b.only || b.only === dialect).map((b) => [b.name, b])));
}
