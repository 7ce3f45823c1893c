/** What JSON can say. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined };

/** How new JSON is laid out, so that it looks like what stands around it. */
export interface Layout {
  /** Line end and one level of indentation; undefined where everything stands on one line. */
  readonly lines: { readonly eol: string; readonly unit: string } | undefined;
  /** Between a key and its value: `:` or `: `. */
  readonly colon: string;
}

/** The layout of a text, read from its first lines; an empty registry starts out readable. */
export function layoutOf(text: string): Layout {
  const body = text.trim();
  const colon = /"(?:[^"\\]|\\.)*"(\s*:\s*)/u.exec(body)?.[1] ?? ': ';
  const isBlank = body === '' || /^(?:\{\s*\}|\[\s*\])$/u.test(body);
  if (!body.includes('\n') && !isBlank) return { lines: undefined, colon };
  const eol = body.includes('\r\n') ? '\r\n' : '\n';
  return {
    lines: { eol, unit: /\n([ \t]+)\S/u.exec(body)?.[1] ?? '  ' },
    colon: colon.includes('\n') ? ': ' : colon,
  };
}

/** A value as text; `indent` is the indentation of the line it begins on. */
export function render(value: JsonValue | undefined, layout: Layout, indent: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const isList = Array.isArray(value);
  const items = isList
    ? value.map((item: JsonValue) => (inner: string) => render(item, layout, inner))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(
          ([key, item]) =>
            (inner: string) =>
              JSON.stringify(key) + layout.colon + render(item, layout, inner),
        );
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (items.length === 0) return open + close;
  if (layout.lines === undefined) {
    const gap = layout.colon.endsWith(' ') ? ', ' : ',';
    return open + items.map((item) => item(indent)).join(gap) + close;
  }
  const { eol, unit } = layout.lines;
  const inner = indent + unit;
  return `${open}${eol}${items.map((item) => inner + item(inner)).join(`,${eol}`)}${eol}${indent}${close}`;
}
