/** Lists of -m recent (/proc/net/xt_recent): address, and when it was seen. net/netfilter/xt_recent.c. */
export class RecentLists {
  private readonly lists = new Map<string, Map<number, number[]>>();

  list(name: string): Map<number, number[]> {
    let l = this.lists.get(name);
    if (l === undefined) {
      l = new Map();
      this.lists.set(name, l);
    }
    return l;
  }
}
