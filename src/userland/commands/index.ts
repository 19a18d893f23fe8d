/** Every command of a machine, sorted by name. A new command is a new file and a new line here. */
import type { Command } from "../command.ts";
import { answer } from "./answer.ts";
import { arch } from "./arch.ts";
import { arping } from "./arping.ts";
import { awk } from "./awk.ts";
import { base32, base64 } from "./base64.ts";
import { basename, dirname } from "./basename.ts";
import { bash } from "./bash.ts";
import { brctl } from "./brctl.ts";
import { bridge } from "./bridge.ts";
import { cat } from "./cat.ts";
import { chgrp, chmod, chown } from "./chmod.ts";
import { clear } from "./clear.ts";
import { cmp } from "./cmp.ts";
import { column } from "./column.ts";
import { comm, join } from "./comm.ts";
import { conntrack } from "./conntrack.ts";
import { cp } from "./cp.ts";
import { curl } from "./curl.ts";
import { cut } from "./cut.ts";
import { date } from "./date.ts";
import { dd } from "./dd.ts";
import { df } from "./df.ts";
import { diff } from "./diff.ts";
import { du } from "./du.ts";
import { echo } from "./echo.ts";
import { env } from "./env.ts";
import { ethtool } from "./ethtool.ts";
import { expr } from "./expr.ts";
import { factor } from "./factor.ts";
import { find } from "./find.ts";
import { fmt } from "./fmt.ts";
import { expand, fold, unexpand } from "./fold.ts";
import { free } from "./free.ts";
import { getent } from "./getent.ts";
import { grep } from "./grep.ts";
import { groups } from "./groups.ts";
import { head } from "./head.ts";
import { hexdump } from "./hexdump.ts";
import { hostname } from "./hostname.ts";
import { id } from "./id.ts";
import { install } from "./install.ts";
import { ip } from "./ip/ip.ts";
import { ipset } from "./ipset.ts";
import { ebtables, ip6tables, iptables, iptablesRestore, iptablesSave } from "./iptables.ts";
import { jq } from "./jq.ts";
import { kill } from "./kill.ts";
import { killall } from "./killall.ts";
import { less } from "./less.ts";
import { link, unlink } from "./link.ts";
import { ln } from "./ln.ts";
import { logname } from "./logname.ts";
import { ls } from "./ls.ts";
import { lsof } from "./lsof.ts";
import { apropos, man, whatis } from "./man.ts";
import { b2sum, cksum, md5sum, sha1sum, sha224sum, sha256sum, sha384sum, sha512sum } from "./md5sum.ts";
import { mkdir, rmdir } from "./mkdir.ts";
import { mktemp } from "./mktemp.ts";
import { more } from "./more.ts";
import { mount, mountpoint } from "./mountpoint.ts";
import { mv } from "./mv.ts";
import { nc } from "./nc.ts";
import { ndisc6 } from "./ndisc6.ts";
import { arp } from "./net-tools/arp.ts";
import { ifconfig } from "./net-tools/ifconfig.ts";
import { netstat } from "./net-tools/netstat.ts";
import { route } from "./net-tools/route.ts";
import { nft } from "./nft.ts";
import { nginx } from "./nginx.ts";
import { nice } from "./nice.ts";
import { nl } from "./nl.ts";
import { nohup } from "./nohup.ts";
import { nproc } from "./nproc.ts";
import { nsenter, unshare } from "./nsenter.ts";
import { numfmt } from "./numfmt.ts";
import { od } from "./od.ts";
import { paste } from "./paste.ts";
import { pidof } from "./pidof.ts";
import { ping } from "./ping.ts";
import { pgrep, pkill } from "./pkill.ts";
import { printenv } from "./printenv.ts";
import { printf } from "./printf.ts";
import { ps } from "./ps.ts";
import { pwd } from "./pwd.ts";
import { python3 } from "./python3.ts";
import { radvd } from "./radvd.ts";
import { rdisc6 } from "./rdisc6.ts";
import { readlink, realpath } from "./realpath.ts";
import { reset } from "./reset.ts";
import { rev } from "./rev.ts";
import { rm } from "./rm.ts";
import { sed } from "./sed.ts";
import { seq } from "./seq.ts";
import { setsid } from "./setsid.ts";
import { sh } from "./sh.ts";
import { shuf } from "./shuf.ts";
import { sleep } from "./sleep.ts";
import { sort } from "./sort.ts";
import { split } from "./split.ts";
import { ss } from "./ss.ts";
import { stat } from "./stat.ts";
import { strings } from "./strings.ts";
import { stty } from "./stty.ts";
import { su } from "./su.ts";
import { sudo } from "./sudo.ts";
import { sum } from "./sum.ts";
import { sync } from "./sync.ts";
import { sysctl } from "./sysctl.ts";
import { tac } from "./tac.ts";
import { tail } from "./tail.ts";
import { tcpdump } from "./tcpdump.ts";
import { tee } from "./tee.ts";
import { bracket, test } from "./test.ts";
import { timeout } from "./timeout.ts";
import { touch } from "./touch.ts";
import { tr } from "./tr.ts";
import { tracepath } from "./tracepath.ts";
import { traceroute } from "./traceroute.ts";
import { tree } from "./tree.ts";
import { falseCommand, trueCommand } from "./true.ts";
import { truncate } from "./truncate.ts";
import { tsort } from "./tsort.ts";
import { tty } from "./tty.ts";
import { uname } from "./uname.ts";
import { uniq } from "./uniq.ts";
import { uptime } from "./uptime.ts";
import { watch } from "./watch.ts";
import { wc } from "./wc.ts";
import { whereis } from "./whereis.ts";
import { which } from "./which.ts";
import { users, w, who } from "./who.ts";
import { whoami } from "./whoami.ts";
import { xargs } from "./xargs.ts";
import { xxd } from "./xxd.ts";
import { yes } from "./yes.ts";

export const COMMANDS: readonly Command[] = [
  answer,
  apropos,
  arch,
  arp,
  arping,
  awk,
  b2sum,
  base32,
  base64,
  basename,
  bash,
  bracket,
  brctl,
  bridge,
  cat,
  chgrp,
  chmod,
  chown,
  cksum,
  clear,
  cmp,
  column,
  comm,
  conntrack,
  cp,
  curl,
  cut,
  date,
  dd,
  df,
  diff,
  dirname,
  du,
  ebtables,
  echo,
  env,
  ethtool,
  expand,
  expr,
  factor,
  falseCommand,
  find,
  fmt,
  fold,
  free,
  getent,
  grep,
  groups,
  head,
  hexdump,
  hostname,
  id,
  ifconfig,
  install,
  ip,
  ip6tables,
  ipset,
  iptables,
  iptablesRestore,
  iptablesSave,
  join,
  jq,
  kill,
  killall,
  less,
  link,
  ln,
  logname,
  ls,
  lsof,
  man,
  md5sum,
  mkdir,
  mktemp,
  more,
  mount,
  mountpoint,
  mv,
  nc,
  ndisc6,
  netstat,
  nft,
  nginx,
  nice,
  nl,
  nohup,
  nproc,
  nsenter,
  numfmt,
  od,
  paste,
  pgrep,
  pidof,
  ping,
  pkill,
  printenv,
  printf,
  ps,
  pwd,
  python3,
  radvd,
  rdisc6,
  readlink,
  realpath,
  reset,
  rev,
  rm,
  rmdir,
  route,
  sed,
  seq,
  setsid,
  sh,
  sha1sum,
  sha224sum,
  sha256sum,
  sha384sum,
  sha512sum,
  shuf,
  sleep,
  sort,
  split,
  ss,
  stat,
  strings,
  stty,
  su,
  sudo,
  sum,
  sync,
  sysctl,
  tac,
  tail,
  tcpdump,
  tee,
  test,
  timeout,
  touch,
  tr,
  tracepath,
  traceroute,
  tree,
  trueCommand,
  truncate,
  tsort,
  tty,
  uname,
  unexpand,
  uniq,
  unlink,
  unshare,
  uptime,
  users,
  w,
  watch,
  wc,
  whatis,
  whereis,
  which,
  who,
  whoami,
  xargs,
  xxd,
  yes,
];
