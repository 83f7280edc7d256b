import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';

/** A place in a document: names of fields and indexes of lists, from the top. */
export type YamlPath = readonly PropertyKey[];

/** One reason why a text is not usable YAML. `message` may quote the text; `code` never does. */
export interface YamlError {
  /** From 1 on; undefined = the error has no single place. */
  line: number | undefined;
  code: string;
  message: string;
}

export interface YamlDocument {
  /** The document as plain data; undefined when there are errors, null when it is empty. */
  data: unknown;
  errors: YamlError[];
  /** What the parser warns of, such as an unresolved tag. The data is usable. */
  warnings: YamlError[];
  /** The line of the deepest part of `path` that the document has; undefined when it has none of it. */
  lineOf(path: YamlPath): number | undefined;
}

/** Parses one YAML document. Never throws: all syntax errors are in `errors`. */
export function parseYamlDocument(text: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  const located = ({ pos, code, message }: (typeof document.errors)[number]): YamlError => ({
    line: lineAt(pos[0]),
    code,
    message,
  });
  const warnings = document.warnings.map(located);
  const lineOf = (path: YamlPath): number | undefined => {
    let node: unknown = document.contents;
    let line: number | undefined;
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(document);
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
        if (!pair || !isScalar(pair.key) || !pair.key.range) break;
        line = lineAt(pair.key.range[0]);
        node = pair.value;
      } else if (isSeq(node)) {
        node = node.items[Number(part)];
        const range = (node as { range?: [number, number, number] } | undefined)?.range;
        if (range) line = lineAt(range[0]);
      } else break;
    }
    return line;
  };
  if (document.errors.length > 0)
    return { data: undefined, errors: document.errors.map(located), warnings, lineOf };
  try {
    return { data: document.toJS(), errors: [], warnings, lineOf };
  } catch (error) {
    // The parser refuses aliases that expand without bound, and aliases of unknown anchors.
    const message = error instanceof Error ? error.message : String(error);
    return { data: undefined, errors: [{ line: undefined, code: 'ALIAS', message }], warnings, lineOf };
  }
}

/**
 * The data without fields that are null: a name with nothing behind it is a field that is not set. The contents of the
 * fields for which `keeps` is true stay as they are.
 */
export function withoutNulls(data: unknown, keeps: (field: string) => boolean = () => false): unknown {
  if (Array.isArray(data)) return data.map((item) => withoutNulls(item, keeps));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data)
      .filter(([, value]) => value !== null)
      .map(([field, value]) => [field, keeps(field) ? value : withoutNulls(value, keeps)]),
  );
}
