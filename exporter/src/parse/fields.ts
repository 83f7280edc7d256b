/** What a request can be described by. docs/log-formats.md says what each one means. */
export const FIELD_NAMES = [
  'timestamp',
  'keyId',
  'method',
  'endpoint',
  'status',
  'ip',
  'tenantId',
  'durationMs',
  'durationSeconds',
  'bytes',
  'userAgent',
  'requestId',
  'request',
  'date',
  'time',
  'durationUs',
  'durationNs',
] as const;

export type FieldName = (typeof FIELD_NAMES)[number];

/** Number of a field: its position in FIELD_NAMES. */
export const FIELD = Object.fromEntries(FIELD_NAMES.map((name, i) => [name, i])) as Record<FieldName, number>;

/** Every field is called by its own name unless `fields` says otherwise. */
export const DEFAULT_FIELDS = Object.fromEntries(FIELD_NAMES.map((name) => [name, name])) as Record<
  FieldName,
  string
>;

/** What kind of value a place holds. TEXT with JSON escapes still in it is ESCAPED; OTHER = bool, object, array. */
export const TEXT = 1;
export const ESCAPED = 2;
export const NUMBER = 3;
export const OTHER = 4;

const MINUS = 45;

/**
 * The values found on one line, as kinds and spans of its bytes; reused for every line. Place i belongs to field
 * number i; there may be more places behind those of the fields. What a place held before is left in it: bit i
 * of the two sets tells what this line has.
 */
export class FoundValues {
  readonly places: number;
  /** Places whose name is on the line, whatever its value. */
  private named = 0;
  /** Places that hold a value: null, an empty text and `-` are none. */
  private held = 0;
  /** Kind, start and end of each place; one array, because every array costs the hot path its own checks. */
  private readonly cells: Int32Array;

  /** At most 31 places. */
  constructor(places: number = FIELD_NAMES.length) {
    this.places = places;
    this.cells = new Int32Array(3 * places);
  }

  clear(): void {
    this.named = 0;
    this.held = 0;
  }

  has(place: number): boolean {
    return (this.held & (1 << place)) !== 0;
  }

  kind(place: number): number {
    return this.cells[3 * place];
  }

  start(place: number): number {
    return this.cells[3 * place + 1];
  }

  end(place: number): number {
    return this.cells[3 * place + 2];
  }

  put(place: number, kind: number, start: number, end: number): void {
    const { cells } = this;
    const cell = 3 * place;
    this.named |= 1 << place;
    this.held |= 1 << place;
    cells[cell] = kind;
    cells[cell + 1] = start;
    cells[cell + 2] = end;
  }

  putText(bytes: Buffer, place: number, start: number, end: number): void {
    if (end - start > 1 || (end > start && bytes[start] !== MINUS)) this.put(place, TEXT, start, end);
    else this.putNothing(place);
  }

  putNothing(place: number): void {
    this.named |= 1 << place;
    this.held &= ~(1 << place);
  }

  /** Forgets places by their bits. */
  drop(bits: number): void {
    this.named &= ~bits;
    this.held &= ~bits;
  }

  copy(from: number, to: number): void {
    if (this.has(from)) this.put(to, this.kind(from), this.start(from), this.end(from));
    else if (this.names(from)) this.putNothing(to);
  }

  names(place: number): boolean {
    return (this.named & (1 << place)) !== 0;
  }
}

/** One way to read a line: finds values, or returns why the line is none of its format (BLANK, a rejection). */
export interface LineScanner {
  readonly values: FoundValues;
  scan(bytes: Buffer, start: number, end: number): number;
  /** A more lenient reading of a line that scan() found malformed: only for a line that is a request then. */
  scanAgain?(bytes: Buffer, start: number, end: number): number;
  /**
   * The same for a line whose end nobody has looked for; whole lines go up to `limit`. Returns where its terminator
   * begins when all of it could be scanned, else -1: then look for the end and scan().
   */
  scanToEnd?(bytes: Buffer, start: number, limit: number): number;
}

/** A mistake in the format's options: which option, and what to write instead. */
export class FormatError extends Error {
  /** Path of the option below the format's options, e.g. `endpoints[2]`. */
  readonly option: string;
  constructor(option: string, problem: string) {
    super(`${option}: ${problem}`);
    this.name = 'FormatError';
    this.option = option;
  }
}
