/** The network of the home page, in the lab format: three hosts on one switch. */
import type { LabFiles } from "./engine-client.ts";

const LAB = `version: 1
id: mini-net
kind: figure
chapter: frames-and-switches
minutes: 1
nodes:
  h1: { kind: host, at: [0, 1], start: ["ip addr add 10.0.0.1/24 dev eth0", "ip link set eth0 up"] }
  h2: { kind: host, at: [2, 0], start: ["ip addr add 10.0.0.2/24 dev eth0", "ip link set eth0 up"] }
  h3: { kind: host, at: [2, 2], start: ["ip addr add 10.0.0.3/24 dev eth0", "ip link set eth0 up"] }
  sw1:
    kind: switch
    at: [1, 1]
    start:
      - ip link add br0 type bridge
      - ip link set eth1 master br0
      - ip link set eth2 master br0
      - ip link set eth3 master br0
      - ip link set eth1 up
      - ip link set eth2 up
      - ip link set eth3 up
      - ip link set br0 up
cables:
  - ["h1:eth0", "sw1:eth1"]
  - ["h2:eth0", "sw1:eth2"]
  - ["h3:eth0", "sw1:eth3"]
`;
const TEXT = `title: Three hosts and a switch
summary: The network of the home page.
intro: Ping from h1.
`;

export const MINI_NET: LabFiles = { id: "mini-net", files: [["lab.yaml", LAB], ["text.en.yaml", TEXT]] };
/** Whose commands the home page runs. */
export const MINI_NET_NODE = "h1";
