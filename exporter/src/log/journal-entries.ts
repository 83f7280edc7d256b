import type { Buffer as Bytes } from 'node:buffer';

const LF = 10;
/** JSON writes a byte with six characters at most; an entry has a cursor and times besides. */
const JSON_FACTOR = 6;
const ENTRY_OVERHEAD = 64 * 1024;
/** What is kept of an entry that is passed over: more than its cursor takes. */
const KEPT = 4 * 1024;
/** Inside a JSON string the quotes would be escaped, so this is the member itself. */
const CURSOR = /"__CURSOR":"([^"\\]+)"/;

/** An entry as `journalctl -o json` writes it. */
export interface JournalEntry {
  /** '' = not known. */
  cursor: string;
  /** One for each MESSAGE field; undefined = too long to be shown. */
  messages: (Bytes | undefined)[];
}

type JsonBytes = number[];
type JsonField = string | null | JsonBytes;

/** Cuts what journalctl writes into entries. An entry longer than a few longest lines is passed over. */
export class JournalEntries {
  private readonly most: number;
  private rest = Buffer.alloc(0);
  private skipping = false;
  private skippedCursor = '';

  constructor(maxLineBytes: number) {
    this.most = JSON_FACTOR * maxLineBytes + ENTRY_OVERHEAD;
  }

  /** The entries that a chunk completes; undefined stands for a line that is no entry. */
  *feed(chunk: Bytes): Generator<JournalEntry | undefined> {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, at)) {
      const line = bytes.subarray(at, end);
      at = end + 1;
      yield this.skipping ? this.endOfSkipped(line) : entryOf(line);
    }
    this.rest = Buffer.from(bytes.subarray(at));
    if (this.skipping || this.rest.length > this.most) this.skip();
  }

  private skip(): void {
    this.skipping = true;
    this.skippedCursor ||= cursorIn(this.rest);
    this.rest = Buffer.from(this.rest.subarray(-KEPT));
  }

  private endOfSkipped(line: Bytes): JournalEntry {
    const cursor = this.skippedCursor || cursorIn(line);
    this.skipping = false;
    this.skippedCursor = '';
    return { cursor, messages: [undefined] };
  }
}

/** True when both cursors name the same entry. Only its number and the journal that gave it count. */
export function sameEntry(one: string, other: string): boolean {
  if (one === other) return true;
  const [ours, theirs] = [numberOf(one), numberOf(other)];
  return ours !== '' && ours === theirs;
}

/**
 * How many entries lie between two cursors of one journal, whatever they match; undefined = the cursors do not say.
 */
export function entriesBetween(one: string, other: string): number | undefined {
  const [journal, from] = placeIn(one);
  const [otherJournal, to] = placeIn(other);
  return journal !== '' && journal === otherJournal && to > from ? to - from - 1 : undefined;
}

function placeIn(cursor: string): [journal: string, entry: number] {
  const found = /^s=([0-9a-f]+);i=([0-9a-f]+)(?=;)/.exec(cursor);
  return found ? [found[1]!, Number.parseInt(found[2]!, 16)] : ['', 0];
}

const numberOf = (cursor: string): string => /^s=[0-9a-f]+;i=[0-9a-f]+(?=;)/.exec(cursor)?.[0] ?? '';

const cursorIn = (bytes: Bytes): string => CURSOR.exec(bytes.toString('latin1'))?.[1] ?? '';

/** The entry in a line of JSON; undefined when it is none. */
export function entryOf(line: Bytes): JournalEntry | undefined {
  let members: { __CURSOR?: unknown; MESSAGE?: JsonField | JsonField[] };
  try {
    members = JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof members?.__CURSOR !== 'string') return undefined;
  return { cursor: members.__CURSOR, messages: messagesOf(members.MESSAGE) };
}

/** A text, a list of byte numbers where it is no text, null where it is too long; a list of these for several fields. */
function messagesOf(message: JsonField | JsonField[] | undefined): (Bytes | undefined)[] {
  if (message === undefined) return [];
  if (Array.isArray(message) && !isBytes(message)) return (message as JsonField[]).map(bytesOf);
  return [bytesOf(message as JsonField)];
}

const isBytes = (list: unknown[]): boolean => list.every((member) => typeof member === 'number');

function bytesOf(field: JsonField): Bytes | undefined {
  if (field === null) return undefined;
  const bytes = typeof field === 'string' ? Buffer.from(field) : Buffer.from(field);
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === LF || bytes[end - 1] === 13)) end--;
  return bytes.subarray(0, end);
}
