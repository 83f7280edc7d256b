import type { Changes, DayRow, EndpointRow, KeyRow } from '../usage/changes.ts';
import { type KeyRegistry, Usage, type UsageOptions } from '../usage/usage.ts';
import { archivedKeys, archivedRecords } from './archived-record.ts';
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
  let pending = { keys: await namedKeys(archive, stored, options, registry), endpoints: [] as EndpointRow[] };
  const keys = new Map([...stored.keys, ...pending.keys].map((row) => [row.key, row]));
  const usage = restored({ ...stored, keys: [...keys.values()] }, options, registry);
  for (const day of [...archive.days].sort()) {
    let requests = 0;
    for await (const record of archivedRecords(archive, day)) {
      usage.account(record);
      requests++;
    }
    const changes = usage.changes(Date.now() / 1000, 1);
    usage.markCommitted();
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

/**
 * Keys that get their place from a request of the archive, and those that a start brings along, such as the keys
 * file's. Known from the first day on, they have their 401s of before too, and a second rebuild changes nothing.
 */
async function namedKeys(
  archive: ArchivedRequests,
  stored: Changes,
  options: UsageOptions,
  registry: KeyRegistry,
): Promise<KeyRow[]> {
  const usage = restored(stored, options, registry);
  for await (const record of archivedKeys(archive)) usage.account(record);
  return usage.changes(Date.now() / 1000, 1).keys;
}

function restored(
  { keys, endpoints, series, values }: Changes,
  options: UsageOptions,
  registry: KeyRegistry,
): Usage {
  const usage = new Usage(options, registry, Date.now);
  usage.restore({ ...NOTHING, keys, endpoints, series, values }, false);
  return usage;
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
