// A way between browser and daemon that can be cut: what a broken network, and a daemon that is gone, look like to a page.
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Way {
  readonly url: string;
  /** Breaks what is open, and lets nothing new through until `mend`. */
  cut(): void;
  mend(): void;
  /** Breaks what is open, once. */
  breakOnce(): void;
}

/** Opens a way to the address of a URL. */
export async function openWay(to: string): Promise<Way> {
  const { hostname, port } = new URL(to);
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from
        .on('error', () => undefined)
        .on('close', () => {
          open.delete(from);
          into.destroy();
        });
      from.pipe(into);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const breakOnce = (): void => {
    for (const socket of open) socket.destroy();
  };
  onTestFinished(() => {
    server.close();
    breakOnce();
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    breakOnce,
    cut: () => {
      isCut = true;
      breakOnce();
    },
    mend: () => {
      isCut = false;
    },
  };
}
