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
}

/** Every role. The refId of a query is its role's name unless the options say otherwise. */
export const ROLES = {
  keys: {
    title: 'Keys to show',
    without: 'every key that another query answers about is shown',
    kind: 'table',
    optional: true,
  },
  info: {
    title: 'Key information',
    without: 'names, owners, tiers and environments are not known',
    kind: 'table',
  },
  facts: {
    title: 'Key facts',
    without: 'when keys were last used, their addresses, quota and scopes are not known',
    kind: 'table',
    neverEmpty: true,
  },
  thresholds: {
    title: 'Effective thresholds',
    without: 'built-in defaults stand in where the keys file sets no threshold',
    kind: 'table',
    neverEmpty: true,
  },
  overrides: {
    title: 'Own thresholds',
    without: 'where a threshold comes from is told by its difference from the default',
    kind: 'table',
  },
  status5m: {
    title: 'Requests by status, 5 minutes',
    without: 'whether errors still last is not known',
    kind: 'table',
    neverEmpty: true,
  },
  status30m: {
    title: 'Requests by status, 30 minutes',
    without: 'how requests were answered is not known, which decides most states',
    kind: 'table',
    neverEmpty: true,
  },
  status1h: {
    title: 'Requests by status, 1 hour',
    without: 'volume and answers of the last hour are not known',
    kind: 'table',
    neverEmpty: true,
  },
  recentRate: { title: 'Rate of the last hour', without: 'spikes and dips are not known', kind: 'table' },
  dayRate: {
    title: 'Rate of the day before',
    without: 'spikes and dips are judged against past weeks only',
    kind: 'table',
    optional: true,
  },
  expectedRate: { title: 'Expected rate', without: 'spikes and dips are not known', kind: 'table' },
  lastWeek: { title: 'Rate a week ago', without: 'the change against last week is not known', kind: 'table' },
  pipeline: {
    title: 'Blind exporters',
    without: 'whether the request log is read to its end is not known',
    kind: 'table',
  },
  volume: { title: 'Requests over time', without: 'there are no sparklines', kind: 'series' },
  endpoints: {
    title: 'Requests by endpoint and status',
    without: 'endpoints and their errors are not known',
    kind: 'table',
  },
  forbiddenHistory: {
    title: 'Earlier hours with 403',
    without: 'a key with 403 answers counts as clean before',
    kind: 'table',
  },
  addresses: {
    title: 'New addresses',
    without: 'new addresses are not named',
    kind: 'table',
    cardOnly: true,
  },
  stragglers: {
    title: 'Endpoints of the old key, 1 day',
    without: 'what still uses the old key of a rotation is not known',
    kind: 'table',
    cardOnly: true,
  },
  partnerFacts: {
    title: 'Facts of the other key of a rotation',
    without: 'the other key of a rotation is not known',
    kind: 'table',
    cardOnly: true,
  },
  partnerVolume: {
    title: 'Requests over time of the other key',
    without: 'the shares of the two keys of a rotation are not shown',
    kind: 'series',
    cardOnly: true,
  },
} as const satisfies Record<string, Role>;

export type RoleName = keyof typeof ROLES;
export const ROLE_NAMES = Object.keys(ROLES) as RoleName[];
export const roleOf = (name: RoleName): Role => ROLES[name];

/** RefIds that differ from the role's name, by role. */
export type RoleMapping = Partial<Record<RoleName, string>>;

/** The refId that a role's query has. */
export const refIdOf = (role: RoleName, mapping: RoleMapping): string => mapping[role]?.trim() || role;
