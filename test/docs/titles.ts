import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export const root = new URL('../../', import.meta.url).pathname;

/** A test, or a group of tests, of one file. */
export interface Title {
  readonly text: string;
  /** True for one that is switched off where it stands; one that runs only where its servers are is not. */
  readonly off: boolean;
}

const makers = new Set(['it', 'test', 'describe']);
const known = new Map<string, readonly Title[]>();

/** The titles of the tests that a source text declares. */
export function titlesIn(source: string): readonly Title[] {
  const titles: Title[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const callee = wordsOf(node.expression);
      const text = node.arguments[0] === undefined ? undefined : textOf(node.arguments[0]);
      if (text !== undefined && makers.has(callee[0] ?? '')) {
        titles.push({ text, off: callee.includes('skip') || callee.includes('todo') });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('test.ts', source, ts.ScriptTarget.Latest, false));
  return titles;
}

/** The titles of one file of the repository. */
export function titlesOf(path: string): readonly Title[] {
  const found = known.get(path) ?? titlesIn(readFileSync(join(root, path), 'utf8'));
  known.set(path, found);
  return found;
}

/** Every file that holds tests: those the runner starts, and the suites that they share. */
export function testFiles(): readonly string[] {
  const all = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' });
  return all
    .filter((path) => /\.(?:test|contract|suite|cases)\.ts$/u.test(path))
    .map((path) => `test/${path}`)
    .sort();
}

/** `it.each(…)` as `it`, `each`. */
function wordsOf(callee: ts.Expression): readonly string[] {
  if (ts.isIdentifier(callee)) return [callee.text];
  if (ts.isPropertyAccessExpression(callee)) return [...wordsOf(callee.expression), callee.name.text];
  if (ts.isCallExpression(callee)) return wordsOf(callee.expression);
  return ts.isTaggedTemplateExpression(callee) ? wordsOf(callee.tag) : [];
}

function textOf(argument: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(argument)) return argument.text;
  if (!ts.isTemplateExpression(argument)) return undefined;
  return [argument.head.text, ...argument.templateSpans.map(({ literal }) => literal.text)].join('…');
}
