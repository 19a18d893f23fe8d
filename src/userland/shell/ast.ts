/** The syntax tree of a shell program. Made by parser.ts, walked by interp.ts, printed by print.ts. */

/** A piece of a word. */
export type Part =
  /** Unquoted characters. */
  | { kind: "text"; text: string }
  /** Quoted characters: '..', \x, $'..'. */
  | { kind: "quoted"; text: string }
  | { kind: "double"; parts: Part[] }
  | ParamPart
  /** $( ) or ` `. With `error`, the backquoted text did not parse and this is said when it is expanded. */
  | { kind: "command"; body: Script; error?: SyntaxFault; source: string }
  | { kind: "arith"; parts: Part[] }
  /** <( ) or >( ) */
  | { kind: "process"; direction: "<" | ">"; body: Script };

export interface ParamPart {
  kind: "param";
  /** "x", "1", "@", "#" ... */
  name: string;
  /** ${#x} */
  length?: boolean;
  /** ${!x} */
  indirect?: boolean;
  /** ${a[..]} */
  subscript?: Part[];
  /** "-", ":-", "=", ":=", "?", ":?", "+", ":+", "#", "##", "%", "%%", and of bash "/", "//", "/#", "/%", "^", "^^", ",", ",,", ":" (substring), "@" (transformation), "names*", "names@". */
  op?: string;
  arg?: Part[];
  /** After the second ":" or "/". */
  arg2?: Part[];
  /** Not a substitution at all: this is its text. */
  bad?: string;
}

export interface Word {
  parts: Part[];
  /** As typed. */
  raw: string;
  /** An argument of declare, local, export, readonly that assigns an array. */
  assign?: Assign;
}

export interface Assign {
  name: string;
  subscript?: Part[];
  append: boolean;
  value: Part[];
  /** (..) */
  array?: { key?: Part[]; append?: boolean; value: Word }[];
  raw: string;
}

export interface Redirect {
  /** -1: the operator's own. */
  fd: number;
  /** {name}> */
  variable?: string;
  op: "<" | ">" | ">>" | ">|" | "<>" | "<&" | ">&" | "&>" | "&>>" | "<<" | "<<-" | "<<<";
  target: Word;
  /** Of << and <<-: filled in when the line is over. */
  body?: Part[];
}

export interface Simple {
  kind: "simple";
  line: number;
  assigns: Assign[];
  words: Word[];
  redirects: Redirect[];
}
export interface Pipeline {
  kind: "pipeline";
  line: number;
  commands: Node[];
  negated: boolean;
  timed?: "bash" | "posix";
}
export interface AndOr {
  kind: "and" | "or";
  left: Node;
  right: Node;
}
/** Commands one after the other. */
export interface Script {
  kind: "list";
  items: { node: Node; background: boolean }[];
}
interface Compound {
  line: number;
  redirects: Redirect[];
}
export interface Group extends Compound {
  kind: "group" | "subshell";
  body: Script;
}
export interface If extends Compound {
  kind: "if";
  clauses: { test: Script; body: Script }[];
  otherwise?: Script;
}
export interface While extends Compound {
  kind: "while" | "until";
  test: Script;
  body: Script;
}
export interface For extends Compound {
  kind: "for" | "select";
  name: string;
  /** undefined: "$@" */
  words?: Word[];
  body: Script;
}
export interface ArithFor extends Compound {
  kind: "arithfor";
  init: Part[];
  test: Part[];
  step: Part[];
  raw: string;
  body: Script;
}
export interface Case extends Compound {
  kind: "case";
  word: Word;
  clauses: { patterns: Word[]; body: Script; end: ";;" | ";&" | ";;&" }[];
}
export interface FunctionDef {
  kind: "function";
  line: number;
  name: string;
  body: Node;
  /** The file it was read from, for bash's messages. */
  source?: string;
}
export interface Arith extends Compound {
  kind: "arith";
  parts: Part[];
  raw: string;
}
export type Condition =
  | { kind: "not"; operand: Condition }
  | { kind: "and" | "or"; left: Condition; right: Condition }
  | { kind: "group"; operand: Condition }
  | { kind: "unary"; op: string; operand: Word }
  | { kind: "binary"; op: string; left: Word; right: Word }
  | { kind: "word"; word: Word };
export interface Cond extends Compound {
  kind: "cond";
  test: Condition;
}
export type Node = Simple | Pipeline | AndOr | Script | Group | If | While | For | ArithFor | Case | FunctionDef | Arith | Cond;

/** Why a text is no program. */
export type SyntaxFault =
  /** dash: `"fi" unexpected (expecting "then")`; bash: near unexpected token `fi'. */
  | { kind: "token"; token: string; text: string; expecting?: string; line: number; source: string }
  | { kind: "eof"; expecting?: string; line: number }
  /** A quote or bracket without its other end. */
  | { kind: "unclosed"; open: string; line: number; endLine: number }
  /** Other words of the shell. */
  | { kind: "other"; message: string; line: number; source?: string };
