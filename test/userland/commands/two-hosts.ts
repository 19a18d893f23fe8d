/** Two machines with shells on one cable, h1 at 10.0.0.1 and h2 at 10.0.0.2, driven line by line. */
import { makeEngine } from "../../../src/lab/conformance/engine.ts";
import type { RunningCommand } from "../../../src/lab/conformance/runner.ts";
import { SECOND } from "../../../src/sim/time.ts";

export interface Outcome {
  exit: number | undefined;
  stdout: string;
  stderr: string;
}

export class TwoHosts {
  private readonly engine = makeEngine({
    id: "two-hosts", title: "two hosts", area: "test", needs: [], recorded: { kernel: "", tools: {} },
    nodes: { h1: {}, h2: {} },
    links: [{ a: "h1:eth0", b: "h2:eth0", macA: "02:00:00:00:01:01", macB: "02:00:00:00:02:01", mtu: 1500 }],
    steps: [],
  } as unknown as Parameters<typeof makeEngine>[0]);

  constructor() {
    this.run("h1", "ip addr add 10.0.0.1/24 dev eth0");
    this.run("h2", "ip addr add 10.0.0.2/24 dev eth0");
  }

  /** Until its end, or for so many seconds. */
  run(node: "h1" | "h2", cmd: string, { seconds = 30, tty = false } = {}): Outcome {
    const c = this.start(node, cmd, { tty });
    this.engine.advance(this.engine.now + seconds * SECOND, () => c.exit !== undefined && c.drained);
    return this.outcome(c);
  }

  start(node: "h1" | "h2", cmd: string, { tty = false } = {}): RunningCommand {
    return this.engine.spawn(node, cmd, { tty });
  }

  pass(seconds: number): void {
    this.engine.advance(this.engine.now + seconds * SECOND);
  }

  outcome(c: RunningCommand): Outcome {
    return { exit: c.exit, stdout: c.stdout, stderr: c.stderr };
  }

  /** Sends the signal and waits for the end. */
  stop(c: RunningCommand, signal: "SIGINT" | "SIGTERM" = "SIGINT"): Outcome {
    c.signal(signal);
    this.engine.advance(this.engine.now + 5 * SECOND, () => c.exit !== undefined && c.drained);
    return this.outcome(c);
  }
}
