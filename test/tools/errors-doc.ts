// Writes docs/errors.md from the catalogues in the source; with --check it only compares. Run: node test/tools/errors-doc.ts
import { exitCodes } from '../../src/lib/errors.ts';
import { causes, type Cause } from '../../src/model/cause.ts';
import { causeForResult } from '../../src/push/causes.ts';
import { resultCodes, resultNames } from '../../src/wire/results.ts';
import { settle, type Generated } from './generated.ts';

const head = `# Errors

<!-- Written by \`node test/tools/errors-doc.ts\` from src/model/cause.ts, src/lib/errors.ts, src/wire/results.ts and src/push/causes.ts; a test fails when it differs. -->

Every refusal is one sentence: where, what was expected, what was found, what to do. A stack trace appears with \`--debug\` only.
`;

const causeHead = `## Cause classes

Why a node is not \`active\`. \`offline\` and \`waiting\` retry by themselves and read \`pending_sync\`; a reachable node that fails two passes in a row reads
\`error\`. \`stalled\` needs a person and reads \`error\` at once. Offline is never \`error\`. \`{logs}\` and \`{restart}\` are those of
the node type's consumer: \`docker logs traefik -n 50\` and \`docker compose restart\` for a VPS, \`journalctl\` and \`systemctl\` for dnsmasq and Caddy. Shown by \`syncctl status\`, \`push -o json\` and in the status objects.

| Class | Kind | Meaning | What mends it |
|---|---|---|---|`;

const exitHead = `
## Exit codes of syncctl

| Code | Name | When |
|---|---|---|`;

/** When a command ends with which code, for the pages that say so. */
export const exitMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'everything asked for is done; `push`: every selected node is verified',
  failure: 'something selected is not verified, or the command could not do its work',
  changes: '`plan`: a push would change something',
  rolledBack:
    '`push`: the rollout has stopped, and the revision was taken back from the nodes that had it; it is pinned',
  rollbackFailed: '`push`: the same, and a node could not be brought back to the last good revision',
  usage: 'wrong words on the command line',
  data: 'an input is invalid: registry, document or argument value',
  notFound: 'a node, service or domain of that name does not exist',
  unavailable: 'a source, daemon, node or store that the command needs cannot be reached',
  internal: 'a fault of ours',
  conflict: 'another process holds the term or the lock, or changed the same object',
  permission: 'rights are missing',
  config: 'the settings are wrong',
};

const resultHead = `
## Results and exit codes of the receiver

The receiver answers with one receipt and ends with the code of its result (docs/protocol.md).

| Result | Code | Cause class |
|---|---|---|`;

function kindOf(cause: Cause): string {
  return cause.offline ? 'offline' : cause.kind;
}

/** A cell of a table cannot hold a bar. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function page(): string {
  const classes = Object.entries(causes).map(
    ([name, cause]) =>
      `| \`${name}\` | ${kindOf(cause)} | ${cell(cause.meaning)} | \`${cell(cause.remedy)}\` |`,
  );
  const exits = Object.entries(exitCodes).map(
    ([name, code]) => `| ${String(code)} | ${name} | ${exitMeanings[name as keyof typeof exitCodes]} |`,
  );
  const results = resultNames.map(
    (name) => `| \`${name}\` | ${String(resultCodes[name])} | ${classOf(name)} |`,
  );
  return [head, causeHead, ...classes, exitHead, ...exits, resultHead, ...results, ''].join('\n');
}

function classOf(name: (typeof resultNames)[number]): string {
  const cause = causeForResult(name);
  return cause === undefined ? '' : `\`${cause}\``;
}

/** The generated page. */
export const errorsPage: Generated = { path: 'docs/errors.md', content: page() };

if (import.meta.main) settle([errorsPage]);
