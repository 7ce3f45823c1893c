/**
 * The import ranks of docs/architecture.md: a file imports lower ranks or its own folder, and nothing turns in a circle.
 * Every folder or file right under src/ stands in exactly one rank; one that stands in none fails the rule `unranked`.
 */
const ranks = [
  ['model', 'lib'],
  ['wire', 'store', 'config', 'contract'],
  ['registry', 'plan', 'transport', 'status', 'peers'],
  ['push', 'enrol', 'ha', 'replication', 'config-sync', 'notify'],
  ['reconcile'],
  ['compose'],
  // The dashboard runs in a browser: of the other folders it takes types and pure facts.
  ['http', 'cli', 'dashboard'],
  // One rank in the documents; the entry hands the daemon to the command line.
  ['daemon'],
  ['main'],
];

const place = (name) => `${name}(?:/|[.]ts$)`;
const anyOf = (names) => `^src/(?:${names.map(place).join('|')})`;
const all = ranks.flat();

const upward = ranks.slice(0, -1).map((names, rank) => ({
  name: `rank-${String(rank + 1)}-imports-upward`,
  severity: 'error',
  comment: `${names.join(', ')} may import lower ranks only.`,
  from: { path: anyOf(names) },
  to: { path: anyOf(ranks.slice(rank + 1).flat()) },
}));

const sideways = ranks
  .filter((names) => names.length > 1)
  .flatMap((names) =>
    names.map((name) => ({
      name: `${name}-imports-its-neighbour`,
      severity: 'error',
      comment: 'A folder does not import another folder of its own rank: the rank above joins them.',
      from: { path: anyOf([name]) },
      to: { path: anyOf(names.filter((other) => other !== name)) },
    })),
  );

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'Cycles hide who decides.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'unranked',
      severity: 'error',
      comment: 'A new folder needs a rank.',
      from: { path: '^src/', pathNot: anyOf(all) },
      to: {},
    },
    {
      name: 'to-unranked',
      severity: 'error',
      comment: 'A new folder needs a rank.',
      from: {},
      to: { path: '^src/', pathNot: anyOf(all) },
    },
    {
      name: 'src-imports-test',
      severity: 'error',
      comment: 'The product does not know its tests.',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'unresolvable',
      severity: 'error',
      comment: 'An import leads nowhere.',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'not-a-dependency',
      severity: 'error',
      comment: 'What src/ imports is listed in package.json.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'a-tool',
      severity: 'error',
      comment:
        'The bundle holds what src/ imports, so all packages are devDependencies; those of tests and builds are none of it.',
      from: { path: '^src/' },
      to: {
        path: '^node_modules/(@hey-api/|@seriousme/|dependency-cruiser|esbuild|eslint|fast-check|prettier|smtp-server|typescript|vitest)',
      },
    },
    ...upward,
    ...sideways,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
