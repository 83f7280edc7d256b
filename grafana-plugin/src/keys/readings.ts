import { KEY_SERIES } from '../../../exporter/src/health/series.ts';
import { NO_KEY, OTHER } from '../../../exporter/src/keys/key.ts';
import type { Answers } from '../frames/answers.ts';
import type { Rows, Series } from '../frames/rows.ts';
import type { RoleName } from '../roles/roles.ts';

/** What the keys file says, as labels of `atender_key_info`. */
export interface KeyInformation {
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
  /** By status; without status labels everything is under 0. */
  statuses: Map<number, number>;
}

/** All that the queries answered about one key. What was not answered is undefined or missing. */
export interface KeyReadings {
  id: string;
  tenant: string;
  info?: KeyInformation;
  /** Values by metric name; several of one metric by their further label. */
  facts: Map<string, Map<string, number>>;
  thresholds: Map<string, number>;
  /** Thresholds that the keys file sets, by kind. */
  overrides: Map<string, number>;
  status5m?: Map<number, number>;
  status30m?: Map<number, number>;
  status1h?: Map<number, number>;
  /** Requests per second. */
  recentRate?: number;
  dayRate?: number;
  expectedRate?: number;
  lastWeek?: number;
  /** Highest number of 403 answers in an earlier hour. */
  forbiddenHistory?: number;
  volume?: Series;
  endpoints: EndpointCounts[];
  stragglers: EndpointCounts[];
  addresses: string[];
  /** True for a key that is known only as the other one of a rotation. */
  partnerOnly: boolean;
}

/** Every key that any query answered about, joined by key and tenant. */
export class KeyIndex {
  private readonly tenants = new Map<string, Map<string, KeyReadings>>();

  /** undefined = no query answered about it. */
  find(tenant: string, id: string): KeyReadings | undefined {
    return this.tenants.get(tenant)?.get(id);
  }

  all(): KeyReadings[] {
    return [...this.tenants.values()].flatMap((keys) => [...keys.values()]);
  }

  /**
   * The key's readings, new when this is the first answer about it.
   * @param told the key's tenant; undefined = the query does not tell tenants apart, so it is that of the only
   *   tenant with such a key
   */
  at(told: string | undefined, id: string, partner = false): KeyReadings {
    const tenant = told ?? this.onlyTenantOf(id);
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

  /** '' where no tenant or more than one has a key of that id. */
  private onlyTenantOf(id: string): string {
    const having = [...this.tenants].flatMap(([tenant, keys]) => (keys.has(id) ? [tenant] : []));
    return having.length === 1 ? (having[0] as string) : '';
  }
}

/** Metrics whose values differ by a further label. */
const FURTHER_LABEL: Record<string, string> = {
  [KEY_SERIES.uniqueIps]: 'window',
  [KEY_SERIES.rateLimit]: 'window',
  [KEY_SERIES.lastNewSurface]: 'surface',
  [KEY_SERIES.scopeInfo]: 'scope',
  [KEY_SERIES.scopeLastUsed]: 'scope',
  [KEY_SERIES.threshold]: 'kind',
};

/** Takes what one row of an answer says about its key. */
type Take = (key: KeyReadings, rows: Rows, row: number) => void;

/** What is taken from the tables. Rows of several exporters about one key add up, or the highest counts. */
const TAKEN: [role: RoleName, take: Take][] = [
  ['facts', takeFact],
  ...(['status5m', 'status30m', 'status1h'] as const).map((role): [RoleName, Take] => [
    role,
    (key, rows, row) => {
      const status = Number(rows.label('status', row) || Number.NaN);
      // Null or NaN is no answer: a key that has no other is not one that had no requests. Nor is one of no status.
      if (!Number.isFinite(rows.value(row)) || !Number.isFinite(status)) return;
      key[role] ??= new Map();
      add(key[role], status, rows.value(row));
    },
  ]),
  ...(['recentRate', 'dayRate', 'expectedRate', 'lastWeek'] as const).map((role): [RoleName, Take] => [
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
  ...(['thresholds', 'overrides'] as const).map((role): [RoleName, Take] => [
    role,
    (key, rows, row) => {
      const kind = rows.label('kind', row);
      key[role].set(kind, highest(key[role].get(kind), rows.value(row)));
    },
  ]),
  ['endpoints', (key, rows, row) => takeEndpoint(key.endpoints, rows, row)],
  [
    'addresses',
    (key, rows, row) => {
      const ip = rows.label('ip', row);
      if (!key.addresses.includes(ip)) key.addresses.push(ip);
    },
  ],
  ['partnerFacts', takeFact],
  ['stragglers', (key, rows, row) => takeEndpoint(key.stragglers, rows, row)],
  ['info', takeInformation],
];

/** Joins the answers of all queries by key. */
export function readingsOf(answers: Answers): KeyIndex {
  const index = new KeyIndex();
  // In a card this query names the other key of a rotation too, which must not pass for the shown one.
  const isCard = answers.asked.has('partnerFacts');
  const isOfPartner = (role: RoleName) =>
    role === 'partnerFacts' || role === 'stragglers' || (role === 'info' && isCard);
  const tables = TAKEN.map(([role, take]) => ({ role, take, rows: answers.rows(role) }));
  const tellsTenants = ({ rows }: { rows: Rows[] }) => rows.some((some) => some.has('tenant_id'));
  // Those that tell tenants apart go first: the others are joined to what they found.
  for (const told of [true, false]) {
    for (const { role, take, rows: all } of tables.filter((table) => tellsTenants(table) === told))
      for (const rows of all.filter((some) => some.has('key_id')))
        for (let row = 0; row < rows.length; row++) {
          const id = rows.label('key_id', row);
          const tenant = told ? rows.label('tenant_id', row) : undefined;
          if (isKey(id)) take(index.at(tenant, id, isOfPartner(role)), rows, row);
        }
    for (const role of ['volume', 'partnerVolume'] as const) takeVolumes(index, answers, role, told);
  }
  if (isCard) standAlone(index);
  return index;
}

/** A key that only the keys file knows is answered by `info` alone. */
function standAlone(index: KeyIndex): void {
  const keys = index.all();
  if (keys.every(({ partnerOnly }) => partnerOnly)) for (const key of keys) key.partnerOnly = false;
}

function takeFact(key: KeyReadings, rows: Rows, row: number): void {
  const metric = rows.label('__name__', row);
  const further = FURTHER_LABEL[metric];
  const values = key.facts.get(metric) ?? new Map<string, number>();
  key.facts.set(metric, values);
  const name = further === undefined ? '' : rows.label(further, row);
  values.set(name, highest(values.get(name), rows.value(row)));
}

/** Exporters whose keys files differ: retired, real-time or replacing for one of them is so, as for the alerts. */
function takeInformation(key: KeyReadings, rows: Rows, row: number): void {
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

function takeEndpoint(endpoints: EndpointCounts[], rows: Rows, row: number): void {
  const method = rows.label('method', row);
  const template = rows.label('endpoint', row);
  let endpoint = endpoints.find((known) => known.method === method && known.template === template);
  if (endpoint === undefined) {
    endpoint = { method, template, statuses: new Map() };
    endpoints.push(endpoint);
  }
  add(endpoint.statuses, Number(rows.label('status', row)) || 0, rows.value(row));
}

/** The volume of each key, summed over its series where a query answered with several. */
function takeVolumes(index: KeyIndex, answers: Answers, role: 'volume' | 'partnerVolume', told: boolean) {
  const all = answers.series(role);
  if (all.some(({ labels }) => labels.tenant_id !== undefined) !== told) return;
  const found = new Map<KeyReadings, Series>();
  for (const series of all) {
    const id = series.labels.key_id ?? '';
    if (!isKey(id)) continue;
    const key = index.at(told ? (series.labels.tenant_id ?? '') : undefined, id, role === 'partnerVolume');
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

/** Requests without a key and those of keys beyond the exporter's limits have labels, but are no keys. */
const isKey = (id: string): boolean => id !== '' && id !== NO_KEY && id !== OTHER;
