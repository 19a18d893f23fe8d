/** Every command of a machine, sorted by name. A new command is a new file and a new line here. */
import type { Command } from "../command.ts";
import { bash } from "./bash.ts";
import { brctl } from "./brctl.ts";
import { answer } from "./answer.ts";
import { bridge } from "./bridge.ts";
import { cat } from "./cat.ts";
import { cut } from "./cut.ts";
import { echo } from "./echo.ts";
import { ethtool } from "./ethtool.ts";
import { grep } from "./grep.ts";
import { head } from "./head.ts";
import { ip } from "./ip/ip.ts";
import { arp } from "./net-tools/arp.ts";
import { ifconfig } from "./net-tools/ifconfig.ts";
import { netstat } from "./net-tools/netstat.ts";
import { route } from "./net-tools/route.ts";
import { seq } from "./seq.ts";
import { sh } from "./sh.ts";
import { sort } from "./sort.ts";
import { sysctl } from "./sysctl.ts";
import { tac } from "./tac.ts";
import { tee } from "./tee.ts";
import { tr } from "./tr.ts";
import { falseCommand, trueCommand } from "./true.ts";
import { uniq } from "./uniq.ts";
import { wc } from "./wc.ts";
import { yes } from "./yes.ts";

export const COMMANDS: readonly Command[] = [
  answer,
  arp,
  bash,
  brctl,
  bridge,
  cat,
  cut,
  echo,
  ethtool,
  falseCommand,
  grep,
  head,
  ifconfig,
  ip,
  netstat,
  route,
  seq,
  sh,
  sort,
  sysctl,
  tac,
  tee,
  tr,
  trueCommand,
  uniq,
  wc,
  yes,
];
