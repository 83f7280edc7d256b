/** What a query is for. Titles are in role-texts.ts. */
export interface Role {
  /** `table`: one value per series, instant query. `series`: values over the shown time, range query. */
  kind: 'table' | 'series';
  /** Every used key has a result. No result at all is an error, such as rules that are not loaded. */
  neverEmpty?: boolean;
  /** The panel works without it. */
  optional?: boolean;
  /** Only the card uses it. */
  cardOnly?: boolean;
  /** Labels that its results must have. */
  labels: readonly string[];
}

const KEY = ['key_id'];
const STATUS = [...KEY, 'status'];
const KIND = [...KEY, 'kind'];
const ENDPOINT = [...KEY, 'endpoint'];

/** Every role. The refId of a query is the name of its role unless the options assign another one. */
export const ROLES = {
  keys: {
    kind: 'table',
    optional: true,
    labels: KEY,
  },
  asOf: {
    kind: 'table',
    optional: true,
    labels: [],
  },
  info: {
    kind: 'table',
    labels: KEY,
  },
  facts: {
    kind: 'table',
    neverEmpty: true,
    labels: [...KEY, '__name__'],
  },
  thresholds: {
    kind: 'table',
    neverEmpty: true,
    labels: KIND,
  },
  overrides: {
    kind: 'table',
    labels: KIND,
  },
  status5m: {
    kind: 'table',
    neverEmpty: true,
    labels: STATUS,
  },
  status30m: {
    kind: 'table',
    neverEmpty: true,
    labels: STATUS,
  },
  status1h: {
    kind: 'table',
    neverEmpty: true,
    labels: STATUS,
  },
  recentRate: {
    kind: 'table',
    labels: KEY,
  },
  dayRate: {
    kind: 'table',
    optional: true,
    labels: KEY,
  },
  expectedRate: {
    kind: 'table',
    labels: KEY,
  },
  lastWeek: {
    kind: 'table',
    labels: KEY,
  },
  pipeline: {
    kind: 'table',
    labels: [],
  },
  volume: {
    kind: 'series',
    labels: KEY,
  },
  endpoints: {
    kind: 'table',
    labels: ENDPOINT,
  },
  forbiddenHistory: {
    kind: 'table',
    labels: KEY,
  },
  addresses: {
    kind: 'table',
    cardOnly: true,
    labels: [...KEY, 'ip'],
  },
  stragglers: {
    kind: 'table',
    cardOnly: true,
    labels: ENDPOINT,
  },
  partnerFacts: {
    kind: 'table',
    cardOnly: true,
    labels: [...KEY, '__name__'],
  },
  partnerVolume: {
    kind: 'series',
    cardOnly: true,
    labels: KEY,
  },
} as const satisfies Record<string, Role>;

export type RoleName = keyof typeof ROLES;
export const ROLE_NAMES = Object.keys(ROLES) as RoleName[];
export const roleOf = (name: RoleName): Role => ROLES[name];

/** RefIds that differ from the role name, by role. */
export type RoleMapping = Partial<Record<RoleName, string>>;

/** The refId of the query of a role. */
export const refIdOf = (role: RoleName, mapping: RoleMapping): string => mapping[role]?.trim() || role;

/** The role of each refId. If roles share a refId, the first one named in the options wins. */
export function rolesByRefId(mapping: RoleMapping): Map<string, RoleName> {
  const roles = new Map<string, RoleName>();
  for (const role of [...ROLE_NAMES.filter((name) => mapping[name]?.trim()), ...ROLE_NAMES]) {
    const refId = refIdOf(role, mapping);
    if (!roles.has(refId)) roles.set(refId, role);
  }
  return roles;
}
