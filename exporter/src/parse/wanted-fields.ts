import { FIELD_NAMES, type FieldName, FormatError, type FoundValues } from './fields.ts';
import { equals } from './spans.ts';

/** A name that is looked for, and what its value is wanted for. */
export interface WantedName {
  /** UTF-8 of the name. */
  bytes: Uint8Array;
  hash: number;
  /** Where its value goes; -1 when only what is inside it is wanted. */
  place: number;
  /** The names looked for in the object that is its value. */
  inside: WantedNames | undefined;
  /** Bits of all places that are filled from inside it. */
  below: number;
  /** Of an array all of it is wanted, as text. */
  list: boolean;
}

/** A line's members beyond this many are not foreseen, only looked up; nor is anything longer than this. */
const FORESEEN_MEMBERS = 32;
const FORESEEN_BYTES = 64;

/** An element of an array in a path. */
const INDEX = /^(?:0|[1-9]\d{0,2})$/;

/** One step of the hash that names are found by. */
export const hashStep = (hash: number, c: number): number => (Math.imul(hash, 31) + c) | 0;

/** The names wanted of one object: found by hash, compared by bytes. */
export class WantedNames {
  readonly all: WantedName[] = [];
  /** Those that are numbers, by number: the elements wanted of an array. */
  readonly elements: (WantedName | undefined)[] = [];
  /** What stood between the values of the last object, by position. */
  readonly foreseen = Array.from({ length: FORESEEN_MEMBERS }, () => new ForeseenName());
  private buckets: WantedName[][] = [[]];

  /** The entry for a name; made when there is none yet. */
  entry(name: string): WantedName {
    const bytes = Buffer.from(name);
    const hash = bytes.reduce(hashStep, 0);
    const known = this.find(bytes, 0, bytes.length, hash);
    if (known) return known;
    const added = { bytes, hash, place: -1, inside: undefined, below: 0, list: false };
    this.all.push(added);
    if (INDEX.test(name)) this.elements[Number(name)] = added;
    this.buckets = Array.from({ length: 64 }, () => []);
    for (const each of this.all) this.buckets[each.hash & 63].push(each);
    return added;
  }

  find(bytes: Uint8Array, start: number, end: number, hash: number): WantedName | undefined {
    const bucket = this.buckets[hash & (this.buckets.length - 1)];
    for (let i = 0; i < bucket.length; i++) {
      const name = bucket[i];
      if (name.hash === hash && equals(bytes, start, end, name.bytes)) return name;
    }
    return undefined;
  }
}

/**
 * All bytes between one value and the next, as in `,"status":`, and the name in them. Loggers write the same
 * members in the same order line after line, so these bytes are compared, four at a time, before they are read.
 */
export class ForeseenName {
  name: WantedName | undefined;
  /** 0 = nothing is foreseen. */
  length = 0;
  private readonly words = new Int32Array(FORESEEN_BYTES / 4);
  /** The last four bytes: they overlap the word before when the length is no multiple of four. */
  private last = 0;

  /** Keeps what was read from `start` to `end`. */
  learn(block: DataView, start: number, end: number, name: WantedName | undefined): void {
    this.length = 0;
    if (end - start < 4 || end - start > FORESEEN_BYTES) return;
    this.name = name;
    this.length = end - start;
    for (let i = 0; start + 4 * i + 4 <= end; i++) this.words[i] = block.getInt32(start + 4 * i, true);
    this.last = block.getInt32(end - 4, true);
  }

  /** Whether the foreseen bytes stand at `p`. */
  isAt(block: DataView, p: number, end: number): boolean {
    const { length, words } = this;
    if (length === 0 || p + length > end) return false;
    for (let i = 0; 4 * i + 4 <= length; i++) if (block.getInt32(p + 4 * i, true) !== words[i]) return false;
    return block.getInt32(p + length - 4, true) === this.last;
  }
}

/** The configured field names as the scanners use them. */
export interface WantedFields {
  root: WantedNames;
  /** Places that values are found in: one a field, by its number, then those of dotted paths. */
  places: number;
  /** Fields that share the name of another one: its place, theirs. */
  shared: [from: number, to: number][];
  /** Fields with a dotted name: the place of the path through nested objects, the field's own. */
  nested: [from: number, to: number][];
}

/** Places that a set of bits can hold. */
const MOST_PLACES = 31;

/** Deeper paths are a mistake; the bound keeps the scanner's recursion small. */
const DEEPEST = 16;

/**
 * Field names → what to look for. A dotted name stands for a member literally called so and for the path
 * through nested objects; where a line has both, the literal one counts. In a path `.1` or `[1]` is an element of
 * an array, counted from 0.
 */
export function wantedFields(fields: Record<FieldName, string>): WantedFields {
  const wanted: WantedFields = {
    root: new WantedNames(),
    places: FIELD_NAMES.length,
    shared: [],
    nested: [],
  };
  FIELD_NAMES.forEach((field, i) => {
    const name = fields[field];
    if (typeof name !== 'string' || name === '')
      throw new FormatError(`fields.${field}`, 'is empty; write the name the log gives it, or leave it out');
    const literal = wanted.root.entry(name);
    if (literal.place < 0) literal.place = i;
    else wanted.shared.push([literal.place, i]);
    if (field === 'ip') literal.list = true;
    const path = name.replace(/\[(\d{1,3})\]/g, '.$1').split('.');
    if (path.length > DEEPEST)
      throw new FormatError(`fields.${field}`, `has more than ${DEEPEST} parts; shorten the path`);
    if (path.length > 1) wanted.nested.push([nestedPlace(wanted, path, field === 'ip'), i]);
    if (wanted.places > MOST_PLACES)
      throw new FormatError(
        `fields.${field}`,
        `is one path with dots too many; at most ${MOST_PLACES - FIELD_NAMES.length} fields may have one`,
      );
  });
  return wanted;
}

/** The place of what is reached by a path through nested objects; made when there is none yet. */
function nestedPlace(wanted: WantedFields, path: string[], list: boolean): number {
  let names = wanted.root;
  const outer: WantedName[] = [];
  for (const part of path.slice(0, -1)) {
    const entry = names.entry(part);
    entry.inside ??= new WantedNames();
    outer.push(entry);
    names = entry.inside;
  }
  const entry = names.entry(path[path.length - 1]);
  if (entry.place < 0) entry.place = wanted.places++;
  if (list) entry.list = true;
  for (const each of outer) each.below |= 1 << entry.place;
  return entry.place;
}

/** Gives the fields that have no place of their own in a line what was found for them. */
export function mergeWanted(wanted: WantedFields, values: FoundValues): void {
  const { shared, nested } = wanted;
  for (let i = 0; i < shared.length; i++) values.copy(shared[i][0], shared[i][1]);
  for (let i = 0; i < nested.length; i++)
    if (!values.names(nested[i][1])) values.copy(nested[i][0], nested[i][1]);
}
