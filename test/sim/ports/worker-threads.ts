// node:worker_threads: nothing of the product but the store's thread runs beside it, and that has a port of its own.

export function Worker(file: URL): never {
  throw new Error(`sim: the thread ${file.href} is not modelled`);
}

export const parentPort = null;
export const workerData = undefined;
