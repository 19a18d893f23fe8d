/** Types a script into a session as a person would: one line, wait for the prompt, the next line. Makes ordinary log entries. */
import { err, ok, type Result } from "../base/result.ts";
import { SECOND, type Nanos } from "../sim/time.ts";
import type { ResolvedLab } from "./load.ts";
import type { LogEntry } from "./log.ts";
import type { Action, Step } from "./script.ts";
import { Session, type SessionOptions } from "./session.ts";

/** Between a prompt and the next line. */
const THINKING: Nanos = SECOND;
/** A command that has not ended after so long will not; the script should end it with `node^C`. */
const PATIENCE: Nanos = 3_600 * SECOND;
/** Wide, so that a line is edited in one row and a transcript is easy to read. */
const SCREEN = [200, 50] as const;
const EVENT_LIMIT = 50_000_000;

export class Typist {
  readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** @returns why it could not be typed, with the script's line. */
  play(steps: readonly Step[], all: readonly Step[]): Result<void, string> {
    for (const action of steps.flatMap((s) => expand(s.actions, all))) {
      const done = this.act(action);
      if (!done.ok) return err(`line ${action.line}: ${done.error}`);
    }
    return ok();
  }

  private act(action: Action): Result<void, string> {
    switch (action.do) {
      case "type":
        return this.type(action.node, action.text, action.wait);
      case "key":
        return this.key(action.node, action.key);
      case "wait":
        return this.pass(Math.round(action.seconds * SECOND));
      case "use":
        return err(`uses '${action.step}', which is not there`);
    }
  }

  type(node: string, line: string, wait = true): Result<void, string> {
    const ready = this.ready(node);
    if (!ready.ok) return ready;
    const typed = this.enter(["key", node, `${line}\r`]);
    if (!typed.ok || !wait) return typed;
    return this.untilPrompt(node, line);
  }

  /** "C" is Ctrl-C. Waits for the prompt afterwards. */
  private key(node: string, letter: string): Result<void, string> {
    const passed = this.pass(THINKING);
    if (!passed.ok) return passed;
    const typed = this.enter(["key", node, String.fromCharCode(letter.charCodeAt(0) & 31)]);
    return typed.ok ? this.untilPrompt(node, `^${letter}`) : typed;
  }

  /** A terminal with a prompt, and a moment of thought. */
  private ready(node: string): Result<void, string> {
    if (!this.session.terminals.has(node)) {
      const opened = this.enter(["open", node, node, ...SCREEN]);
      if (!opened.ok) return opened;
      const prompt = this.untilPrompt(node, "login");
      if (!prompt.ok) return prompt;
    }
    return this.pass(THINKING);
  }

  private enter(entry: [what: "key", terminal: string, text: string] | [what: "open", terminal: string, node: string, columns: number, rows: number]): Result<void, string> {
    return this.session.apply([this.session.stamp(), ...entry] as LogEntry);
  }

  private untilPrompt(node: string, what: string): Result<void, string> {
    const { session } = this;
    const terminal = session.terminals.get(node)!;
    const deadline = session.now + PATIENCE;
    const limit = session.executed + EVENT_LIMIT;
    while (!terminal.atPrompt) {
      const next = session.network.sim.clock.nextTime();
      if (next >= deadline) return err(`'${what}' on ${node} did not end within ${PATIENCE / SECOND} s`);
      if (session.executed > limit) return err(`'${what}' on ${node} takes more than ${EVENT_LIMIT} events`);
      if (session.advance(next + 1) === "stuck") return err(session.stuck ?? "time stands still");
    }
    return ok();
  }

  pass(time: Nanos): Result<void, string> {
    const until = this.session.now + time;
    const limit = this.session.executed + EVENT_LIMIT;
    while (this.session.now < until) {
      if (this.session.advance(until, 1_000_000) === "stuck") return err(this.session.stuck ?? "time stands still");
      if (this.session.executed > limit) return err(`waiting takes more than ${EVENT_LIMIT} events`);
    }
    return ok();
  }
}

/** Puts the commands of a step in the place of "# use: step". */
function expand(actions: readonly Action[], all: readonly Step[]): Action[] {
  return actions.flatMap((a) => {
    if (a.do !== "use") return [a];
    return all.filter((s) => a.step === "all" || s.name === a.step).flatMap((s) => s.actions);
  });
}

/** A session in which a script was typed. */
export function typed(resolved: ResolvedLab, steps: readonly Step[], options: SessionOptions = {}): Result<Session, string> {
  const session = Session.start(resolved, options);
  if (!session.ok) return session;
  const played = new Typist(session.value).play(steps, resolved.solution ?? []);
  return played.ok ? session : played;
}
