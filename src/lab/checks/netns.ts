/** The namespace that a check speaks of. */
import type { Netns } from "../../kernel/api.ts";
import { findNetns } from "../probe.ts";
import type { Session } from "../session.ts";
import { fact, type Verdict } from "./verdict.ts";

export function netnsOf(session: Session, where: { node: string; netns?: string | undefined }): Netns | undefined {
  const machine = session.network.machine(where.node);
  return where.netns === undefined ? machine.kernel.initNetns : findNetns(machine, where.netns);
}

/** Whose table it is: "n1", "n1 flannel.1". */
export function placeOf(check: { node: string; dev?: string | undefined }): string {
  return check.dev === undefined ? check.node : `${check.node} ${check.dev}`;
}

/** Where a probe is sent from: "n1", "n1 (p1)". */
export function senderOf(check: { netns?: string | undefined }, node: string): string {
  return check.netns === undefined ? node : `${node} (${check.netns})`;
}

export function noNetns(where: { node: string; netns?: string | undefined }): Verdict {
  const args = { node: where.node, netns: where.netns ?? "" };
  return { pass: false, expected: fact("netns.expected", args, `${where.node} has the network namespace ${where.netns ?? ""}`), found: fact("netns.missing", args, "there is none of that name") };
}
