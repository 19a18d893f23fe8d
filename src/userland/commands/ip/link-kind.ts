/** What a type of device adds to `ip link`: its options and what `-d` prints of it. One file a type. */
import type { LinkAttrsSpec, LinkInfo, LinkKind } from "../../../kernel/api.ts";
import { type Args, Fail, matches } from "./args.ts";
import type { Printer } from "./print.ts";
import type { Tool, View } from "./tool.ts";

export interface KindRequest {
  verb: "add" | "set" | "replace" | "delete";
  /** `link DEV` stood before the type. */
  hasLink: boolean;
}

export interface LinkKindArgs {
  readonly kind: LinkKind;
  readonly usage: string;
  /** Reads all that is left. */
  parse(tool: Tool, args: Args, r: KindRequest): LinkAttrsSpec;
  /** IFLA_INFO_DATA, behind the type's name. */
  print(p: Printer, l: LinkInfo, v: View): void;
  /** The type of the slave and what its master says of it, when this type is a master. */
  printSlave?(p: Printer, l: LinkInfo, v: View): boolean;
}

/** The end of the options: help, or a word that is none. */
export function unknownOption(kind: string, usage: string, word: string): never {
  if (matches(word, "help")) throw new Fail(1, usage);
  throw new Fail(1, `${kind}: unknown command "${word}"?\n${usage}`);
}

/** A pair of words, the second of which starts with "no". */
export function noPair(word: string, name: string): boolean | undefined {
  if (matches(word, name)) return true;
  return matches(word, `no${name}`) ? false : undefined;
}
