// Writes deploy/config.example.yaml and docs/configuration.md from the schema; with --check it only compares. Run: node test/tools/settings-doc.ts
import { leaves, variableOf, type Leaf } from '../../src/config/leaves.ts';
import { settle, type Generated } from './generated.ts';

const sectionOf = (leaf: Leaf): string => leaf.path[0] ?? '';

/** The annotated example file: every setting with its default, so that copying it changes nothing. */
function example(): string {
  const lines = [
    '# Settings of sync-controller. Every value below is the default: keep what you change, delete the rest.',
    '# Order of precedence: option, environment variable (SYNC_CONTROLLER_<SECTION>_<NAME>), this file, default.',
    '# Times are milliseconds unless the name says otherwise. Unknown keys are refused. Reference: docs/configuration.md',
  ];
  let open: readonly string[] = [];
  for (const leaf of leaves()) {
    const parents = leaf.path.slice(0, -1);
    const shared = parents.findIndex((part, depth) => open[depth] !== part);
    for (let depth = shared === -1 ? parents.length : shared; depth < parents.length; depth += 1) {
      if (depth === 0) lines.push('');
      lines.push(`${'  '.repeat(depth)}${parents[depth] ?? ''}:`);
    }
    open = parents;
    const indent = '  '.repeat(parents.length);
    lines.push(
      `${indent}# ${leaf.description}`,
      `${indent}${leaf.path.at(-1) ?? ''}: ${JSON.stringify(leaf.fallback)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** The reference page. */
function page(): string {
  const sections = [...new Set(leaves().map(sectionOf))];
  return `${[head, ...sections.map(table), tail].join('\n')}\n`;
}

const head = `# Settings

<!-- Written by \`node test/tools/settings-doc.ts\` from src/config/schema.ts; a test fails when it differs. -->

A setting comes from, in this order: an option of the command, an environment variable, the settings file, its default.

- **File**: \`--config FILE\`, else \`$SYNC_CONTROLLER_CONFIG\`, else the first that exists of
  \`$CONFIGURATION_DIRECTORY/config.yaml\` (set by systemd), \`$XDG_CONFIG_HOME/sync-controller/config.yaml\` (not as root) and
  \`/etc/sync-controller/config.yaml\`. YAML; \`deploy/config.example.yaml\` holds every setting with its default.
- **Environment**: \`SYNC_CONTROLLER_<SECTION>_<NAME>\`, as listed below. Lists are separated by colons.
- **Strict**: an unknown key, a wrong type or a value out of range is refused with the file, the line, what was expected,
  what was found and what to do; nothing starts (exit code 78). \`SIGHUP\` reads the settings again; refused ones leave the old ones in force.
- Times are milliseconds unless the name says otherwise. \`null\` means "as described".
`;

function table(section: string): string {
  const rows = leaves()
    .filter((leaf) => sectionOf(leaf) === section)
    .map(
      (leaf) =>
        `| \`${leaf.path.join('.')}\` | \`${JSON.stringify(leaf.fallback)}\` | ${leaf.description} | \`${variableOf(leaf.path)}\` |`,
    );
  return [
    `## ${section}\n`,
    '| Setting | Default | Meaning | Variable |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const tail = `## Logs

Commands write logs to stderr, because stdout is data; the daemon writes them to stdout. \`auto\` chooses \`journal\` where the stream leads into the journal
of systemd (\`JOURNAL_STREAM\`), else \`pretty\`: \`[INFO] [⚠] [✗] [✓]\`, time, sentence, \`name=value\`. Colours appear on a terminal only and never with
\`NO_COLOR\`; \`FORCE_COLOR\` forces them. Where the locale is not UTF-8 the signs are \`[INFO] [!] [x] [OK]\`. \`json\` is one object per line with \`time\`,
\`level\`, \`message\` and the fields. Private keys and tokens are removed, control characters neutralised, whatever the format.

## Folders

| What | Setting | systemd | as root | else |
|---|---|---|---|---|
| state: last-good copies, \`durable.db\`, lock | \`daemon.stateDirectory\` | \`$STATE_DIRECTORY\` | \`/var/lib/sync-controller\` | \`$XDG_STATE_HOME/sync-controller\` |
| socket \`syncctl.sock\` | \`daemon.runtimeDirectory\` | \`$RUNTIME_DIRECTORY\` | \`/run/sync-controller\` | \`$XDG_RUNTIME_DIR/sync-controller\`, else \`run\` in the state folder |

The setting wins over systemd, systemd over the custom of the system. State is readable by its owner only.
`;

/** The generated files. */
export const settingsFiles: readonly Generated[] = [
  { path: 'deploy/config.example.yaml', content: example() },
  { path: 'docs/configuration.md', content: page() },
];

if (import.meta.main) settle(settingsFiles);
