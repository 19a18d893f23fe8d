/**
 * The language of solution.sh and of the scripts in wrong.yaml: what is typed in which terminal, in steps
 * (docs/lab-format.md, "solution.sh"). Also what `packetwalk lab run --script` reads.
 */
import { type Env, substituteText } from "./template.ts";

export type Action =
  /** Types a line in a node's terminal and waits until the prompt is back; with `wait: false` it does not wait. */
  | { do: "type"; node: string; text: string; wait: boolean; line: number }
  /** A control key: "C" is Ctrl-C. */
  | { do: "key"; node: string; key: string; line: number }
  | { do: "wait"; seconds: number; line: number }
  /** The commands of a step of the reference solution, or of all of it. */
  | { do: "use"; step: string; line: number };

export interface Step {
  name: string;
  line: number;
  /** The condition under which it exists: expression to accepted values. */
  when: { what: string; values: string[]; line: number }[];
  actions: Action[];
}

export interface ScriptProblem {
  line: number;
  rule: string;
  fix: string;
}

const MARK = /^#\s*(step|when|wait|use)\s*:\s*(.*?)\s*$/;
const TYPED = /^([a-z0-9][a-z0-9._-]{0,62})([$#&])\s?(.*)$/;
const KEYED = /^([a-z0-9][a-z0-9._-]{0,62})\^([A-Z\\])$/;

/** @returns the steps; actions before the first `# step:` are a step named "". */
export function parseScript(text: string, env: Env, firstLine = 1): { steps: Step[]; problems: ScriptProblem[] } {
  const problems: ScriptProblem[] = [];
  const steps: Step[] = [];
  const current = (line: number): Step => {
    if (steps.length === 0) steps.push({ name: "", line, when: [], actions: [] });
    return steps[steps.length - 1]!;
  };
  text.split("\n").forEach((raw, i) => {
    const line = firstLine + i;
    const complain = (rule: string, fix: string): void => void problems.push({ line, rule, fix });
    if (raw.trim() === "") return;
    const mark = MARK.exec(raw);
    if (raw.startsWith("#") && mark === null) return;
    if (mark !== null) {
      readMark(mark[1]!, mark[2]!, line, steps, current, complain);
      return;
    }
    // What stands for a node and its command is put in first; a step that does not exist for this seed may name what is not there.
    current(line).actions.push(...readTyped(raw, env, line, complain));
  });
  return { steps, problems };
}

type Complain = (rule: string, fix: string) => void;

function readMark(word: string, rest: string, line: number, steps: Step[], current: (line: number) => Step, complain: Complain): void {
  if (word === "step") {
    if (!/^[a-z0-9][a-z0-9._-]{0,62}$/.test(rest)) complain("has a step without a proper name", "write '# step: name' with a-z, 0-9, '-'");
    else if (steps.some((s) => s.name === rest)) complain(`has a second step '${rest}'`, "give each step its own name");
    steps.push({ name: rest, line, when: [], actions: [] });
  } else if (word === "when") {
    const [what, ...values] = rest.split(/\s+/);
    if (what === undefined || values.length === 0) complain("has a '# when:' without a value", "write '# when: parameter value ...'");
    else if (current(line).actions.length > 0) complain("has a '# when:' below the commands of its step", "put it right under '# step:'");
    else current(line).when.push({ what, values, line });
  } else if (word === "wait") {
    if (!/^\d{1,5}(?:\.\d{1,3})?$/.test(rest)) complain("has a '# wait:' without seconds", "write '# wait: 5'");
    else current(line).actions.push({ do: "wait", seconds: Number.parseFloat(rest), line });
  } else current(line).actions.push({ do: "use", step: rest, line });
}

function readTyped(raw: string, env: Env, line: number, complain: Complain): Action[] {
  const text = substituteText(raw, env);
  if (!text.ok) {
    complain(text.error, "mend the expression");
    return [];
  }
  const keyed = KEYED.exec(text.value);
  if (keyed !== null) return [{ do: "key", node: keyed[1]!, key: keyed[2]!, line }];
  const typed = TYPED.exec(text.value);
  if (typed === null || typed[2] === "#") {
    complain("has a line that is none of 'node$ command', 'node& command', 'node^C', '# mark'", "write it in one of these forms");
    return [];
  }
  if (typed[3]!.trim() === "") {
    complain("has a prompt without a command", "write one, or put the line into a step with '# when:'");
    return [];
  }
  return [{ do: "type", node: typed[1]!, text: typed[3]!, wait: typed[2] === "$", line }];
}
