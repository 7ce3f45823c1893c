import ts from 'typescript';

/** One await in a text: where it stands, and where its parts begin and end. */
export interface Await {
  readonly line: number;
  readonly column: number;
  readonly kind: 'await' | 'for-await';
  /** The whole expression; for a loop, its first statement's place. */
  readonly start: number;
  readonly awaited: { readonly start: number; readonly end: number };
  readonly end: number;
}

/** Every `await` and `for await` of a text, outer ones before inner ones. */
export function awaitsIn(path: string, text: string): readonly Await[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS);
  const found: Await[] = [];
  const note = (node: ts.Node, awaited: ts.Expression, kind: Await['kind']): void => {
    const start = node.getStart(file);
    const { line, character } = file.getLineAndCharacterOfPosition(start);
    found.push({
      line: line + 1,
      column: character + 1,
      kind,
      start,
      awaited: { start: awaited.getStart(file), end: awaited.end },
      end: node.end,
    });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isAwaitExpression(node)) note(node, node.expression, 'await');
    if (ts.isForOfStatement(node) && node.awaitModifier !== undefined)
      note(node, node.expression, 'for-await');
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

interface Insertion {
  readonly at: number;
  readonly text: string;
  readonly order: number;
}

/**
 * The same text with a word at every await: before what is awaited is asked for, once it was asked for, and after it has
 * come. No line moves, so that stacks go on telling where they are.
 */
export function instrumented(path: string, text: string): string {
  const insertions: Insertion[] = [];
  const put = (at: number, added: string, order: number): void => {
    insertions.push({ at, text: added, order });
  };
  awaitsIn(path, text).forEach((one, depth) => {
    const name = JSON.stringify([path, one.line, one.column].join(':'));
    if (one.kind === 'for-await') {
      put(one.awaited.start, `globalThis.syncCrash.each(${name}, (`, depth);
      put(one.awaited.end, '))', -depth);
      return;
    }
    put(one.start, `globalThis.syncCrash.came(${name}, `, depth);
    put(
      one.awaited.start,
      `globalThis.syncCrash.asked(${name}, (globalThis.syncCrash.ask(${name}), (`,
      depth,
    );
    put(one.awaited.end, '))))', -depth);
  });
  return insertions
    .sort((a, b) => a.at - b.at || a.order - b.order)
    .reduceRight((result, { at, text: added }) => result.slice(0, at) + added + result.slice(at), text);
}
