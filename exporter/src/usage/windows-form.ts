import { ByteReader, ByteWriter } from './bytes.ts';
import { Windows } from './windows.ts';

/** Version of the stored form. A form of another version is not read: the windows begin empty. */
const VERSION = 1;
/** Seconds before the newest that a window can still reach. */
const SECONDS_KEPT = 360;

const writer = new ByteWriter();

/** The windows as bytes; only what is not 0 takes room. First and last use are stored beside them. */
export function encodeWindows(windows: Windows): Uint8Array {
  writer.begin();
  writer.byte(VERSION);
  writer.count(windows.newestSecond);
  for (let age = 0; age < SECONDS_KEPT; age++) writer.entry(age, windows.at(windows.newestSecond - age));
  writer.endEntries();
  writer.count(windows.newestMinute);
  const { counts } = windows.minuteCounts();
  for (let i = 0; i < counts.length; i++) writer.entry(i, counts[i]);
  writer.endEntries();
  writer.count(windows.newestGapDay);
  const { marks } = windows;
  for (let i = Windows.STORED_FROM; i < marks.length; i++) {
    if (marks[i] === 0) continue;
    writer.byte(i);
    writer.float(marks[i]);
  }
  return writer.end();
}

/** Reads what encodeWindows wrote into empty windows; false when it is of another version or damaged. */
export function decodeWindows(bytes: Uint8Array, windows: Windows): boolean {
  const reader = new ByteReader(bytes);
  if (reader.byte() !== VERSION) return false;
  windows.newestSecond = reader.count();
  reader.entries((age, requests) => windows.setSecond(windows.newestSecond - age, requests));
  windows.newestMinute = reader.count();
  reader.entries((i, requests) => windows.setMinute(i, requests));
  windows.newestGapDay = reader.count();
  while (reader.left > 8) {
    const mark = reader.byte();
    windows.marks[mark] = reader.float();
  }
  return !reader.damaged;
}

/**
 * How far the reader of the log had come that these windows are of: the newest second they know, and the answers in
 * them; 0 when they cannot be read. Of two readers of the same lines the one with the greater pair has read more.
 */
export function progressOf(bytes: Uint8Array): { second: number; answers: number } {
  const reader = new ByteReader(bytes);
  if (reader.byte() !== VERSION) return { second: 0, answers: 0 };
  const newestSecond = reader.count();
  reader.entries(() => {});
  const newestMinute = reader.count();
  let answers = 0;
  reader.entries((_, requests) => {
    answers += requests;
  });
  // The gap's day: without it they are cut off, and not read.
  reader.count();
  return { second: reader.damaged ? 0 : Math.max(newestSecond, newestMinute * 60), answers };
}
