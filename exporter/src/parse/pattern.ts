import { FIELD, FIELD_NAMES, type FieldName, FormatError, FoundValues, type LineScanner } from './fields.ts';
import { ACCEPTED, BLANK, rejectionCode } from './log-record.ts';
import { skipBlanks } from './spans.ts';

const MALFORMED = rejectionCode('malformed');

/**
 * The expression of the `pattern` format. It is matched against bytes, one character each, so what it says in
 * UTF-8 is looked for as the bytes of that; `d` makes the groups tell their positions. Throws FormatError.
 */
export function compilePattern(pattern: string | undefined): RegExp {
  const option = 'pattern';
  if (!pattern)
    throw new FormatError(
      option,
      'is needed for format pattern; write a regular expression with named groups',
    );
  let compiled: RegExp;
  try {
    compiled = new RegExp(Buffer.from(pattern).toString('latin1'), 'd');
  } catch (error) {
    throw new FormatError(option, `is no regular expression: ${(error as Error).message}`);
  }
  const groups = groupNames(compiled);
  const unknown = groups.filter((name) => !(FIELD_NAMES as readonly string[]).includes(name));
  if (unknown.length > 0)
    throw new FormatError(
      option,
      `has a group ${unknown[0]} that is no field; the fields are ${FIELD_NAMES.join(', ')}`,
    );
  const inTwo = groups.includes('date') && groups.includes('time');
  const missing = [...(inTwo ? [] : [['timestamp']]), ['status'], ['endpoint', 'request']].find(
    (choice) => !choice.some((name) => groups.includes(name)),
  );
  if (missing) throw new FormatError(option, `has no group ${missing.join(' or ')}; add (?<${missing[0]}>…)`);
  return compiled;
}

/** An expression that matches the empty text shows the names of all its groups. */
const groupNames = (expression: RegExp): string[] =>
  Object.keys(new RegExp(`${expression.source}|`).exec('')?.groups ?? {});

/** Reads lines that a regular expression with named groups describes. Not made for speed: it makes strings. */
export class PatternScanner implements LineScanner {
  readonly values = new FoundValues();
  private readonly expression: RegExp;
  private readonly groups: FieldName[];

  /** `expression` as compilePattern gives it. */
  constructor(expression: RegExp) {
    this.expression = expression;
    this.groups = groupNames(expression) as FieldName[];
  }

  scan(bytes: Buffer, start: number, end: number): number {
    this.values.clear();
    if (skipBlanks(bytes, start, end) === end) return BLANK;
    const spans = this.expression.exec(bytes.toString('latin1', start, end))?.indices?.groups;
    if (!spans) return MALFORMED;
    for (const group of this.groups) {
      const span = spans[group] as [number, number] | undefined;
      if (span) this.values.putText(bytes, FIELD[group], start + span[0], start + span[1]);
      else this.values.putNothing(FIELD[group]);
    }
    return ACCEPTED;
  }
}
