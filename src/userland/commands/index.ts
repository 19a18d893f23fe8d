/** Every command of a machine, sorted by name. A new command is a new file and a new line here. */
import type { Command } from "../command.ts";
import { bridge } from "./bridge.ts";
import { ip } from "./ip/ip.ts";

export const COMMANDS: readonly Command[] = [bridge, ip];
