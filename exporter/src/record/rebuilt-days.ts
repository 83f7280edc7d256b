import type { Changes, DayRow, EndpointRow, KeyRow } from '../usage/changes.ts';
import { type KeyRegistry, Usage, type UsageOptions } from '../usage/usage.ts';
import { archivedRecords } from './archived-record.ts';
import type { ArchivedRequests } from './archived-requests.ts';

/** One day's aggregates as the archive gives them, with the keys and endpoints the store does not have yet. */
export interface RebuiltDay {
  day: string;
  requests: number;
  keys: KeyRow[];
  endpoints: EndpointRow[];
  days: DayRow[];
}

/**
 * Counts archived days anew, by the same accounting as the first time. It starts from the keys, endpoints and
 * series that the store knows, so that what has a name keeps it and limits hold as they did.
 */
export async function* rebuiltDays(
  archive: ArchivedRequests,
  stored: Changes,
  options: UsageOptions,
  registry: KeyRegistry,
): AsyncGenerator<RebuiltDay> {
  const usage = new Usage(options, registry, Date.now);
  const { keys, endpoints, series, values } = stored;
  usage.restore({ ...NOTHING, keys, endpoints, series, values }, false);
  // What a start brings along by itself, such as keys of the keys file, is no day's.
  const started = usage.changes(Date.now() / 1000, 1);
  usage.settle();
  let pending = { keys: started.keys, endpoints: started.endpoints };
  for (const day of [...archive.days].sort()) {
    let requests = 0;
    for await (const record of archivedRecords(archive, day)) {
      usage.account(record);
      requests++;
    }
    const changes = usage.changes(Date.now() / 1000, 1);
    usage.settle();
    yield {
      day,
      requests,
      keys: [...pending.keys, ...changes.keys],
      endpoints: [...pending.endpoints, ...changes.endpoints],
      days: changes.days,
    };
    pending = { keys: [], endpoints: [] };
  }
}

/** The addresses and times a key has are left out: they would say that an address of this day is known. */
const NOTHING = {
  histograms: [],
  keyUsage: [],
  ips: [],
  sketches: [],
  surfaces: [],
  days: [],
};
