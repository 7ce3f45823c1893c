// src/http/tcp-server.ts in the simulator: nobody asks the API there.
export function serveTcp(): Promise<{ close(): Promise<void> }> {
  return Promise.resolve({ close: () => Promise.resolve() });
}
