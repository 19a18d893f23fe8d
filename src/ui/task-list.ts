/** Tasks, their states and points, hints, and what a check found. One task is open at a time; the first that is not done. */
import type { GradeView, LabView, Outcome, TaskResult, TaskView, WalkView } from "../lab/protocol.ts";
import { button, h, icon, paragraphs, replace, rich } from "./dom.ts";
import { formatSeconds } from "./format.ts";
import { text } from "./text.ts";

export interface TaskHooks {
  check(task: string | undefined): void;
  hint(task: string): void;
  walk(walk: WalkView): void;
}

interface Known {
  readonly result: TaskResult;
  readonly at: number;
}

export class TaskList {
  readonly element: HTMLElement;
  readonly head: HTMLElement;
  private readonly list = h("ol", { class: "tl", role: "list" });
  private readonly total = h("span", { class: "dim num" });
  private readonly foot = h("div", { class: "tfoot" });
  private readonly status = h("p", { class: "vh", role: "status" });
  private readonly lab: LabView;
  private readonly hooks: TaskHooks;
  private readonly known = new Map<string, Known>();
  private readonly hints = new Map<string, string[]>();
  private readonly failures = new Map<string, string>();
  private open: string;
  private checking = "";
  private disabled = false;

  constructor(lab: LabView, hooks: TaskHooks) {
    this.lab = lab;
    this.hooks = hooks;
    this.open = lab.tasks[0]?.id ?? "";
    for (const task of lab.tasks) if (task.hints.opened?.length) this.hints.set(task.id, [...task.hints.opened]);
    this.head = h("div", { class: "ph" }, h("h2", { id: "pw-h-tasks" }, text.tasks), h("span", { class: "sp" }), this.total);
    const brief = h("div", { class: "brief" }, ...paragraphs(lab.intro || lab.summary), ...lab.given.flatMap((given) => paragraphs(given)));
    const scroll = h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": text.taskList }, brief, this.list, this.foot);
    this.element = h("section", { class: "tasks", "aria-labelledby": "pw-h-tasks" }, this.head, scroll, this.status);
    this.draw();
  }

  get current(): string {
    return this.open;
  }

  /** Points as last checked. */
  get points(): number {
    return [...this.known.values()].reduce((sum, { result }) => sum + result.points, 0);
  }

  setReadOnly(on: boolean): void {
    this.disabled = on;
    this.draw();
  }

  setChecking(task: string | undefined): void {
    this.checking = task ?? "*";
    this.status.textContent = text.checking;
    this.draw();
  }

  setResults(grade: GradeView, announce = true): void {
    this.checking = "";
    const before = this.known.get(this.open)?.result.status;
    for (const result of grade.tasks) {
      this.known.set(result.task, { result, at: grade.at });
      this.failures.delete(result.task);
    }
    const now = this.known.get(this.open)?.result.status;
    if (announce) this.say(grade);
    // Done: what it was about stays to be read, until the reader opens the next one.
    if (!announce && now === "done" && before !== "done") this.openNext();
    this.draw();
    if (announce) this.element.querySelector(".cur")?.scrollIntoView({ block: "nearest" });
  }

  setCheckFailed(task: string | undefined, why: string): void {
    this.checking = "";
    this.failures.set(task ?? this.open, text.checkFailed(why));
    this.status.textContent = text.checkFailed(why);
    this.draw();
  }

  addHint(task: string, words: string): void {
    this.hints.set(task, [...(this.hints.get(task) ?? []), words]);
    this.draw();
  }

  setHintFailed(task: string, why: string): void {
    this.failures.set(task, text.hintFailed(why));
    this.draw();
  }

  hintsOf(task: string): number {
    return this.hints.get(task)?.length ?? 0;
  }

  /** After undo: what was checked or hinted later is not known any more. */
  forgetAfter(now: number, hints: ReadonlyMap<string, number>): void {
    for (const [task, known] of this.known) if (known.at > now) this.known.delete(task);
    for (const [task, list] of this.hints) this.hints.set(task, list.slice(0, hints.get(task) ?? 0));
    this.failures.clear();
    this.draw();
  }

  private say(grade: GradeView): void {
    const words = grade.tasks.map((result) => {
      const title = this.lab.tasks.find((task) => task.id === result.task)?.title ?? result.task;
      return `${title}: ${result.status === "done" ? text.stateDone : text.stateNotYet} ${text.pointsOf(result.points, result.of)}`;
    });
    this.status.textContent = words.join(". ");
  }

  /** The next task in order that is not done. */
  private get nextOpen(): string | undefined {
    const { tasks } = this.lab;
    const at = tasks.findIndex((task) => task.id === this.open);
    const order = [...tasks.slice(at + 1), ...tasks.slice(0, Math.max(0, at))];
    return order.find((task) => this.known.get(task.id)?.result.status !== "done")?.id;
  }

  private openNext(): void {
    this.open = this.nextOpen ?? this.open;
  }

  private goOn(): void {
    this.openNext();
    this.draw();
    this.list.querySelector<HTMLElement>(".cur .row")?.focus();
  }

  private draw(): void {
    const focused = document.activeElement instanceof HTMLElement && this.element.contains(document.activeElement) ? document.activeElement.dataset.act : undefined;
    this.total.textContent = text.pointsOf(this.points, this.lab.points);
    replace(this.list, ...this.lab.tasks.map((task) => this.item(task)));
    const all = this.lab.tasks.every((task) => this.known.get(task.id)?.result.status === "done");
    replace(
      this.foot,
      all && h("div", { class: "alldone" }, h("p", {}, h("b", {}, text.allDone)), ...paragraphs(this.lab.outro)),
      this.lab.tasks.length > 1 && this.act("btn sm", this.checking === "*" ? text.checking : text.checkAll, "check *", () => this.hooks.check(undefined)),
    );
    if (focused) this.element.querySelector<HTMLElement>(`[data-act="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  private act(className: string, label: string, act: string, press: () => void): HTMLButtonElement {
    const idle = (): void => {
      if (!this.disabled && !this.checking) press();
    };
    return button(className, label, idle, { "data-act": act, ...(this.disabled || this.checking ? { "aria-disabled": "true" } : {}) });
  }

  private item(task: TaskView): HTMLElement {
    const result = this.known.get(task.id)?.result;
    const state = result?.status ?? "open";
    const current = task.id === this.open;
    const mark = state === "done" ? h("span", { class: "ok" }, icon("check"), h("span", { class: "vh" }, text.stateDone)) : result ? h("span", { class: "bad" }, icon("cross"), h("span", { class: "vh" }, text.stateNotYet)) : h("span", {}, icon("open"), h("span", { class: "vh" }, text.stateOpen));
    const row = button("row", [mark, h("span", { class: "t" }, ...rich(task.title)), h("span", { class: "pts num" }, text.pointsShort(result?.points ?? 0, task.points))], () => this.toggle(task.id), { "aria-expanded": String(current), "data-act": `open ${task.id}` });
    return h("li", { class: `${state === "done" ? "done" : ""}${current ? " cur" : ""}`.trim() || undefined, "data-task": task.id, "data-state": state, ...(current ? { "aria-current": "step" } : {}) }, row, ...(current ? this.details(task) : []));
  }

  private toggle(task: string): void {
    this.open = this.open === task ? "" : task;
    this.draw();
  }

  private details(task: TaskView): HTMLElement[] {
    const known = this.known.get(task.id);
    const shown = this.hints.get(task.id) ?? [];
    const failure = this.failures.get(task.id);
    const done = known?.result.status === "done";
    const busy = this.checking === task.id || this.checking === "*";
    return [
      h("div", { class: "body" }, ...paragraphs(task.text)),
      ...(failure ? [h("p", { class: "body note" }, failure)] : []),
      ...(known ? [this.feedback(known)] : []),
      ...shown.map((words, i) => h("div", { class: "body" }, h("div", { class: "hint" }, h("span", { class: "label" }, text.hintOf(i + 1, task.hints.count)), ...paragraphs(words)))),
      h(
        "div",
        { class: "acts" },
        done && this.nextOpen ? button("btn primary sm", text.nextTask, () => this.goOn(), { "data-act": `next ${task.id}` }) : false,
        this.act(done ? "btn sm" : "btn primary sm", busy ? text.checking : known ? text.checkAgain : text.check, `check ${task.id}`, () => this.hooks.check(task.id)),
        !done && shown.length < task.hints.count && this.act("btn sm", text.nextHint(task.hints.cost), `hint ${task.id}`, () => this.hooks.hint(task.id)),
      ),
    ];
  }

  private feedback({ result, at }: Known): HTMLElement {
    const seconds = formatSeconds(at);
    if (result.status === "done") {
      const why = this.lab.tasks.find((task) => task.id === result.task)?.done ?? "";
      return h("div", { class: "fb good" }, h("h3", {}, icon("check"), text.doneAt(seconds)), ...(why ? paragraphs(why) : []));
    }
    const wrong = result.outcomes.filter((outcome) => outcome.status !== "pass");
    return h("div", { class: "fb" }, h("h3", {}, icon("cross"), text.checkedAt(seconds)), ...wrong.map((outcome) => this.outcome(outcome)));
  }

  private outcome(outcome: Outcome): HTMLElement {
    if (outcome.status === "error") return h("p", {}, text.checkFailed(outcome.because));
    const row = (term: string, ...words: Node[]): HTMLElement => h("div", {}, h("dt", {}, term), " ", h("dd", {}, ...words));
    const hop = outcome.status === "fail" ? outcome.firstWrong : undefined;
    const walk = outcome.status === "fail" ? outcome.walk : undefined;
    return h(
      "div",
      { class: "outcome" },
      h("dl", {}, row(text.expected, ...rich(outcome.expected.text)), row(text.found, ...rich(outcome.found.text)), hop ? row(text.firstWrong, ...rich(hop.text)) : false),
      walk ? button("btn sm", text.walkThat, () => this.hooks.walk(walk), { "data-act": `walk ${outcome.check}` }) : false,
    );
  }
}
