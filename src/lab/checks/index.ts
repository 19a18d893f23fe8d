/** Every kind of check, and what judges it. */
import type { Bench } from "../bench.ts";
import type { Check } from "../schema.ts";
import { assertNever } from "../../base/result.ts";
import { judgeCapture } from "./capture.ts";
import { judgeConfig } from "./config.ts";
import { judgeFdb } from "./fdb.ts";
import { judgeNeigh } from "./neigh.ts";
import { judgeOutput } from "./output.ts";
import { judgeReach } from "./reach.ts";
import { judgeRoute } from "./route.ts";
import type { Verdict } from "./verdict.ts";
import { judgeWalk } from "./walk.ts";

/** @returns undefined when the bench could not go on; `bench.spent` says why. */
export function judge(check: Check, bench: Bench): Verdict | undefined {
  switch (check.kind) {
    case "reach":
      return judgeReach(check, bench);
    case "route":
      return judgeRoute(check, bench);
    case "neigh":
      return judgeNeigh(check, bench);
    case "fdb":
      return judgeFdb(check, bench);
    case "capture":
      return judgeCapture(check, bench);
    case "walk":
      return judgeWalk(check, bench);
    case "config":
      return judgeConfig(check, bench);
    case "output":
      return judgeOutput(check, bench);
    default:
      return assertNever(check, "judge");
  }
}
