/** A socket as a descriptor: closed with the process that holds it, shown by /proc/PID/fd, `ss -p`, `netstat -p` and `lsof`. */
import type { Errno, TcpSock, UdpSock } from "../kernel/api.ts";
import { MICROSECOND } from "../sim/time.ts";
import type { WaitQueue } from "../base/wait-queue.ts";
import type { Machine } from "./machine.ts";
import type { OpenFile, Process, Run } from "./process.ts";

export class SocketFile implements OpenFile {
  readonly kind = "socket";
  readonly sock: TcpSock | UdpSock;
  refs = 0;

  constructor(sock: TcpSock | UdpSock) {
    this.sock = sock;
  }

  get path(): string {
    return `socket:[${this.sock.inode ?? 0}]`;
  }
  get waiters(): WaitQueue {
    return this.sock.waiters;
  }
  get readable(): boolean {
    return this.sock.readable;
  }
  get writable(): boolean {
    return this.sock.writable;
  }

  read(max: number): Uint8Array | Errno {
    if (this.sock.kind === "tcp") return this.sock.recv(max);
    const r = this.sock.recv();
    return typeof r === "string" ? r : r.data.subarray(0, max);
  }
  write(bytes: Uint8Array): number | Errno {
    return this.sock.send(bytes);
  }
  close(): void {
    this.sock.close();
  }
}

/** Gives a socket the lowest free descriptor. */
export function openSocket(proc: Process, sock: TcpSock | UdpSock): number {
  return proc.addFd(new SocketFile(sock));
}

/** Who holds which socket: by the number of its inode, processes in the order of their ids. */
export function socketHolders(machine: Machine): Map<number, { proc: Process; fd: number }[]> {
  const out = new Map<number, { proc: Process; fd: number }[]>();
  for (const proc of [...machine.processes.values()].sort((a, b) => a.pid - b.pid)) {
    for (const [fd, file] of proc.fds) {
      const inode = file instanceof SocketFile ? file.sock.inode : undefined;
      if (inode === undefined) continue;
      const list = out.get(inode);
      if (list === undefined) out.set(inode, [{ proc, fd }]);
      else list.push({ proc, fd });
    }
  }
  return out;
}

/** A write to a socket sends: the kernel's work at both ends of a short cable lies before write(2) returns. */
const SEND_COST = 20 * MICROSECOND;

/** Writes everything, waiting for room. @returns why it could not. */
export function* sendAll(proc: Process, sock: TcpSock, data: Uint8Array): Run<Errno | undefined> {
  let rest = data;
  while (rest.length > 0) {
    const n = sock.send(rest);
    if (n === "EAGAIN") yield { write: [sock] };
    else if (typeof n === "string") return n;
    else {
      rest = rest.subarray(n);
      yield { until: proc.now + SEND_COST };
    }
  }
  return undefined;
}
