import { LineAccount } from '../../src/ingest/line-account.ts';
import { ParseAhead } from '../../src/ingest/parse-ahead.ts';
import { SourceCounters } from '../../src/log/counters.ts';
import { readToEnd } from '../../src/log/read-to-end.ts';
import { DEFAULT_FIELDS } from '../../src/parse/format.ts';
import { Usage } from '../../src/usage/usage.ts';
import type { Micro } from '../harness/micro.ts';
import { benchLog } from '../log-file.ts';
import { NO_KEYS, USAGE_OPTIONS } from '../usage-options.ts';

const FORMAT = {
  format: 'json',
  container: 'none',
  fields: DEFAULT_FIELDS,
  endpoints: [],
  maxLineBytes: 65_536,
} as const;
const REGISTRY = { ...NO_KEYS, scopeOf: () => 'contacts:read' };

/** From the file to the account with one thread, and with a second one that parses ahead. Needs the built exporter. */
export function ahead(inputs: string, lines: number): { micro: Micro; close(): Promise<void> } {
  const log = benchLog(inputs, { lines, keys: 200, endpointsPerKey: 10, ipsPerKey: 20 });
  const second = new ParseAhead(new URL('../../dist/parse-thread.js', import.meta.url));
  const read = (ahead: ParseAhead | undefined) => async () => {
    const usage = new Usage(USAGE_OPTIONS, REGISTRY, Date.now);
    const counters = new SourceCounters();
    const sources = [{ name: 'bench', format: FORMAT }];
    const account = new LineAccount(sources, usage, counters, undefined, undefined, ahead);
    const { maxLineBytes } = FORMAT;
    await readToEnd(log, account, {
      ...{ file: { id: 1, source: 'bench' }, maxLineBytes, counters, blockBytes: 1 << 20 },
      onProgress: () => {},
    });
  };
  return {
    micro: {
      ...{ unit: 'line', units: lines, reference: 'one thread' },
      tasks: { 'one thread': read(undefined), 'parsing ahead': read(second) },
    },
    close: () => second.close(),
  };
}
