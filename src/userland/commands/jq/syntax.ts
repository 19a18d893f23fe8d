/** What a jq program is made of, names resolved. */
import type { BinaryOperator, Json } from "./value.ts";

/** A function of the program or of the library. */
export interface Definition {
  name: string;
  params: readonly Param[];
  body: Node;
  /** Its place in an environment; undefined: of the library, which needs none. */
  id: number | undefined;
}

/** `f` is handed over unevaluated, `$x` evaluated and bound as well. */
export interface Param {
  name: string;
  id: number;
  /** Of `$x`: the variable. */
  variable: number | undefined;
}

export type Pattern = { p: "variable"; id: number } | { p: "array"; items: Pattern[] } | { p: "object"; members: PatternMember[] };

export interface PatternMember {
  key: Node;
  /** {$a} and {$a: pattern} */
  variable: number | undefined;
  value: Pattern | undefined;
}

export type Node =
  | { n: "identity" }
  | { n: "constant"; value: Json }
  | { n: "index"; of: Node; key: Node; optional: boolean }
  | { n: "slice"; of: Node; from: Node | undefined; to: Node | undefined; optional: boolean }
  | { n: "iterate"; of: Node; optional: boolean }
  | { n: "pipe"; left: Node; right: Node }
  | { n: "comma"; left: Node; right: Node }
  | { n: "negate"; of: Node }
  | { n: "binary"; op: BinaryOperator; left: Node; right: Node }
  | { n: "and" | "or"; left: Node; right: Node }
  | { n: "alternative"; left: Node; right: Node }
  /** left op= right: right is evaluated on the input, and `update` sees it as `variable`. */
  | { n: "update"; left: Node; right: Node; variable: number; update: Node }
  | { n: "if"; test: Node; yes: Node; no: Node }
  | { n: "try"; body: Node; handler: Node | undefined }
  | { n: "reduce"; source: Node; patterns: Pattern[]; variables: number[]; init: Node; update: Node }
  | { n: "foreach"; source: Node; patterns: Pattern[]; variables: number[]; init: Node; update: Node; extract: Node | undefined }
  | { n: "as"; source: Node; patterns: Pattern[]; variables: number[]; body: Node }
  | { n: "label"; id: number; body: Node }
  | { n: "break"; id: number }
  | { n: "define"; definition: Definition; body: Node }
  /** A function of the program or the library. */
  | { n: "call"; definition: Definition; args: Node[] }
  /** A parameter of the function that this stands in. */
  | { n: "closure"; id: number }
  /** Written in the host's language. */
  | { n: "native"; name: string; args: Node[] }
  | { n: "variable"; id: number }
  | { n: "array"; body: Node | undefined }
  | { n: "object"; members: { key: Node; value: Node }[] }
  | { n: "format"; name: string };

export const IDENTITY: Node = { n: "identity" };
export const constant = (value: Json): Node => ({ n: "constant", value });
