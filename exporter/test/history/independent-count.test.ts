import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, expect, test } from '@jest/globals';
import { writeHistory } from '../../src/demo/demo.ts';
import { openStoreForReading } from '../../src/store/sqlite.ts';
import { endLeftovers, startExporter, temporaryDirectory } from '../exporter-process.ts';

const DAYS = 16;
const directory = temporaryDirectory();
afterAll(() => {
  endLeftovers();
  directory.remove();
});

interface Counted {
  statuses: Record<string, number>;
  bytes: number;
  ips: number;
  first: number;
  last: number;
}

test('of a million lines of the demonstration log, each day of each key is what DuckDB counts in the log itself', async () => {
  await writeHistory({ directory: directory.path, history: DAYS * 86_400, messages: { write: () => {} } });
  const log = join(directory.path, 'requests.log');
  const store = join(directory.path, 'usage.db');
  const keysFile = join(directory.path, 'keys.yaml');
  const exporter = await startExporter(['--log.path', log, '--store.path', store, '--keys.file', keysFile]);
  await exporter.ready();
  await exporter.end('SIGTERM');
  const counted = await countedBy(log);
  expect(
    Object.values(counted)
      .flatMap(({ statuses }) => Object.values(statuses))
      .reduce(plus),
  ).toBeGreaterThan(1e6);
  expect(stored(store)).toEqual(counted);
}, 180_000);

const plus = (a: number, b: number): number => a + b;

function stored(path: string): Record<string, Counted> {
  const reader = openStoreForReading(path);
  const { daily } = reader;
  const span = daily.span()!;
  const days = daily.keys().flatMap(({ key, id }) =>
    daily.figures(key, span).map(({ day, figures }): [string, Counted] => [
      `${id} ${new Date(day * 86_400_000).toISOString().slice(0, 10)}`,
      {
        statuses: Object.fromEntries(figures.statuses),
        ...{ bytes: figures.bytes, ips: figures.ips.count(), first: figures.first, last: figures.last },
      },
    ]),
  );
  reader.close();
  return Object.fromEntries(days);
}

async function countedBy(log: string): Promise<Record<string, Counted>> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '512MiB', threads: '2' });
  const connection = await instance.connect();
  const answered = `FILTER (WHERE status <> 401)`;
  const reader = await connection.runAndReadAll(`
    WITH lines AS (SELECT keyId AS key, strftime("timestamp"::TIMESTAMP, '%Y-%m-%d') AS day,
        epoch_ms("timestamp"::TIMESTAMP) / 1000 AS second, status, bytes, ip
      FROM read_json('${log}', format = 'newline_delimited')),
    statuses AS (SELECT key, day, status, count(*)::INTEGER AS requests FROM lines GROUP BY ALL)
    SELECT key, day, coalesce(sum(bytes) ${answered}, 0)::DOUBLE AS bytes,
      (count(DISTINCT ip) ${answered})::INTEGER AS ips, coalesce(min(second) ${answered}, 0)::DOUBLE AS first,
      coalesce(max(second) ${answered}, 0)::DOUBLE AS last,
      (SELECT json_group_object(status::VARCHAR, requests) FROM statuses
        WHERE statuses.key = lines.key AND statuses.day = lines.day)::VARCHAR AS statuses
    FROM lines GROUP BY key, day`);
  const rows = reader.getRowObjectsJson() as unknown as (Omit<Counted, 'statuses'> &
    Record<'key' | 'day' | 'statuses', string>)[];
  connection.closeSync();
  instance.closeSync();
  return Object.fromEntries(
    rows.map(({ key, day, statuses, ...figures }) => [
      `${key} ${day}`,
      { ...figures, statuses: JSON.parse(statuses) as Record<string, number> },
    ]),
  );
}
