/** [[ ]] of bash. */
import { octets, textOf } from "../octets.ts";
import type { Run } from "../process.ts";
import { compileRegex } from "../regex.ts";
import type { Condition } from "./ast.ts";
import { compareFiles, compareNumbers, fileTest } from "./builtins/test.ts";
import { arithmetic, expandPattern, expandPieces, expandString } from "./expand.ts";
import { matches } from "./pattern.ts";
import { bashQuote } from "./quote.ts";
import { traceText } from "./run.ts";
import { Abort, type Shell } from "./shell.ts";

export function* evaluateCondition(sh: Shell, c: Condition): Run<number> {
  switch (c.kind) {
    case "not": {
      const status = yield* evaluateCondition(sh, c.operand);
      return status > 1 ? status : 1 - status;
    }
    case "group":
      return yield* evaluateCondition(sh, c.operand);
    case "and":
    case "or": {
      const left = yield* evaluateCondition(sh, c.left);
      return (c.kind === "and") === (left === 0) ? yield* evaluateCondition(sh, c.right) : left;
    }
    case "word": {
      const text = yield* expandString(sh, c.word.parts);
      if (sh.options.has("xtrace")) yield* traceText(sh, `[[ -n ${bashQuote(text)} ]]`);
      return text === "" ? 1 : 0;
    }
    case "unary": {
      const text = yield* expandString(sh, c.operand.parts);
      if (sh.options.has("xtrace")) yield* traceText(sh, `[[ ${c.op} ${bashQuote(text)} ]]`);
      return unary(sh, c.op[1]!, text) ? 0 : 1;
    }
    case "binary":
      return yield* binary(sh, c);
  }
}

function unary(sh: Shell, letter: string, operand: string): boolean {
  switch (letter) {
    case "n":
      return operand !== "";
    case "z":
      return operand === "";
    case "o":
      return sh.options.has(operand);
    case "v":
      return isSet(sh, operand);
    case "R":
      return sh.variables.get(operand)?.nameref === true;
    default:
      return fileTest(sh, letter, operand);
  }
}

function isSet(sh: Shell, name: string): boolean {
  const element = /^([A-Za-z_][A-Za-z0-9_]*)\[(.+)\]$/.exec(name);
  if (!element) return sh.get(name) !== undefined;
  const v = sh.find(element[1]!);
  if (element[2] === "@" || element[2] === "*") return (v?.array?.size ?? v?.assoc?.size ?? 0) > 0;
  return v?.assoc ? v.assoc.has(element[2]!) : v?.array?.has(Number(element[2])) === true;
}

function* binary(sh: Shell, c: Condition & { kind: "binary" }): Run<number> {
  const left = yield* expandString(sh, c.left.parts);
  if (sh.options.has("xtrace")) yield* traceText(sh, `[[ ${bashQuote(left)} ${c.op} ${yield* expandString(sh, c.right.parts)} ]]`);
  switch (c.op) {
    case "=":
    case "==":
    case "!=": {
      const same = matches(yield* expandPattern(sh, c.right.parts, true), left);
      return same === (c.op !== "!=") ? 0 : 1;
    }
    case "=~":
      return yield* regexMatch(sh, left, c);
  }
  const right = yield* expandString(sh, c.right.parts);
  switch (c.op) {
    case "<":
      return left < right ? 0 : 1;
    case ">":
      return left > right ? 0 : 1;
    case "-nt":
    case "-ot":
    case "-ef":
      return compareFiles(sh, c.op, left, right) ? 0 : 1;
    default:
      try {
        return compareNumbers(c.op, yield* arithmetic(sh, left), yield* arithmetic(sh, right)) ? 0 : 1;
      } catch (e) {
        if (e instanceof Abort && e.how === "discard") return 1;
        throw e;
      }
  }
}

/** What was quoted matches literally; BASH_REMATCH gets the groups. */
function* regexMatch(sh: Shell, left: string, c: Condition & { kind: "binary" }): Run<number> {
  const pattern = (yield* expandPieces(sh, c.right.parts)).map((p) => (p.quoted ? p.text.replace(/[\\^$.[\]|()*+?{}]/g, "\\$&") : p.text)).join("");
  const regex = compileRegex(octets(pattern), { syntax: "sed-ere", ignoreCase: sh.shopts.has("nocasematch") });
  if (!regex.ok) return 2;
  const subject = octets(left);
  const found = regex.value.exec(subject);
  const groups = new Map<number, string>();
  if (found) {
    for (let i = 0; 2 * i < found.length; i++) groups.set(i, found[2 * i]! < 0 ? "" : textOf(subject.slice(found[2 * i], found[2 * i + 1])));
  }
  sh.variables.set("BASH_REMATCH", { value: undefined, array: groups, exported: false, readonly: false, integer: false });
  return found ? 0 : 1;
}
