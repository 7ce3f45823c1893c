import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { anchorsOf } from './markdown.ts';
import { root, titlesOf } from './titles.ts';

/** `test/plan/x.test.ts > the title of a test`, as the tables cite it between backticks. */
export interface TestCite {
  readonly path: string;
  readonly title: string;
}

/** The tests that a cell cites. */
export function testCites(cell: string): readonly TestCite[] {
  return [...cell.matchAll(/`(test\/[^`>]+?) > ([^`]+)`/gu)].map((match) => ({
    path: match[1] ?? '',
    title: match[2] ?? '',
  }));
}

/** What is wrong with the tests that a cell cites: files that are missing, titles that are not in them, tests that are switched off. */
export function brokenTests(cell: string): readonly string[] {
  return testCites(cell).flatMap(({ path, title }) => {
    if (!existsSync(join(root, path))) return [`${path} does not exist`];
    // A case folder is a test by its name.
    if (path === 'test/cases/cases.test.ts' && existsSync(join(root, 'test/cases', title, 'input')))
      return [];
    const found = titlesOf(path).filter(({ text }) => text === title);
    if (found.length === 0) return [`${path} has no test "${title}"`];
    return found.every(({ off }) => off) ? [`${path}: "${title}" is switched off`] : [];
  });
}

/** What is wrong with the links of a cell or document: files that are missing, headings that are not in them. */
export function brokenLinks(targets: readonly string[], from: string): readonly string[] {
  return targets.flatMap((target) => {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? from : posix.normalize(posix.join(posix.dirname(from), path));
    if (!existsSync(join(root, file))) return [`${from}: ${target} leads nowhere`];
    if (anchor === undefined) return [];
    return anchorsOf(readFileSync(join(root, file), 'utf8')).has(anchor)
      ? []
      : [`${from}: ${file} has no heading #${anchor}`];
  });
}
