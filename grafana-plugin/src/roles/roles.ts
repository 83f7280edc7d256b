/** What a query is for. Its title names it in the editor; `without` says what the panel cannot tell without it. */
export interface Role {
  title: string;
  without: string;
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
    title: 'Keys to show',
    without: 'every key that another query answers about is shown',
    kind: 'table',
    optional: true,
    labels: KEY,
  },
  info: {
    title: 'Key information',
    without: 'names, owners, tiers and environments are not known',
    kind: 'table',
    labels: KEY,
  },
  facts: {
    title: 'Key facts',
    without: 'when keys were last used, their addresses, quota and scopes are not known',
    kind: 'table',
    neverEmpty: true,
    labels: [...KEY, '__name__'],
  },
  thresholds: {
    title: 'Effective thresholds',
    without: 'built-in defaults stand in where the keys file sets no threshold',
    kind: 'table',
    neverEmpty: true,
    labels: KIND,
  },
  overrides: {
    title: 'Own thresholds',
    without: 'where a threshold comes from is told by its difference from the default',
    kind: 'table',
    labels: KIND,
  },
  status5m: {
    title: 'Requests by status, 5 minutes',
    without: 'whether errors still last is not known',
    kind: 'table',
    neverEmpty: true,
    labels: STATUS,
  },
  status30m: {
    title: 'Requests by status, 30 minutes',
    without: 'how requests were answered is not known, which decides most states',
    kind: 'table',
    neverEmpty: true,
    labels: STATUS,
  },
  status1h: {
    title: 'Requests by status, 1 hour',
    without: 'volume and answers of the last hour are not known',
    kind: 'table',
    neverEmpty: true,
    labels: STATUS,
  },
  recentRate: {
    title: 'Rate of the last hour',
    without: 'spikes and dips are not known',
    kind: 'table',
    labels: KEY,
  },
  dayRate: {
    title: 'Rate of the day before',
    without: 'spikes and dips are judged against past weeks only',
    kind: 'table',
    optional: true,
    labels: KEY,
  },
  expectedRate: {
    title: 'Expected rate',
    without: 'spikes and dips are not known',
    kind: 'table',
    labels: KEY,
  },
  lastWeek: {
    title: 'Rate a week ago',
    without: 'the change against last week is not known',
    kind: 'table',
    labels: KEY,
  },
  pipeline: {
    title: 'Blind exporters',
    without: 'whether the request log is read to its end is not known',
    kind: 'table',
    labels: [],
  },
  volume: {
    title: 'Requests over time',
    without: 'there are no sparklines',
    kind: 'series',
    labels: KEY,
  },
  endpoints: {
    title: 'Requests by endpoint and status',
    without: 'endpoints and their errors are not known',
    kind: 'table',
    labels: ENDPOINT,
  },
  forbiddenHistory: {
    title: 'Earlier hours with 403',
    without: 'a key with 403 answers counts as clean before',
    kind: 'table',
    labels: KEY,
  },
  addresses: {
    title: 'New addresses',
    without: 'new addresses are not named',
    kind: 'table',
    cardOnly: true,
    labels: [...KEY, 'ip'],
  },
  stragglers: {
    title: 'Endpoints of the old key, 1 day',
    without: 'what still uses the old key of a rotation is not known',
    kind: 'table',
    cardOnly: true,
    labels: ENDPOINT,
  },
  partnerFacts: {
    title: 'Facts of the other key of a rotation',
    without: 'the other key of a rotation is not known',
    kind: 'table',
    cardOnly: true,
    labels: [...KEY, '__name__'],
  },
  partnerVolume: {
    title: 'Requests over time of the other key',
    without: 'the shares of the two keys of a rotation are not shown',
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
