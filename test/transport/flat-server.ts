// A process of its own for flat.test.ts: SSH servers that welcome everybody and end every command with 0, so that what is measured is the client alone.
import { readFileSync } from 'node:fs';
import { scriptedHostKey, sshServer } from './scripted-server.ts';

const privateFile = readFileSync(process.argv[2] ?? '', 'utf8');
const servers = await Promise.all(
  Array.from({ length: 10 }, () =>
    sshServer(
      {
        onCommand: (channel) => {
          channel.write('done');
          channel.exit(0);
          channel.end();
        },
      },
      { ...scriptedHostKey(), privateFile },
    ),
  ),
);
process.stdout.write(`${JSON.stringify(servers.map(({ port }) => port))}\n`);
process.stdin.resume().on('end', () => {
  process.exit(0);
});
