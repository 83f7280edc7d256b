import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readSettings } from '../../src/commands/settings.ts';
import { compileFormat, createLineParser } from '../../src/parse/format.ts';
import { ACCEPTED, INCOMPLETE, LogRecord, rejectionName } from '../../src/parse/log-record.ts';

const PAGE = new URL('../../../docs/log-formats/examples.md', import.meta.url);

interface Example {
  product: string;
  config: string;
  lines: string[];
  /** A row a line that is counted or rejected: key, method, endpoint, status. */
  rows: string[][];
}

const block = (section: string, language: string): string =>
  section.match(new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``))?.[1] ?? '';

function examplesOf(page: string): Example[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      product: section.slice(0, section.indexOf('\n')),
      config: block(section, 'yaml'),
      lines: block(section, 'text').split('\n'),
      rows: [...section.matchAll(/^\| (.*) \|$/gm)]
        .slice(2)
        .map(([, row]) => row.replaceAll('\\_', '_').split(' | ')),
    }));
}

/** Reads the lines as the configuration says, which the exporter's own loader reads from a file. */
function read({ config, lines }: Example): string[][] {
  const directory = mkdtempSync(join(tmpdir(), 'atender-documented-'));
  try {
    const file = join(directory, 'exporter.yaml');
    writeFileSync(file, config);
    const { settings, problems } = readSettings({ file, flags: {}, env: {} });
    expect(problems).toEqual([]);
    const { format } = settings!.ingestion.sources[0];
    const parser = createLineParser(compileFormat(format));
    const record = new LogRecord();
    return lines.flatMap((line) => {
      const bytes = Buffer.from(line);
      const outcome = parser.parse(bytes, 0, bytes.length, record);
      if (outcome === INCOMPLETE) return [];
      return [outcome === ACCEPTED ? rowOf(record) : [rejectionName(outcome)]];
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function rowOf(record: LogRecord): string[] {
  expect(new Date(record.timestampMs).toISOString()).toMatch(/^2026-05-04T(08|10):11:1/);
  expect(record.ignoredFields).toBe(0);
  const span = (bytes: Buffer, start: number, end: number) => bytes.toString('utf8', start, end) || '–';
  return [
    span(record.key, record.keyStart, record.keyEnd),
    span(record.bytes, record.methodStart, record.methodEnd),
    record.template.toString('latin1', 0, record.templateEnd) || '__unmatched__',
    String(record.status),
  ];
}

describe('the documented configurations', () => {
  const examples = examplesOf(readFileSync(PAGE, 'utf8'));

  test('there is one for each product', () => {
    expect(examples.length).toBeGreaterThanOrEqual(20);
    for (const { config, lines, rows } of examples) {
      expect(config).not.toBe('');
      expect(lines.length).toBeGreaterThan(0);
      expect(rows.length).toBeGreaterThan(0);
    }
  });

  test.each(examples)('$product: every line counts as the page says', (example) => {
    expect(read(example)).toEqual(example.rows);
  });
});
