import type { CheckName } from '../health/checks.ts';
import type { KeyState } from '../health/states.ts';

/** Milliseconds, for times relative to the moment the demonstration starts. */
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** A call a consumer makes. `{n}` in the path becomes a number, `{u}` a UUID. */
export interface Route {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  weight: number;
}

/** A stretch of time in which a key behaves differently. Times relative to the start; to = Infinity: lasts. */
export interface Episode {
  from: number;
  to: number;
  /** The incident it is, named after the check that sees it; absent for what is no incident. */
  incident?: CheckName;
  /** Factor on the rate; default 1. `until` = the factor it moves to, evenly, by the end. */
  rate?: number;
  until?: number;
  /** Share of the requests that get one of these answers instead. */
  answers?: { share: number; statuses: number[] };
  /** Share of the requests that go elsewhere or come from elsewhere; `n` counts periods of `every`. */
  routes?: { share: number; every: number; route: (n: number) => Route };
  addresses?: { share: number; every: number; address: (n: number) => string };
}

/** One key of the demonstration: what the keys file says of it, and how it is used. */
export interface Consumer {
  id: string;
  tenant: string;
  /** The state it is there to show, once the demonstration runs. */
  shows: KeyState;
  /** Further fields of its keys-file entry; times as milliseconds relative to the start. */
  entry: Record<string, unknown> & { name: string };
  times: { createdAt: number; rotatedAt?: number; scopesChangedAt?: number };
  userAgent: string;
  /** Requests per minute at the busiest hour; 0 = none outside of its episodes' own. */
  perMinute: number;
  /** office = by day more than by night; steady = all the same. */
  rhythm: 'office' | 'steady';
  routes: Route[];
  addresses: string[];
  /** Share of requests answered 404 for no reason worth a look; default none. */
  strays?: number;
  episodes: Episode[];
}

const route = (method: Route['method'], path: string, weight = 1): Route => ({ method, path, weight });
const answered = (share: number, ...statuses: number[]) => ({ share, statuses });
const hosts = (network: string, first: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${network}.${first + i}`);
const LASTING = Number.POSITIVE_INFINITY;
const WANDERING = [
  'contacts',
  'users',
  'settings',
  'analytics',
  'webhooks',
  'teams',
  'automations',
  'snippets',
];

export const CONSUMERS: Consumer[] = [
  {
    id: 'key_crm_sync',
    tenant: 'acme',
    shows: 'healthy',
    entry: {
      name: 'CRM sync',
      owner: 'crm-team',
      tier: 'enterprise',
      scopes: ['contacts:write', 'conversations:read'],
    },
    times: { createdAt: -400 * DAY, rotatedAt: -40 * DAY },
    userAgent: 'crm-sync/4.2 (demo)',
    perMinute: 10,
    rhythm: 'office',
    routes: [
      route('GET', '/v1/contacts/{u}', 6),
      route('PATCH', '/v1/contacts/{u}', 2),
      route('GET', '/v1/conversations', 2),
    ],
    addresses: hosts('203.0.113', 10, 4),
    strays: 0.0005,
    // So much that it is three times the usual of a day even in the quietest hour of a weekend.
    episodes: [{ from: -2 * DAY, to: -2 * DAY + HOUR, incident: 'spike', rate: 6 }],
  },
  {
    id: 'key_web_widget',
    tenant: 'acme',
    shows: 'healthy',
    entry: {
      name: 'Web chat widget',
      owner: 'web-team',
      tier: 'professional',
      scopes: ['integration'],
      thresholds: { throttled_ratio: 0.1 },
    },
    times: { createdAt: -200 * DAY },
    userAgent: 'chat-widget/2.9 (demo)',
    perMinute: 8,
    rhythm: 'office',
    routes: [route('POST', '/v1/conversations/{n}/messages', 3), route('GET', '/v1/conversations/{n}', 5)],
    addresses: [...hosts('198.51.100', 20, 6), '2001:db8:20::7'],
    strays: 0.0005,
    episodes: [
      { from: -2 * DAY - 3 * HOUR, to: -2 * DAY, incident: 'dip', rate: 0.05 },
      {
        from: -4 * DAY,
        to: -4 * DAY + 40 * MINUTE,
        incident: 'forbidden',
        answers: answered(0.2, 403),
      },
    ],
  },
  {
    id: 'key_qa_sandbox',
    tenant: 'acme',
    shows: 'healthy',
    entry: { name: 'QA runs', owner: 'qa', environment: 'sandbox', scopes: ['full_access'] },
    times: { createdAt: -90 * DAY },
    userAgent: 'qa-suite/1.0 (demo)',
    perMinute: 1.2,
    rhythm: 'steady',
    routes: [route('GET', '/v1/status'), route('GET', '/v1/tags'), route('POST', '/v1/contacts')],
    addresses: hosts('192.0.2', 5, 1),
    episodes: [],
  },
  {
    id: 'key_bulk_import',
    tenant: 'acme',
    shows: 'throttled',
    entry: {
      name: 'Bulk import',
      owner: 'data-team',
      tier: 'custom',
      limits: { perMinute: 30, perDay: 60_000, burst: 5 },
      scopes: ['bulk:write'],
    },
    times: { createdAt: -120 * DAY },
    userAgent: 'importer/0.8 (demo)',
    perMinute: 8,
    rhythm: 'steady',
    routes: [route('POST', '/v1/bulk/contacts', 4), route('GET', '/v1/bulk/jobs/{n}', 3)],
    addresses: hosts('203.0.113', 40, 2),
    episodes: [
      {
        from: -5 * DAY,
        to: -5 * DAY + 3 * HOUR,
        incident: 'throttled',
        rate: 3,
        answers: answered(0.2, 429),
      },
      {
        from: -100 * MINUTE,
        to: LASTING,
        incident: 'throttled',
        rate: 3.2,
        answers: answered(0.2, 429),
      },
    ],
  },
  {
    id: 'key_ticket_bridge',
    tenant: 'acme',
    shows: 'failing',
    entry: {
      name: 'Ticket bridge',
      owner: 'support-tools',
      tier: 'professional',
      scopes: ['conversations:write'],
    },
    times: { createdAt: -150 * DAY },
    userAgent: 'ticket-bridge/3.1 (demo)',
    perMinute: 6,
    rhythm: 'steady',
    routes: [route('POST', '/v1/conversations', 2), route('PATCH', '/v1/conversations/{n}', 3)],
    addresses: hosts('203.0.113', 50, 2),
    episodes: [
      {
        from: -3 * DAY,
        to: -3 * DAY + 45 * MINUTE,
        incident: 'server_errors',
        answers: answered(0.2, 502),
      },
      {
        from: -50 * MINUTE,
        to: LASTING,
        incident: 'server_errors',
        // Of the 30 requests in any 5 minutes more than one, whatever chance does.
        answers: answered(0.4, 500, 502, 503),
      },
    ],
  },
  {
    id: 'key_helpdesk_app',
    tenant: 'acme',
    shows: 'forbidden',
    entry: { name: 'Helpdesk app', owner: 'helpdesk', scopes: ['conversations:write'] },
    times: { createdAt: -300 * DAY, scopesChangedAt: -25 * MINUTE },
    userAgent: 'helpdesk/7.4 (demo)',
    perMinute: 3,
    rhythm: 'steady',
    routes: [route('GET', '/v1/conversations/{n}', 4), route('GET', '/v1/settings/routing')],
    addresses: hosts('203.0.113', 60, 2),
    episodes: [{ from: -20 * MINUTE, to: LASTING, incident: 'forbidden', answers: answered(0.35, 403) }],
  },
  {
    id: 'key_order_events',
    tenant: 'globex',
    shows: 'silent',
    entry: { name: 'Order events', owner: 'shop-team', tier: 'professional', scopes: ['webhooks:write'] },
    times: { createdAt: -250 * DAY },
    userAgent: 'order-events/1.6 (demo)',
    perMinute: 4,
    rhythm: 'office',
    routes: [route('POST', '/v1/webhooks/events')],
    addresses: hosts('198.51.100', 70, 1),
    episodes: [
      { from: -8 * DAY, to: -8 * DAY + 5 * HOUR, incident: 'silence', rate: 0 },
      { from: -3 * HOUR, to: LASTING, incident: 'silence', rate: 0 },
    ],
  },
  {
    id: 'key_legacy_reports',
    tenant: 'acme',
    shows: 'stale',
    entry: { name: 'Legacy reports', realtime: false, scopes: ['analytics:read'] },
    times: { createdAt: -700 * DAY },
    userAgent: 'reports/0.1 (demo)',
    perMinute: 0.05,
    rhythm: 'steady',
    routes: [route('GET', '/v1/analytics/reports/{n}')],
    addresses: hosts('192.0.2', 80, 1),
    episodes: [
      { from: -LASTING, to: -45 * DAY, rate: 0 },
      { from: -34 * DAY, to: LASTING, incident: 'stale', rate: 0 },
    ],
  },
  {
    id: 'key_mobile_2025',
    tenant: 'acme',
    shows: 'rotating',
    entry: { name: 'Mobile app (old)', owner: 'mobile', tier: 'professional', scopes: ['contacts:read'] },
    times: { createdAt: -380 * DAY },
    userAgent: 'mobile/5.0 (demo)',
    perMinute: 6,
    rhythm: 'office',
    routes: [route('GET', '/v1/contacts/{u}', 3), route('GET', '/v1/search/contacts')],
    addresses: hosts('203.0.113', 90, 3),
    episodes: [
      { from: -3 * DAY, to: -2 * HOUR, rate: 1, until: 0.05 },
      { from: -2 * HOUR, to: 6 * HOUR, rate: 0.05 },
      { from: 6 * HOUR, to: LASTING, rate: 0 },
    ],
  },
  {
    id: 'key_mobile_2026',
    tenant: 'acme',
    shows: 'rotating',
    entry: {
      name: 'Mobile app',
      owner: 'mobile',
      tier: 'professional',
      scopes: ['contacts:read'],
      replaces: 'key_mobile_2025',
      rotateEvery: '365d',
    },
    times: { createdAt: -4 * DAY },
    userAgent: 'mobile/5.1 (demo)',
    perMinute: 6,
    rhythm: 'office',
    routes: [route('GET', '/v1/contacts/{u}', 3), route('GET', '/v1/search/contacts')],
    addresses: hosts('203.0.113', 90, 3),
    episodes: [
      { from: -LASTING, to: -3 * DAY, rate: 0 },
      { from: -3 * DAY, to: -2 * HOUR, rate: 0, until: 0.95 },
    ],
  },
  {
    id: 'key_partner_portal',
    tenant: 'globex',
    shows: 'new_ip',
    entry: {
      name: 'Partner portal',
      owner: 'partners',
      tier: 'professional',
      scopes: ['contacts:read'],
      learning: '1d',
    },
    times: { createdAt: -60 * DAY },
    userAgent: 'portal/1.2 (demo)',
    perMinute: 4,
    rhythm: 'steady',
    routes: [route('GET', '/v1/contacts', 2), route('GET', '/v1/contacts/{u}')],
    addresses: hosts('198.51.100', 110, 2),
    episodes: [
      {
        from: -6 * DAY,
        to: -6 * DAY + HOUR,
        incident: 'new_ip',
        addresses: { share: 0.1, every: HOUR, address: () => '192.0.2.200' },
      },
      {
        from: MINUTE,
        to: LASTING,
        incident: 'new_ip',
        // Another address every 10 minutes, so that the state lasts as long as the demonstration.
        addresses: { share: 0.5, every: 10 * MINUTE, address: (n) => `10.${(n >> 8) & 255}.${n & 255}.7` },
      },
    ],
  },
  {
    id: 'key_kb_sync',
    tenant: 'globex',
    shows: 'new_surface',
    entry: { name: 'Knowledge sync', owner: 'docs', scopes: ['knowledge:read'], learning: '1d' },
    times: { createdAt: -180 * DAY },
    userAgent: 'kb-sync/2.0 (demo)',
    perMinute: 4,
    rhythm: 'steady',
    routes: [route('GET', '/api/v1/kb/articles/{n}', 9), route('GET', '/api/v1/kb/articles')],
    addresses: hosts('198.51.100', 120, 1),
    episodes: [
      {
        from: MINUTE,
        to: LASTING,
        incident: 'new_surface',
        routes: {
          share: 0.5,
          every: 12 * MINUTE,
          route: (n) => route('GET', `/v1/${WANDERING[n % WANDERING.length]}`),
        },
      },
    ],
  },
  {
    id: 'key_backup_plan',
    tenant: 'globex',
    shows: 'never_used',
    entry: { name: 'Backup integration', owner: 'ops', realtime: false, scopes: ['read_all'] },
    times: { createdAt: -12 * DAY },
    userAgent: '',
    perMinute: 0,
    rhythm: 'steady',
    routes: [],
    addresses: [],
    episodes: [],
  },
  {
    id: 'key_old_chatbot',
    tenant: 'globex',
    shows: 'revoked_used',
    entry: { name: 'Old chatbot', owner: 'bots', state: 'revoked', scopes: ['conversations:write'] },
    times: { createdAt: -500 * DAY },
    userAgent: 'chatbot/0.9 (demo)',
    perMinute: 0.8,
    rhythm: 'steady',
    routes: [route('POST', '/v1/conversations/{n}/messages')],
    addresses: hosts('192.0.2', 140, 1),
    episodes: [
      { from: -LASTING, to: -40 * MINUTE, rate: 0 },
      { from: -40 * MINUTE, to: LASTING, incident: 'revoked_used' },
    ],
  },
  {
    id: 'key_voice_agent',
    tenant: 'globex',
    shows: 'unauthorized',
    entry: { name: 'Voice agent', owner: 'voice', tier: 'professional', scopes: ['agents:write'] },
    times: { createdAt: -100 * DAY, rotatedAt: -70 * MINUTE },
    userAgent: 'voice/1.1 (demo)',
    perMinute: 3,
    rhythm: 'steady',
    routes: [route('POST', '/v1/agents/{n}/turns', 3), route('GET', '/v1/agents/{n}')],
    addresses: hosts('198.51.100', 150, 2),
    episodes: [{ from: -70 * MINUTE, to: LASTING, incident: 'unauthorized', answers: answered(0.5, 401) }],
  },
];
