import type { DemoRequest } from '../../src/demo/scenario.ts';
import { type KeyFacts, MINUTE_CLASSES, type MinuteClass } from '../../src/usage/key-facts.ts';

/** What an exporter would know of one key after these requests, as far as counting by minute tells. */
export function factsOf(requests: DemoRequest[], id: string, now: number): KeyFacts {
  const own = requests.filter(({ keyId }) => keyId === id);
  const last = Math.floor(now / 60);
  const counts = new Uint32Array(MINUTE_CLASSES.length * 60);
  for (const { at, status } of own) {
    const age = last - Math.floor(at / 60_000);
    if (age >= 0 && age < 60) counts[MINUTE_CLASSES.indexOf(classOf(status)) * 60 + 59 - age]++;
  }
  const latest = (of: DemoRequest[]) => of.reduce((max, { at }) => Math.max(max, at / 1000), 0);
  const seconds = (at: number) => at / 1000;
  const answered = own.filter(({ status }) => status !== 401);
  return {
    key: 0,
    id,
    tenant: own[0]?.tenantId ?? '',
    firstUsed: answered.length > 0 ? seconds(answered[0].at) : 0,
    lastUsed: latest(answered),
    lastRejected: latest(own.filter(({ status }) => status === 401)),
    maxGap: 0,
    uniqueIps: { hour: 0, day: 0, month: 0, approximate: false },
    lastNewIp: latestFirst(answered.map(({ at, ip }) => [ip, seconds(at)])),
    recentNewIps: [],
    newSurfaces: firsts(answered.map(({ at, endpoint }) => [surfaceOf(endpoint), seconds(at)])),
    scopes: [],
    requestsLastMinute: 0,
    peakPerMinute: 0,
    requestsToday: 0,
    minutes: { last, counts },
  };
}

function classOf(status: number): MinuteClass {
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 429) return 'throttled';
  if (status >= 500) return 'serverErrors';
  if (status >= 400) return 'other4xx';
  return status >= 300 ? 'redirect' : 'success';
}

/** Values in the order of their first use, the very first left out: that one was learnt. */
function firsts(uses: [value: string, at: number][]): { surface: string; noticed: number }[] {
  const seen = new Map<string, number>();
  for (const [value, at] of uses) if (!seen.has(value)) seen.set(value, at);
  return [...seen].slice(1).map(([surface, noticed]) => ({ surface, noticed }));
}

/** When the latest value appeared that was not among the first hundred uses. */
function latestFirst(uses: [value: string, at: number][]): number {
  const learnt = new Set(uses.slice(0, 100).map(([value]) => value));
  const fresh = firsts([['', 0], ...uses.filter(([value]) => !learnt.has(value))]);
  return fresh.reduce((max, { noticed }) => Math.max(max, noticed), 0);
}

const surfaceOf = (path: string): string => /\/v1\/([a-z]+)/.exec(path)?.[1] ?? '';
