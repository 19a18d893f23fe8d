/** The manual page of `ip`. */
import type { ManPage } from "../../command.ts";

export const IP_MAN: ManPage = {
  summary: "show and change devices, addresses, routes, neighbours and namespaces",
  synopsis: [
    "ip [ OPTIONS ] OBJECT { COMMAND | help }",
    "ip [ -force ] -batch FILE",
    "OBJECT := { link | address | addrlabel | maddress | route | rule | neigh | nexthop | netns | tunnel | tuntap | vrf }",
    "OPTIONS := { -s | -d | -h | -iec | -j | -p | -4 | -6 | -0 | -br | -o | -N | -n NAME | -a | -l ROUNDS | -V }",
  ],
  emulated: [
    "link: add (veth, bridge, dummy, vlan, vxlan, macvlan, ipvlan, ipip, gre, gretap, vrf, bond), set, delete, show. Flags, name, mtu, address, master, netns, group, alias, options of each kind.",
    "address: add, change, replace, del, show, flush, with broadcast, label, scope, peer, metric, lifetimes and noprefixroute.",
    "route: add, change, replace, append, prepend, del, show, get, flush. Types, tables, metrics, several nexthops, nexthop objects.",
    "rule: add, del, show, flush. from, to, iif, oif, fwmark, tos, ipproto, ports, uidrange, suppress_prefixlength, l3mdev, goto, nop.",
    "-6 address, route, rule, neigh: IPv6, with tentative, dadfailed, nodad, deprecated and lifetimes. maddress and addrlabel: show.",
    "neigh: add, change, replace, del, show, get, flush, proxy entries.",
    "nexthop: add, replace, del, get, list, flush, groups.",
    "tunnel: add, change, del, show (ipip, gre). tuntap: add, del, show; no program reads from one. vrf: show, identify, pids.",
    "netns: add, del, list, list-id, set, attach, identify, pids, exec.",
    "-s -s, -d, -j and -p print what iproute2 6.1 prints. -n NAME and ip netns exec NAME go to another namespace.",
    "Names of tables and protocols come from /etc/iproute2.",
  ],
  notEmulated: [
    "Objects: ntable, l2tp, fou, ila, macsec, token, tcp_metrics, monitor, xfrm, mroute, mrule, netconf, sr, mptcp, ioam, stats.",
    "IPv6: routes by nexthop objects, source routes (from), expires and pref of a route; add and del of maddress and addrlabel.",
    "Other link types; external and vnifilter of vxlan, IPv6 tunnels, mode source of macvlan, ARP monitoring and tlb, alb of bonds; ip vrf exec; alternative names; virtual functions; multicast options of bridges.",
    "save, restore, showdump, -color, -resolve, -echo, /etc/netns.",
  ],
  examples: ["ip -br addr", "ip addr add 10.0.0.1/24 dev eth0", "ip route get 10.0.2.2", "ip netns exec red ip link"],
};
