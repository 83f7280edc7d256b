import { NO_KEY, OTHER } from '../../../exporter/src/keys/key.ts';
import { KEY_FAMILIES } from '../../../exporter/src/metrics/families.ts';
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
  overrides: Set<string>;
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

  /** The key's readings, new when this is the first answer about it. */
  at(tenant: string, id: string, partner = false): KeyReadings {
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
        overrides: new Set(),
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
}

/** Metrics whose values differ by a further label. */
const FURTHER_LABEL: Record<string, string> = {
  [KEY_FAMILIES.uniqueIps.name]: 'window',
  [KEY_FAMILIES.rateLimit.name]: 'window',
  [KEY_FAMILIES.lastNewSurface.name]: 'surface',
  [KEY_FAMILIES.scopeInfo.name]: 'scope',
  [KEY_FAMILIES.scopeLastUsed.name]: 'scope',
};

/** Joins the answers of all queries by key. */
export function readingsOf(answers: Answers): KeyIndex {
  const index = new KeyIndex();
  const each = (
    role: RoleName,
    take: (key: KeyReadings, rows: Rows, row: number) => void,
    partner = false,
  ) => {
    for (const rows of answers.rows(role)) {
      if (!rows.has('key_id')) continue;
      for (let row = 0; row < rows.length; row++) {
        const id = rows.label('key_id', row);
        if (!isKey(id)) continue;
        take(index.at(rows.label('tenant_id', row), id, partner), rows, row);
      }
    }
  };
  each('facts', takeFact);
  for (const role of ['status5m', 'status30m', 'status1h'] as const)
    each(role, (key, rows, row) => {
      const counts = key[role] ?? new Map<number, number>();
      key[role] = counts;
      add(counts, Number(rows.label('status', row)), rows.value(row));
    });
  for (const role of ['recentRate', 'dayRate', 'expectedRate', 'lastWeek', 'forbiddenHistory'] as const)
    each(role, (key, rows, row) => {
      key[role] = rows.value(row);
    });
  each('thresholds', (key, rows, row) => key.thresholds.set(rows.label('kind', row), rows.value(row)));
  each('overrides', (key, rows, row) => key.overrides.add(rows.label('kind', row)));
  each('endpoints', (key, rows, row) => takeEndpoint(key.endpoints, rows, row));
  each('addresses', (key, rows, row) => key.addresses.push(rows.label('ip', row)));
  each('partnerFacts', takeFact, true);
  each('stragglers', (key, rows, row) => takeEndpoint(key.stragglers, rows, row), true);
  takeVolumes(index, answers.series('volume'), false);
  takeVolumes(index, answers.series('partnerVolume'), true);
  // Last: in a card this query names the other key of a rotation too, which must not pass for the shown one.
  const card = answers.asked.has('partnerFacts');
  each('info', takeInformation, card);
  if (card) standAlone(index);
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
  values.set(further === undefined ? '' : rows.label(further, row), rows.value(row));
}

function takeInformation(key: KeyReadings, rows: Rows, row: number): void {
  const text = (label: string) => rows.label(label, row);
  key.info = {
    name: text('name'),
    environment: text('environment'),
    tier: text('tier'),
    owner: text('owner'),
    state: text('state'),
    realtime: text('realtime') === 'true',
    replaces: text('replaces'),
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

function takeVolumes(index: KeyIndex, all: Series[], partner: boolean): void {
  for (const series of all) {
    const id = series.labels.key_id ?? '';
    if (!isKey(id)) continue;
    index.at(series.labels.tenant_id ?? '', id, partner).volume = series;
  }
}

function add(counts: Map<number, number>, status: number, requests: number): void {
  if (Number.isFinite(requests)) counts.set(status, (counts.get(status) ?? 0) + requests);
}

/** Requests without a key and those of keys beyond the exporter's limits have labels, but are no keys. */
const isKey = (id: string): boolean => id !== '' && id !== NO_KEY && id !== OTHER;
