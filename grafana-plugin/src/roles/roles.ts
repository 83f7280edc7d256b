/** What a query is for; its words are in role-words.ts. */
export interface Role {
  /** `table`: one value a series, now. `series`: values over the shown time. */
  kind: 'table' | 'series';
  /** Every key that is used has an answer: none at all is a fault, such as rules that are not loaded. */
  neverEmpty?: boolean;
  /** A panel works without it. */
  optional?: boolean;
  /** Only the card of one key asks for it. */
  cardOnly?: boolean;
  /** Labels without which its answers cannot be read. */
  labels: readonly string[];
}

const KEY = ['key_id'];
const STATUS = [...KEY, 'status'];
const KIND = [...KEY, 'kind'];
const ENDPOINT = [...KEY, 'endpoint'];

/** Every role. The refId of a query is its role's name unless the options say otherwise. */
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

/** RefIds that differ from the role's name, by role. */
export type RoleMapping = Partial<Record<RoleName, string>>;

/** The refId that a role's query has. */
export const refIdOf = (role: RoleName, mapping: RoleMapping): string => mapping[role]?.trim() || role;

/** The role of each refId. Of roles with one refId it is the first that the options name. */
export function rolesByRefId(mapping: RoleMapping): Map<string, RoleName> {
  const roles = new Map<string, RoleName>();
  for (const role of [...ROLE_NAMES.filter((name) => mapping[name]?.trim()), ...ROLE_NAMES]) {
    const refId = refIdOf(role, mapping);
    if (!roles.has(refId)) roles.set(refId, role);
  }
  return roles;
}
