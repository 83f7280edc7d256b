import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CONSUMERS, DAY, HOUR, MINUTE } from '../../src/demo/consumers.ts';
import { keysYaml } from '../../src/demo/keys-yaml.ts';
import {
  beforeHistory,
  incidentsOf,
  requestsBetween,
  type Scenario,
  scenarioOf,
} from '../../src/demo/scenario.ts';
import { lineOf } from '../../src/demo/writer.ts';
import type { CheckName } from '../../src/health/checks.ts';
import { type KeyHealth, stateOf } from '../../src/health/state.ts';
import { parseKeysFile } from '../../src/keys/keys-file.ts';
import { KeyRegistry } from '../../src/keys/registry.ts';
import { signalsOf } from '../../src/web/signals.ts';
import { factsOf } from './facts.ts';

/** A Wednesday noon, and the quietest hour of a Sunday night. */
const BUSY = Date.UTC(2026, 3, 8, 12, 0, 30);
const QUIET = Date.UTC(2026, 3, 12, 2, 17, 59);

const digest = (scenario: Scenario, from: number, to: number) =>
  createHash('sha256')
    .update(requestsBetween(scenario, from, to).map(lineOf).join(''))
    .digest('hex');

test('the same seed and moment give the same log, another seed another one', () => {
  const from = BUSY - HOUR;
  const one = digest(scenarioOf({ now: BUSY, seed: 7 }), from, BUSY);
  expect(digest(scenarioOf({ now: BUSY, seed: 7 }), from, BUSY)).toBe(one);
  expect(digest(scenarioOf({ now: BUSY, seed: 8 }), from, BUSY)).not.toBe(one);
});

test('however time is cut into slices, they add up to the whole, without overlap or gap', () => {
  const scenario = scenarioOf({ now: BUSY });
  const [from, to] = [scenario.start - 5 * MINUTE, scenario.start + 5 * MINUTE];
  const whole = requestsBetween(scenario, from, to);
  const cuts = fc.array(fc.integer({ min: from, max: to }), { maxLength: 20 });
  fc.assert(
    fc.property(cuts, (found) => {
      const edges = [from, ...found.sort((a, b) => a - b), to];
      const parts = edges.slice(1).flatMap((edge, i) => requestsBetween(scenario, edges[i], edge));
      expect(parts).toEqual(whole);
    }),
    { numRuns: 30 },
  );
});

test('requests come in the order of time, in lines of the default format of some 190 to 240 bytes', () => {
  const requests = requestsBetween(scenarioOf({ now: BUSY }), BUSY - HOUR, BUSY);
  expect(requests.every(({ at }, i) => i === 0 || at >= requests[i - 1].at)).toBe(true);
  const lines = requests.map(lineOf);
  const mean = lines.join('').length / lines.length;
  expect([mean > 190, mean < 300]).toEqual([true, true]);
  expect(Object.keys(JSON.parse(lines[0]))).toEqual(
    'timestamp keyId tenantId method endpoint status ip durationMs bytes userAgent requestId'.split(' '),
  );
});

test('a day is some 65,000 requests, more by day than by night', () => {
  const scenario = scenarioOf({ now: BUSY });
  const day = Math.floor((BUSY - 6 * DAY) / DAY) * DAY;
  const requests = requestsBetween(scenario, day, day + DAY);
  expect(requests.length).toBeGreaterThan(40_000);
  expect(requests.length).toBeLessThan(90_000);
  const crm = requests.filter(({ keyId }) => keyId === 'key_crm_sync');
  const between = (from: number, to: number) =>
    crm.filter(({ at }) => at - day >= from * HOUR && at - day < to * HOUR).length;
  expect(between(12, 16)).toBeGreaterThan(1.5 * between(0, 4));
});

test('the rate is a factor on all of it', () => {
  const count = (rate: number) => requestsBetween(scenarioOf({ now: BUSY, rate }), BUSY - HOUR, BUSY).length;
  expect(count(10) / count(1)).toBeGreaterThan(8.5);
  expect(count(10) / count(1)).toBeLessThan(11.5);
});

describe.each([
  ['on a busy noon', BUSY, 1],
  ['in a quiet night', QUIET, 1],
  ['with another seed', BUSY, 42],
])('%s', (_, now, seed) => {
  const scenario = scenarioOf({ now, seed });
  const requests = history(scenario, 4 * HOUR, now + 10 * MINUTE);
  const states = (): Record<string, string> =>
    Object.fromEntries(
      CONSUMERS.map(({ id }) => [id, healthOf(scenario, requests, id, now + 10 * MINUTE).state]),
    );

  test('every key shows the state it is there for', () => {
    expect(states()).toEqual(Object.fromEntries(CONSUMERS.map(({ id, shows }) => [id, shows])));
  });
  test('between them the keys show every state the demonstration promises', () => {
    const promised =
      'failing forbidden healthy never_used new_ip new_surface revoked_used rotating silent stale throttled unauthorized';
    expect([...new Set(Object.values(states()))].sort().join(' ')).toBe(promised);
  });
});

describe('incidents', () => {
  const scenario = scenarioOf({ now: BUSY });
  const incidents = incidentsOf(scenario);

  test('name keys there are, and begin before they end', () => {
    expect(incidents.length).toBeGreaterThan(12);
    for (const { keyId, from, to } of incidents) {
      expect(CONSUMERS.map(({ id }) => id)).toContain(keyId);
      expect(to === null || to > from).toBe(true);
    }
  });

  const judged: CheckName[] = ['throttled', 'server_errors', 'forbidden', 'unauthorized', 'revoked_used'];
  test.each(incidents.filter(({ kind }) => judged.includes(kind)))(
    '$kind on $keyId is seen half an hour after it began, and not before',
    ({ keyId, kind, from }) => {
      const resultAt = (at: number) => {
        const requests = requestsBetween(scenario, at - HOUR, at);
        return healthOf(scenario, requests, keyId, at).checks.find(({ name }) => name === kind)!.result;
      };
      expect(resultAt(from)).toBe('ok');
      expect(resultAt(from + 31 * MINUTE)).toBe('breach');
    },
  );

  test('a silence, once begun, holds to its end', () => {
    for (const { keyId, from, to } of incidents.filter(({ kind }) => kind === 'silence')) {
      const during = requestsBetween(scenario, from, to ?? scenario.start + HOUR);
      expect(during.filter((request) => request.keyId === keyId)).toEqual([]);
      const before = requestsBetween(scenario, from - HOUR, from);
      expect(before.some((request) => request.keyId === keyId)).toBe(true);
    }
  });

  test('no real-time key is quiet for 2 h by chance', () => {
    const realtime = 'key_order_events key_crm_sync key_helpdesk_app key_kb_sync key_voice_agent'.split(' ');
    for (const consumer of CONSUMERS.filter(({ id }) => realtime.includes(id))) {
      const [from, to] = [scenario.start - 8 * DAY + 6 * HOUR, scenario.start - 3 * HOUR - MINUTE];
      const requests = requestsBetween(scenario, from, to, [consumer]);
      const longest = requests.reduce(
        (max, { at }, i) => (i === 0 ? 0 : Math.max(max, at - requests[i - 1].at)),
        0,
      );
      expect(longest).toBeLessThan(2 * HOUR);
    }
  });
});

test('the keys file of the demonstration loads, names every key and says what it is', () => {
  const text = keysYaml(scenarioOf({ now: BUSY }));
  const { entries, problems } = parseKeysFile(text);
  expect(problems).toEqual([]);
  expect(entries.map(({ id }) => id)).toEqual(CONSUMERS.map(({ id }) => id));
  expect(text).toMatch(/^# DEMONSTRATION/);
});

/** The log of the last `span` before `now`, with what a history puts before it. */
function history(scenario: Scenario, span: number, now: number) {
  const earlier = beforeHistory(scenario, now - span);
  return [
    ...requestsBetween(scenario, earlier.from, earlier.to, earlier.who),
    ...requestsBetween(scenario, now - span, now),
  ];
}

function healthOf(
  scenario: Scenario,
  requests: ReturnType<typeof history>,
  id: string,
  nowMs: number,
): KeyHealth {
  const registry = new KeyRegistry(parseKeysFile(keysYaml(scenario)).entries);
  const entry = registry.entries().find((one) => one.id === id)!;
  const now = nowMs / 1000;
  const partner = (other: { id: string } | undefined) =>
    other && { id: other.id, facts: factsOf(requests, other.id, now) };
  return stateOf(
    signalsOf(factsOf(requests, id, now), entry, {
      now,
      recordedSince: Number.NaN,
      pipelineAlive: true,
      retiredAt: Number.NaN,
      successor: partner(registry.successorsOf(entry)[0]),
      predecessor: partner(registry.predecessorOf(entry)),
    }),
  );
}
