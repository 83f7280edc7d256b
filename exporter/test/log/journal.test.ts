import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SourceCounters } from '../../src/log/counters.ts';
import { JournalEntries, type JournalEntry, sameEntry } from '../../src/log/journal-entries.ts';
import { JournalTailer } from '../../src/log/journal-tailer.ts';
import type { JournalCursor } from '../../src/log/position.ts';
import type { LineSink } from '../../src/log/sink.ts';
import { eventually } from '../exporter-process.ts';
import { exported, writeEntries } from '../journal-files.ts';
import { temporaryDirectory } from './tailer-run.ts';

const CURSOR = 's=20cd7e87;i=a;b=01;m=1;t=2;x=3';

/** Entries of a text that comes in chunks of so many bytes; undefined = all at once. */
function read(text: string, chunkBytes = text.length, maxLineBytes = 100): (JournalEntry | undefined)[] {
  const entries = new JournalEntries(maxLineBytes);
  const bytes = Buffer.from(text);
  const found: (JournalEntry | undefined)[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes)
    for (const entry of entries.feed(Buffer.from(bytes.subarray(at, at + chunkBytes)))) found.push(entry);
  return found;
}

const messagesOf = (message: unknown) =>
  read(`${JSON.stringify({ __CURSOR: CURSOR, MESSAGE: message })}\n`)[0]?.messages.map((bytes) =>
    bytes?.toString('latin1'),
  );

describe('MESSAGE as journalctl writes it', () => {
  test.each([
    ['a text', 'GET /', ['GET /']],
    ['a text with line ends behind it', 'GET /\r\n\n', ['GET /']],
    ['bytes that are no UTF-8', [0x63, 0xe9, 10], ['c\u00e9']],
    ['too long', null, [undefined]],
    ['several fields', ['a', 'b'], ['a', 'b']],
    ['several fields, some as bytes or too long', ['a', [98, 255], null], ['a', 'b\u00ff', undefined]],
    ['several fields, all as bytes', [[97], [98]], ['a', 'b']],
    ['no field', undefined, []],
  ])('%s', (_, message, lines) => {
    expect(messagesOf(message)).toEqual(lines);
  });
});

test('entries are the same however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 50 }), (messages, chunkBytes) => {
      const text = messages
        .map((message, i) => `${JSON.stringify({ MESSAGE: message, __CURSOR: `s=1;i=${i}` })}\n`)
        .join('');
      expect(read(text, chunkBytes)).toEqual(read(text));
      expect(read(text, chunkBytes).map((entry) => entry?.cursor)).toEqual(
        messages.map((_, i) => `s=1;i=${i}`),
      );
    }),
  );
});

test('an entry too big to hold is passed over with its cursor, whether that comes first or last', () => {
  const message = `"__CURSOR\\":\\"forged\\"${'x'.repeat(500_000)}`;
  const first = `{"__CURSOR":"${CURSOR}","MESSAGE":"${message.replace('"', '')}"}\n`;
  const last = `{"MESSAGE":"${message.replace('"', '')}","__CURSOR":"${CURSOR}"}\n`;
  const small = `{"__CURSOR":"s=1;i=b","MESSAGE":"small"}\n`;
  for (const big of [first, last])
    expect(read(big + small, 65_536)).toEqual([
      { cursor: CURSOR, messages: [undefined] },
      { cursor: 's=1;i=b', messages: [Buffer.from('small')] },
    ]);
});

test('a line that is no entry is recognised', () => {
  expect(read('-- Boot --\n{"MESSAGE":"x"}\n')).toEqual([undefined, undefined]);
});

test('cursors name the same entry by its number in its journal', () => {
  expect(sameEntry('s=1;i=a;b=1;m=2', 's=1;i=a;b=1;m=2;x=9')).toBe(true);
  expect(sameEntry('s=1;i=a;b=1', 's=1;i=ab;b=1')).toBe(false);
  expect(sameEntry('s=1;i=a;b=1', 's=2;i=a;b=1')).toBe(false);
  expect(sameEntry('', 's=2;i=a;b=1')).toBe(false);
});

describe('a tailer', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let journal: string;
  let now: number;
  let tailers: JournalTailer[];
  let told: string[];
  let lines: string[];
  const sink: LineSink = {
    line(_, bytes, start, end) {
      lines.push(bytes.toString('utf8', start, end));
      return true;
    },
    lastLine() {},
    finished() {},
  };

  beforeEach(() => {
    directory = temporaryDirectory();
    journal = join(directory.path, 'journal');
    mkdirSync(journal);
    now = 0;
    told = [];
    lines = [];
    tailers = [];
  });
  afterEach(() => {
    for (const tailer of tailers) tailer.close();
    directory.remove();
  });

  function start(cursor?: JournalCursor): { tailer: JournalTailer; counters: SourceCounters } {
    const counters = new SourceCounters();
    const tailer = new JournalTailer({
      source: { name: 'api', paths: [], readFrom: 'beginning', maxLineBytes: 1000, staleAfter: 0 },
      journal: { units: ['api.service'], matches: [], directory: journal },
      cursor,
      file: { id: -1, source: 'api' },
      counters,
      clock: () => now,
      report: (_, __, message) => told.push(message),
    });
    tailers.push(tailer);
    return { tailer, counters };
  }

  const read = (tailer: JournalTailer, wanted: number) =>
    eventually(() => {
      tailer.poll();
      tailer.read(1e6, sink);
      expect(tailer.backlogRead).toBe(true);
      expect(lines).toHaveLength(wanted);
    });
  const entry = (unit: string, message: string, second: number) =>
    exported({ _SYSTEMD_UNIT: unit, MESSAGE: message }, 1_767_225_600_000_000 + second * 1e6);

  test('with no entry for long follows those of other units: their removal is no loss', async () => {
    writeEntries(journal, [entry('api.service', 'one', 1)], 'system@1');
    writeEntries(journal, [entry('cron.service', 'x', 2)]);
    const { tailer } = start();
    await read(tailer, 1);
    const before = tailer.cursor?.cursor;
    now += 61_000;
    await eventually(() => {
      tailer.poll();
      expect(tailer.cursor?.cursor).not.toBe(before);
    });
    const { cursor } = tailer;
    tailer.close();
    rmSync(join(journal, 'system@1.journal'));
    writeEntries(journal, [entry('api.service', 'two', 3)]);
    const next = start(cursor);
    await read(next.tailer, 2);
    expect(lines).toEqual(['one', 'two']);
    expect(told).toEqual([]);
  });

  test('does not count an entry twice that is read again after a restart', async () => {
    writeEntries(journal, [entry('api.service', 'one', 1), entry('api.service', 'two', 2)]);
    const first = start();
    await read(first.tailer, 2);
    first.tailer.close();
    const second = start(first.tailer.cursor);
    writeEntries(journal, [entry('api.service', 'three', 3)]);
    await read(second.tailer, 3);
    expect(lines).toEqual(['one', 'two', 'three']);
    expect(told).toEqual([]);
  });

  test('reads the first entry that is left when the one it stopped at is gone', async () => {
    writeEntries(journal, [entry('api.service', 'two', 2), entry('api.service', 'three', 3)]);
    const gone = `s=${'0'.repeat(31)}1;i=1;b=${'0'.repeat(31)}1;m=1;t=${(1_767_225_601_000_000).toString(16)};x=1`;
    const { tailer, counters } = start({ source: 'api', cursor: gone, done: true });
    await read(tailer, 2);
    expect(lines).toEqual(['two', 'three']);
    expect(counters.changes().find(({ counter }) => counter === 'journal_gaps_total')?.value).toBe(1);
    expect(told).toEqual([expect.stringContaining('may have been removed')]);
  });
});
