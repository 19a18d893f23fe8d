/**
 * The whole book: eight parts, 36 chapters, in reading order. The contents show all of it; a chapter is linked
 * once its file lies under content/<lang>/. A title here and in the chapter's front matter must be the same.
 */
export interface ChapterEntry {
  readonly number: number;
  /** Its address, and its file name without the number. */
  readonly slug: string;
  readonly title: string;
}
export interface PartEntry {
  readonly number: number;
  readonly title: string;
  /** What the reader can do afterwards, in one sentence. */
  readonly goal: string;
  readonly chapters: readonly ChapterEntry[];
}

type Row = readonly [slug: string, title: string];
const PARTS: readonly { title: string; goal: string; chapters: readonly Row[] }[] = [
  {
    title: "Frames",
    goal: "What a frame is, who hears it, and how an address becomes a MAC.",
    chapters: [
      ["packets-walk", "A packet's walk"],
      ["layers", "Layers are headers"],
      ["frames-and-switches", "Frames and switches"],
      ["arp", "ARP and the neighbour table"],
      ["vlans", "VLANs: one switch, many networks"],
    ],
  },
  {
    title: "Routing",
    goal: "The way there and the way back, from tables, protocols, translation and size.",
    chapters: [
      ["campus", "The campus: access, aggregation, core"],
      ["routing", "Routing: longest prefix and the way back"],
      ["dynamic-routing", "RIP and OSPF: routers that tell each other"],
      ["bgp", "BGP: routes with a policy"],
      ["nat-conntrack", "NAT and connection tracking"],
      ["mtu", "MTU: the size that fits"],
    ],
  },
  {
    title: "Linux as a network",
    goal: "One machine as a whole network: namespaces, bridges, and the gates in the kernel.",
    chapters: [
      ["container-network", "A container is a namespace"],
      ["netfilter", "Netfilter: five gates"],
    ],
  },
  {
    title: "Pod networks by hand",
    goal: "Pods over three nodes by tunnel, by route and by key, with no plugin in sight.",
    chapters: [
      ["pod", "A pod: one address, many containers"],
      ["vxlan", "VXLAN: a wire made of UDP"],
      ["host-gw", "host-gw: routes instead of a tunnel"],
      ["wireguard", "WireGuard: keys are routes"],
      ["underlay", "The underlay: bonds, switches, and pods that live on the LAN"],
    ],
  },
  {
    title: "Kubernetes pod networks",
    goal: "The same ping through every CNI plugin, and what each one wrote to make it pass.",
    chapters: [
      ["cni", "CNI: who plugs the pod in"],
      ["flannel", "Flannel: one idea, many back ends"],
      ["calico", "Calico: routes, blocks and a gateway nobody owns"],
      ["kube-router-weave", "Two other answers: kube-router and Weave Net"],
      ["cilium", "Cilium: the program at the door"],
      ["network-policy", "NetworkPolicy: who may talk to whom"],
    ],
  },
  {
    title: "Services and the edge",
    goal: "One address for many pods, a name for it, and the way in from outside.",
    chapters: [
      ["services", "Services: an address that is nowhere"],
      ["proxy-modes", "iptables, IPVS, nftables"],
      ["dns", "Names: CoreDNS"],
      ["entry", "From outside: NodePort, load balancers, a shared address"],
      ["ingress-gateway", "HTTP at the edge: nginx, Ingress, Gateway API"],
      ["tunnel", "A door that opens outward: Cloudflare Tunnel"],
    ],
  },
  {
    title: "Mesh",
    goal: "What a service mesh encrypts, where that ends, and who refused the request.",
    chapters: [
      ["ambient-l4", "Ambient: encryption without a sidecar"],
      ["waypoint", "Waypoint: layer 7 in the mesh"],
    ],
  },
  {
    title: "Design",
    goal: "Address plans, private networks and two whole clusters, defended against failures.",
    chapters: [
      ["addresses", "Planning addresses"],
      ["private-network", "A private network for a public cluster, and choosing the parts"],
      ["capstone-cross-cloud", "One cluster over three clouds"],
      ["capstone-production", "A production node: VXLAN overlay and ipvlan underlay"],
    ],
  },
];

function numbered(): PartEntry[] {
  let number = 0;
  return PARTS.map((part, i) => ({
    number: i + 1,
    title: part.title,
    goal: part.goal,
    chapters: part.chapters.map(([slug, title]) => ({ number: ++number, slug, title })),
  }));
}

export const BOOK: readonly PartEntry[] = numbered();
export const CHAPTER_COUNT: number = BOOK.reduce((sum, part) => sum + part.chapters.length, 0);
