// src/http/socket-server.ts in the simulator: hands the controller to whoever started the daemon.
import type { Controller } from '../../../src/reconcile/controller.ts';
import { mustRun } from '../kernel/process.ts';
import { theScene } from '../scene.ts';

export function serveSocket(options: {
  readonly controller: Controller;
}): Promise<{ close(): Promise<void> }> {
  theScene().served(mustRun(), options.controller);
  return Promise.resolve({ close: () => Promise.resolve() });
}
