import { NO_KEY, OTHER } from '../../../exporter/src/health/pseudo-keys.ts';
import { KEY_SERIES } from '../../../exporter/src/health/series.ts';
import type { QueryResults } from '../frames/query-results.ts';
import type { Rows, Series } from '../frames/rows.ts';
import type { RoleName } from '../roles/roles.ts';

/** Fields of the keys file, from the labels of `atender_key_info`. */
export interface KeyInfo {
  name: string;
  environment: string;
  tier: string;
  owner: string;
  state: string;
  realtime: boolean;
  replaces: string;
}

/** Requests of one endpoint. */
export interface EndpointCounts {
  method: string;
  template: string;
  /** By status; 0 = no status label. */
  statuses: Map<number, number>;
}

/** Query results of one key. Missing results are undefined or empty. */
export interface KeyData {
  id: string;
  tenant: string;
  info?: KeyInfo;
  /** Values by metric name, then by the extra label of the metric. */
  facts: Map<string, Map<string, number>>;
  thresholds: Map<string, number>;
  /** Overrides in the keys file, by kind. */
  overrides: Map<string, number>;
  status5m?: Map<number, number>;
  status30m?: Map<number, number>;
  status1h?: Map<number, number>;
  /** Requests per second. */
  recentRate?: number;
  dayRate?: number;
  expectedRate?: number;
  lastWeek?: number;
  /** Maximum number of 403 responses in an earlier hour. */
  forbiddenHistory?: number;
  volume?: Series;
  endpoints: EndpointCounts[];
  stragglers: EndpointCounts[];
  addresses: string[];
  /** The key appears only as the other key in a rotation. */
  partnerOnly: boolean;
}

/** All keys in the query results, by tenant and id. */
export class KeyIndex {
  private readonly tenants = new Map<string, Map<string, KeyData>>();

  /** undefined = not in the results. */
  find(tenant: string, id: string): KeyData | undefined {
    return this.tenants.get(tenant)?.get(id);
  }

  all(): KeyData[] {
    return [...this.tenants.values()].flatMap((keys) => [...keys.values()]);
  }

  /**
   * Returns the data of the key and creates it if needed.
   * @param givenTenant undefined = the query has no tenant label; the only tenant with such a key is then used
   */
  getOrCreate(givenTenant: string | undefined, id: string, partner = false): KeyData {
    const tenant = givenTenant ?? this.onlyTenantOf(id);
    let keys = this.tenants.get(tenant);
    if (keys === undefined) {
      keys = new Map();
      this.tenants.set(tenant, keys);
    }
    let key = keys.get(id);
    if (key === undefined) {
      key = {
        id,
        tenant,
        facts: new Map(),
        thresholds: new Map(),
        overrides: new Map(),
        endpoints: [],
        stragglers: [],
        addresses: [],
        partnerOnly: partner,
      };
      keys.set(id, key);
    }
    if (!partner) key.partnerOnly = false;
    return key;
  }

  /** Returns '' if no tenant, or more than one, has a key with the id. */
  private onlyTenantOf(id: string): string {
    const having = [...this.tenants].flatMap(([tenant, keys]) => (keys.has(id) ? [tenant] : []));
    return having.length === 1 ? (having[0] as string) : '';
  }
}

/** Metrics with an extra label besides the key labels. */
const EXTRA_LABEL: Record<string, string> = {
  [KEY_SERIES.uniqueIps]: 'window',
  [KEY_SERIES.rateLimit]: 'window',
  [KEY_SERIES.lastNewSurface]: 'surface',
  [KEY_SERIES.scopeInfo]: 'scope',
  [KEY_SERIES.scopeLastUsed]: 'scope',
  [KEY_SERIES.threshold]: 'kind',
};

/** Reads one row into the data of its key. */
type RowReader = (key: KeyData, rows: Rows, row: number) => void;

/** Reader of each table. Rows of several exporters are added, or the maximum is used. */
const ROW_READERS: [role: RoleName, take: RowReader][] = [
  ['facts', readFact],
  ...(['status5m', 'status30m', 'status1h'] as const).map((role): [RoleName, RowReader] => [
    role,
    (key, rows, row) => {
      const status = Number(rows.label('status', row) || Number.NaN);
      // Rows without a number or a status are skipped, so that the key counts as unknown rather than unused.
      if (!Number.isFinite(rows.value(row)) || !Number.isFinite(status)) return;
      key[role] ??= new Map();
      add(key[role], status, rows.value(row));
    },
  ]),
  ...(['recentRate', 'dayRate', 'expectedRate', 'lastWeek'] as const).map((role): [RoleName, RowReader] => [
    role,
    (key, rows, row) => {
      key[role] = (key[role] ?? 0) + rows.value(row);
    },
  ]),
  [
    'forbiddenHistory',
    (key, rows, row) => {
      key.forbiddenHistory = highest(key.forbiddenHistory, rows.value(row));
    },
  ],
  ...(['thresholds', 'overrides'] as const).map((role): [RoleName, RowReader] => [
    role,
    (key, rows, row) => {
      const kind = rows.label('kind', row);
      key[role].set(kind, highest(key[role].get(kind), rows.value(row)));
    },
  ]),
  ['endpoints', (key, rows, row) => readEndpoint(key.endpoints, rows, row)],
  [
    'addresses',
    (key, rows, row) => {
      const ip = rows.label('ip', row);
      if (!key.addresses.includes(ip)) key.addresses.push(ip);
    },
  ],
  ['partnerFacts', readFact],
  ['stragglers', (key, rows, row) => readEndpoint(key.stragglers, rows, row)],
  ['info', readInfo],
];

/** Joins the results of all queries by key. */
export function keyDataOf(answers: QueryResults): KeyIndex {
  const index = new KeyIndex();
  // In the card, `info` also returns the other key of a rotation, which is not the shown key.
  const isCard = answers.queried.has('partnerFacts');
  const isOfPartner = (role: RoleName) =>
    role === 'partnerFacts' || role === 'stragglers' || (role === 'info' && isCard);
  const tables = ROW_READERS.map(([role, take]) => ({ role, take, rows: answers.rows(role) }));
  const tellsTenants = ({ rows }: { rows: Rows[] }) => rows.some((some) => some.hasLabel('tenant_id'));
  // Results with tenant labels first: results without them are joined to the keys found.
  for (const hasTenants of [true, false]) {
    for (const { role, take, rows: all } of tables.filter((table) => tellsTenants(table) === hasTenants))
      for (const rows of all.filter((some) => some.hasLabel('key_id')))
        for (let row = 0; row < rows.length; row++) {
          const id = rows.label('key_id', row);
          const tenant = hasTenants ? rows.label('tenant_id', row) : undefined;
          if (isKey(id)) take(index.getOrCreate(tenant, id, isOfPartner(role)), rows, row);
        }
    for (const role of ['volume', 'partnerVolume'] as const) readVolumes(index, answers, role, hasTenants);
  }
  if (isCard) promotePartners(index);
  return index;
}

/** A key without requests has results in `info` only. It is the shown key then, not a partner. */
function promotePartners(index: KeyIndex): void {
  const keys = index.all();
  if (keys.every(({ partnerOnly }) => partnerOnly)) for (const key of keys) key.partnerOnly = false;
}

function readFact(key: KeyData, rows: Rows, row: number): void {
  const metric = rows.label('__name__', row);
  const further = EXTRA_LABEL[metric];
  const values = key.facts.get(metric) ?? new Map<string, number>();
  key.facts.set(metric, values);
  const name = further === undefined ? '' : rows.label(further, row);
  values.set(name, highest(values.get(name), rows.value(row)));
}

/** If keys files of exporters differ, retired, real-time and replacing win, as in the alerts. */
function readInfo(key: KeyData, rows: Rows, row: number): void {
  const text = (label: string) => rows.label(label, row);
  const { info: before } = key;
  key.info = {
    name: text('name') || (before?.name ?? ''),
    environment: text('environment'),
    tier: text('tier'),
    owner: text('owner') || (before?.owner ?? ''),
    state: before && before.state !== 'active' ? before.state : text('state'),
    realtime: before?.realtime || text('realtime') === 'true',
    replaces: text('replaces') || (before?.replaces ?? ''),
  };
}

function readEndpoint(endpoints: EndpointCounts[], rows: Rows, row: number): void {
  const method = rows.label('method', row);
  const template = rows.label('endpoint', row);
  let endpoint = endpoints.find((known) => known.method === method && known.template === template);
  if (endpoint === undefined) {
    endpoint = { method, template, statuses: new Map() };
    endpoints.push(endpoint);
  }
  add(endpoint.statuses, Number(rows.label('status', row)) || 0, rows.value(row));
}

/** Requests over time of each key, summed over its series. */
function readVolumes(
  index: KeyIndex,
  answers: QueryResults,
  role: 'volume' | 'partnerVolume',
  hasTenants: boolean,
) {
  const all = answers.series(role);
  if (all.some(({ labels }) => labels.tenant_id !== undefined) !== hasTenants) return;
  const found = new Map<KeyData, Series>();
  for (const series of all) {
    const id = series.labels.key_id ?? '';
    if (!isKey(id)) continue;
    const key = index.getOrCreate(
      hasTenants ? (series.labels.tenant_id ?? '') : undefined,
      id,
      role === 'partnerVolume',
    );
    const before = found.get(key);
    found.set(key, before === undefined ? series : summed(before, series));
  }
  for (const [key, series] of found) key.volume = series;
}

function summed(a: Series, b: Series): Series {
  const sums = new Map<number, number>();
  for (const { times, values } of [a, b])
    times.forEach((time, i) => {
      const value = values[i] as number;
      const before = sums.get(time);
      sums.set(time, before === undefined || Number.isNaN(before) ? value : before + (value || 0));
    });
  const times = [...sums.keys()].sort((x, y) => x - y);
  return { labels: a.labels, times, values: times.map((time) => sums.get(time) as number) };
}

function add(counts: Map<number, number>, status: number, requests: number): void {
  if (Number.isFinite(requests)) counts.set(status, (counts.get(status) ?? 0) + requests);
}

const highest = (known: number | undefined, value: number): number =>
  known === undefined || Number.isNaN(known) || value > known ? value : known;

/** False for the pseudo-keys: requests without a key, and keys over the limit of the exporter. */
const isKey = (id: string): boolean => id !== '' && id !== NO_KEY && id !== OTHER;
