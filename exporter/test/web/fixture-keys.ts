import type { KeyState } from '../../src/health/states.ts';
import type { KeyFacts, MinuteClass } from '../../src/usage/key-facts.ts';

export const NOW = 1_780_000_000;
export const DAY = 86_400;

/** One key of the fixture: what the keys file says of it and how it was used. */
export interface FixtureKey {
  id: string;
  tenant?: string;
  /** The entry's fields as they stand in the keys file; undefined = not in it. */
  entry?: Record<string, unknown>;
  /** Requests each minute of the last hour, by class. */
  perMinute?: Partial<Record<MinuteClass, number>>;
  /** Minutes ago in which the traffic stopped. */
  stopped?: number;
  facts?: Partial<KeyFacts>;
  /** [method, template, status, requests] since the counters count. */
  endpoints?: [string, string, number, number][];
  /** The state it is there for. */
  shows?: KeyState;
}

const ISO = (ago: number): string => new Date((NOW - ago) * 1000).toISOString();
const CONTACTS: FixtureKey['endpoints'] = [
  ['GET', '/v1/contacts/:id', 200, 81_204],
  ['GET', '/v1/contacts', 200, 12_881],
  ['PATCH', '/v1/contacts/:id', 200, 5_120],
  ['PATCH', '/v1/contacts/:id', 422, 118],
  ['GET', '/v1/conversations', 200, 2_040],
  ['GET', '/v1/contacts/:id', 404, 77],
];

/** Keys that between them show every state. */
export const KEYS: FixtureKey[] = [
  {
    id: 'key_crm_sync',
    entry: {
      name: 'CRM sync',
      owner: 'crm-team',
      tier: 'enterprise',
      scopes: ['contacts:write', 'conversations:read'],
      createdAt: ISO(400 * DAY),
      rotatedAt: ISO(40 * DAY),
      rotateEvery: '180d',
    },
    perMinute: { success: 41, redirect: 1 },
    endpoints: CONTACTS,
    shows: 'healthy',
  },
  {
    id: 'key_web_widget',
    entry: { name: 'Web chat widget', owner: 'web-team', tier: 'professional', scopes: ['integration'] },
    perMinute: { success: 28, other4xx: 0.1 },
    endpoints: [
      ['POST', '/v1/conversations/:id/messages', 201, 48_022],
      ['GET', '/v1/conversations/:id', 200, 91_377],
    ],
    shows: 'healthy',
  },
  {
    id: 'key_billing_export',
    entry: {
      name: 'Billing export',
      owner: 'finance@example.com',
      tier: 'starter',
      thresholds: { throttled_ratio: 0.08 },
      scopes: ['analytics:read'],
    },
    perMinute: { success: 46, throttled: 9 },
    facts: { peakPerMinute: 70, requestsToday: 9_120, requestsLastMinute: 55 },
    endpoints: [
      ['GET', '/v1/analytics/reports/:id', 200, 30_112],
      ['GET', '/v1/analytics/reports/:id', 429, 4_011],
    ],
    shows: 'throttled',
  },
  {
    id: 'key_search_index',
    entry: {
      name: 'Search indexer',
      owner: 'search',
      tier: 'professional',
      scopes: ['knowledge:read', 'search:read'],
    },
    perMinute: { success: 20, serverErrors: 2 },
    endpoints: [
      ['GET', '/v1/kb/articles/:id', 200, 8_812],
      ['GET', '/v1/kb/articles/:id', 503, 640],
      ['GET', '/v1/search', 500, 41],
    ],
    shows: 'failing',
  },
  {
    id: 'key_reporting',
    entry: { name: 'Reporting', owner: 'bi', scopes: ['analytics:read'], scopesChangedAt: ISO(3 * 3600) },
    perMinute: { success: 3, forbidden: 1 },
    endpoints: [
      ['GET', '/v1/analytics', 200, 900],
      ['GET', '/v1/users', 403, 96],
    ],
    shows: 'forbidden',
  },
  {
    id: 'key_old_mobile',
    entry: { name: 'Mobile app (old key)', owner: 'mobile' },
    perMinute: { unauthorized: 2 },
    facts: { lastUsed: NOW - 20 * 60, lastRejected: NOW - 4 },
    shows: 'unauthorized',
  },
  {
    id: 'key_voice_bridge',
    entry: { name: 'Voice bridge', owner: 'telephony', tier: 'professional' },
    perMinute: { success: 12 },
    stopped: 60,
    facts: { lastUsed: NOW - 8_040, maxGap: 420 },
    shows: 'silent',
  },
  {
    id: 'key_partner_feed',
    entry: { name: 'Partner feed', owner: 'partners' },
    perMinute: { success: 6 },
    facts: {
      lastNewIp: NOW - 240,
      recentNewIps: [
        { ip: '203.0.113.0/24', noticed: NOW - 240 },
        { ip: '2001:db8:77:1::/64', noticed: NOW - 3_700 },
      ],
      uniqueIps: { hour: 3, day: 9, month: 14, approximate: false },
    },
    shows: 'new_ip',
  },
  {
    id: 'key_kb_sync',
    entry: { name: 'Knowledge sync', owner: 'docs', scopes: ['knowledge:write'] },
    perMinute: { success: 5 },
    facts: {
      newSurfaces: [{ surface: 'contacts', noticed: NOW - 300 }],
      scopes: [
        { scope: 'knowledge:read', lastUsed: NOW - 9 },
        { scope: 'contacts:read', lastUsed: NOW - 30 },
      ],
    },
    endpoints: [
      ['GET', '/v1/kb/articles', 200, 4_410],
      ['GET', '/v1/contacts', 200, 12],
    ],
    shows: 'new_surface',
  },
  {
    id: 'key_importer',
    entry: { name: 'Bulk importer', owner: 'data', tier: 'enterprise', environment: 'sandbox' },
    perMinute: { success: 30, other4xx: 3 },
    endpoints: [
      ['POST', '/v1/bulk/contacts', 200, 22_000],
      ['POST', '/v1/bulk/contacts', 422, 2_210],
    ],
    shows: 'degraded',
  },
  {
    id: 'key_campaigns',
    entry: { name: 'Campaigns', owner: 'marketing', tier: 'starter' },
    perMinute: { success: 7 },
    facts: { requestsToday: 8_600, peakPerMinute: 11 },
    shows: 'attention',
  },
  {
    id: 'key_legacy_etl',
    entry: { name: 'Legacy ETL', owner: 'data', realtime: false },
    facts: { lastUsed: NOW - 41 * DAY },
    shows: 'stale',
  },
  {
    id: 'key_mobile_2025',
    entry: { name: 'Mobile app 2025', owner: 'mobile' },
    perMinute: { success: 1 },
    shows: 'rotating',
  },
  {
    id: 'key_mobile_2026',
    entry: { name: 'Mobile app 2026', owner: 'mobile', replaces: 'key_mobile_2025' },
    perMinute: { success: 15 },
    shows: 'rotating',
  },
  {
    id: 'key_pilot',
    entry: { name: 'Pilot project', owner: 'labs', realtime: false, createdAt: ISO(12 * DAY) },
    facts: { lastUsed: 0, firstUsed: 0 },
    shows: 'never_used',
  },
  {
    id: 'key_nightly',
    entry: {
      name: 'Nightly checks',
      owner: 'qa',
      environment: 'sandbox',
      tier: 'custom',
      limits: { perMinute: 120, perDay: 5_000, burst: 0 },
    },
    perMinute: { success: 0.1, other4xx: 0.05 },
    shows: 'low_traffic',
  },
  {
    id: 'key_backup',
    entry: { name: 'Backup', owner: 'it', realtime: false },
    facts: { lastUsed: NOW - 9 * 3600 },
    shows: 'idle',
  },
  {
    id: 'key_former',
    entry: { name: 'Former vendor', owner: '', state: 'revoked' },
    facts: { lastUsed: NOW - 50 * DAY },
    shows: 'disabled',
  },
  {
    id: 'key_leaked',
    entry: { name: 'Leaked in March', owner: 'security', state: 'revoked' },
    perMinute: { success: 0.2 },
    facts: { lastUsed: NOW - 95 },
    shows: 'revoked_used',
  },
  { id: 'sa_live_3fa1c09be27d', tenant: 'beta', perMinute: { success: 2 }, shows: 'healthy' },
];
