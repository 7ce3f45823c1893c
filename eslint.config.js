import tseslint from 'typescript-eslint';

/** Clock and dice are read in src/lib only, so that tests and the simulator can put their own under everything. */
const clockAndDice = [
  { object: 'Date', property: 'now', message: 'Take a Clock (src/lib/clock.ts).' },
  { object: 'performance', property: 'now', message: 'Take a Clock (src/lib/clock.ts).' },
  { object: 'process', property: 'hrtime', message: 'Take a Clock (src/lib/clock.ts).' },
  { object: 'Math', property: 'random', message: 'Take a Random (src/lib/random.ts).' },
];

const newDate = {
  selector: "NewExpression[callee.name='Date'][arguments.length=0]",
  message: 'Take a Clock (src/lib/clock.ts).',
};
const noEnum = { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' };
const noAwait = [
  { selector: 'AwaitExpression', message: 'src/plan is pure: nothing waits there.' },
  { selector: ':function[async=true]', message: 'src/plan is pure: nothing waits there.' },
  { selector: "NewExpression[callee.name='Promise']", message: 'src/plan is pure: nothing waits there.' },
];
const childProcess = {
  name: 'node:child_process',
  message: 'Processes start only in src/transport, src/lib/exec.ts and src/enrol.',
};
const bareChildProcess = { ...childProcess, name: 'child_process' };

/** Mistakes that the compiler lets pass. */
const coreRules = [
  'no-async-promise-executor',
  'no-cond-assign',
  'no-constant-binary-expression',
  'no-control-regex',
  'no-debugger',
  'no-dupe-else-if',
  'no-empty',
  'no-fallthrough',
  'no-irregular-whitespace',
  'no-self-assign',
  'no-self-compare',
  'no-template-curly-in-string',
  'no-unmodified-loop-condition',
  'no-unsafe-finally',
  'no-unsafe-optional-chaining',
  'no-useless-catch',
  'no-useless-escape',
  'no-var',
  'prefer-const',
];

/** The rules of the house that no plugin knows; a test runs them against files that break each one. */
export const houseRules = [
  {
    files: ['src/**/*.{ts,tsx}', 'test/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', noEnum],
      'no-restricted-exports': [
        'error',
        {
          restrictDefaultExports: {
            direct: true,
            named: true,
            defaultFrom: true,
            namedFrom: true,
            namespaceFrom: true,
          },
        },
      ],
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    // A page in a browser has the browser's clock; what it computes with takes the time as a number.
    ignores: ['src/lib/**', 'src/dashboard/**'],
    rules: {
      'no-restricted-properties': ['error', ...clockAndDice],
      'no-restricted-syntax': ['error', noEnum, newDate],
    },
  },
  {
    files: ['src/plan/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', noEnum, newDate, ...noAwait] },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    ignores: ['src/transport/**', 'src/lib/exec.ts', 'src/enrol/**'],
    rules: { 'no-restricted-imports': ['error', { paths: [childProcess, bareChildProcess] }] },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    rules: {
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', { max: 4 }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: { 'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }] },
  },
];

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'coverage/',
      '.runtime/',
      '.cache/',
      'node_modules/',
      'test/servers/',
      'test/cases/',
      'deploy/',
      'docs/',
    ],
  },
  {
    files: ['src/**/*.{ts,tsx}', 'test/**/*.ts', '*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      ...Object.fromEntries(coreRules.map((rule) => [rule, 'error'])),
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // The callback form of an ssh2 verifier that returns a promise accepts every host key; this rule is what catches it.
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Names with a dash or from a wire format read better between brackets, as noPropertyAccessFromIndexSignature demands elsewhere.
      '@typescript-eslint/dot-notation': 'off',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/require-await': 'off',
      'no-template-curly-in-string': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['vitest.config.ts'], rules: { 'no-restricted-exports': 'off' } },
  ...houseRules,
);
