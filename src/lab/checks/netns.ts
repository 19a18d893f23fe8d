/** The namespace that a check speaks of. */
import type { Netns } from "../../kernel/api.ts";
import { findNetns } from "../probe.ts";
import type { Session } from "../session.ts";
import { fact, type Verdict } from "./verdict.ts";

export function netnsOf(session: Session, where: { node: string; netns?: string | undefined }): Netns | undefined {
  const machine = session.network.machine(where.node);
  return where.netns === undefined ? machine.kernel.initNetns : findNetns(machine, where.netns);
}

export function noNetns(where: { node: string; netns?: string | undefined }): Verdict {
  const args = { node: where.node, netns: where.netns ?? "" };
  return { pass: false, expected: fact("netns.expected", args, `${where.node} has the network namespace ${where.netns ?? ""}`), found: fact("netns.missing", args, "there is none of that name") };
}
