import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { endLeftovers, eventually, startExporter, sumOf, temporaryDirectory } from '../exporter-process.ts';
import { writeRequests } from '../log-lines.ts';

afterEach(endLeftovers);

const FILES = 120;

test('more files than may be open: scrapes are answered and say so, nothing is taken for rotated, a higher limit reads the rest', async () => {
  const directory = temporaryDirectory();
  for (let i = 0; i < FILES; i++) writeRequests(join(directory.path, `${i}.log`), 1, { keyId: `key_${i}` });
  const args = ['--log.path', join(directory.path, '*.log'), '--store.path', join(directory.path, 'x.db')];
  const few = await startExporter(args, { openFiles: 100 });
  await few.ready();
  for (let i = 0; i < FILES; i++)
    writeRequests(join(directory.path, `${i}.log`), 1, { keyId: `key_${i}`, status: 500 });
  await eventually(async () => {
    const text = await few.metrics();
    const open = sumOf(text, 'atender_exporter_files_open');
    expect(open).toBeGreaterThan(0);
    expect(sumOf(text, 'atender_exporter_lines_total')).toBe(2 * open);
    expect(sumOf(text, 'atender_exporter_file_errors_total', 'op="open"')).toBeGreaterThan(FILES);
    expect(sumOf(text, 'atender_exporter_rotations_total')).toBe(0);
  }, 30_000);
  expect(few.output()).toContain('raise the limit of open files');
  await few.end('SIGTERM');

  const many = await startExporter(args);
  await many.ready();
  const text = await many.metrics();
  expect(sumOf(text, 'atender_exporter_lines_total')).toBe(2 * FILES);
  expect(sumOf(text, 'atender_exporter_bytes_lost_total')).toBe(0);
  await many.end('SIGTERM');
  directory.remove();
}, 90_000);
