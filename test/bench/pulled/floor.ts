// The floor: a bare TLS listener that holds every visit, gives all of them one request when it is told to, and reads what they bring.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

const [certificate = '', key = ''] = process.argv.slice(2);
const parked = new Map<string, ServerResponse>();
let seq = 0;

const server = createServer(
  { cert: readFileSync(certificate), key: readFileSync(key) },
  (request, response) => {
    const node = request.headers.authorization?.slice('Bearer '.length) ?? '';
    request.resume().once('end', () => {
      parked.set(node, response);
      process.send?.({ parked: parked.size });
    });
  },
);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));

process.on('message', (words: string) => {
  seq += 1;
  const document = Buffer.from(words);
  const digest = createHash('sha256').update(document).digest('hex');
  const all = [...parked];
  parked.clear();
  for (const [node, response] of all) {
    const nonce = randomBytes(16).toString('hex');
    const line = `SC1 apply bench-floor ${node} hosts 1 writer01 ${String(seq)} - ${String(document.length)} ${digest} ${nonce} 5000 0 - 0 -\n`;
    const body = Buffer.concat([Buffer.from(line), document]);
    response.writeHead(200, { 'content-length': body.length });
    response.end(body);
  }
});
