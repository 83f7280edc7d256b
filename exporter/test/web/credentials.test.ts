import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { hash, verify } from '@node-rs/bcrypt';
import { OPEN_WEB } from '../../src/config/web-config-file.ts';
import { Credentials } from '../../src/web/credentials.ts';
import { ask, basic, startServer, stopServers } from './web-server.ts';

afterEach(stopServers);

/** A check with this cost takes long enough to tell waiting from working. */
const COST = 11;
let slow: Record<string, string>;
let checkMs: number;
beforeAll(async () => {
  slow = { prometheus: await hash('right', { cost: COST }) };
  const start = performance.now();
  await verify('wrong', slow.prometheus);
  checkMs = performance.now() - start;
});

describe('a wrong password many times a second', () => {
  test('stalls nothing: scrapes with the right one go on, and the loop is never held for one check', async () => {
    const server = await startServer({ web: { ...OPEN_WEB, users: slow } });
    const right = { headers: { authorization: basic('prometheus', 'right') } };
    expect((await ask(server, '/metrics', right)).status).toBe(200);

    const statuses = new Map<number, number>();
    let attacking = true;
    const attacker = async (name: number) => {
      for (let i = 0; attacking; i++) {
        const authorization = basic('prometheus', `wrong-${name}-${i}`);
        const { status, headers } = await ask(server, '/metrics', { headers: { authorization } });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === 429) expect(headers['retry-after']).toBe('2');
        await setTimeout(5);
      }
    };
    const attackers = Array.from({ length: 8 }, (_, name) => attacker(name));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const scrapes: number[] = [];
    for (const end = Date.now() + 2_000; Date.now() < end; )
      scrapes.push((await ask(server, '/metrics', right)).status);
    delay.disable();
    attacking = false;
    await Promise.all(attackers);

    expect(new Set(scrapes)).toEqual(new Set([200]));
    expect(scrapes.length).toBeGreaterThan(5);
    expect(new Set(statuses.keys())).toEqual(new Set([401, 429]));
    expect(statuses.get(429)!).toBeGreaterThan(statuses.get(401)!);
    // Half of the time would be in checks if they ran on this thread.
    expect(delay.percentile(99) / 1e6).toBeLessThan(checkMs / 2);
  });
});

describe('verdicts', () => {
  test('the same claim is checked once, right or wrong, also when asked many times at once', async () => {
    const credentials = new Credentials(slow);
    const start = performance.now();
    const first = await Promise.all(
      Array.from({ length: 50 }, () => credentials.check(basic('prometheus', 'right'), 'a')),
    );
    expect(new Set(first)).toEqual(new Set(['accepted']));
    expect(await credentials.check(basic('prometheus', 'wrong'), 'a')).toBe('refused');
    const checked = performance.now() - start;
    const again = performance.now();
    for (let i = 0; i < 20; i++) {
      expect(await credentials.check(basic('prometheus', 'right'), 'a')).toBe('accepted');
      expect(await credentials.check(basic('prometheus', 'wrong'), 'a')).toBe('refused');
    }
    expect(performance.now() - again).toBeLessThan(checked / 2);
  });

  test('an unknown user costs what a known one costs', async () => {
    const credentials = new Credentials(slow);
    const timed = async (user: string, password: string) => {
      const start = performance.now();
      expect(await credentials.check(basic(user, password), 'a')).toBe('refused');
      return performance.now() - start;
    };
    const known: number[] = [];
    const unknown: number[] = [];
    for (let i = 0; i < 5; i++) {
      known.push(await timed('prometheus', `no-${i}`));
      unknown.push(await timed(`stranger-${i}`, 'right'));
    }
    const least = (times: number[]) => Math.min(...times);
    expect(least(unknown)).toBeGreaterThan(least(known) / 2);
  });

  test('one client fills its own share of the queue only', async () => {
    const credentials = new Credentials(slow);
    const flood = Array.from({ length: 50 }, (_, i) =>
      credentials.check(basic('prometheus', `no-${i}`), 'attacker'),
    );
    const honest = credentials.check(basic('prometheus', 'right'), 'honest');
    expect(await honest).toBe('accepted');
    const verdicts = await Promise.all(flood);
    expect(verdicts.filter((verdict) => verdict === 'refused').length).toBeLessThanOrEqual(6);
    expect(verdicts.filter((verdict) => verdict === 'busy').length).toBeGreaterThanOrEqual(44);
  });

  test('hashes of htpasswd hold; what is no hash refuses', async () => {
    const made = await hash('right', { cost: 4 });
    const users = { a: made.replace('$2b$', '$2y$'), b: made.replace('$2b$', '$2a$'), c: 'right' };
    const credentials = new Credentials(users);
    expect(await credentials.check(basic('a', 'right'), '')).toBe('accepted');
    expect(await credentials.check(basic('b', 'right'), '')).toBe('accepted');
    expect(await credentials.check(basic('c', 'right'), '')).toBe('refused');
  });

  test('a password may hold colons and anything beyond ASCII', async () => {
    const credentials = new Credentials({ müller: await hash('a:b:ü€', { cost: 4 }) });
    expect(await credentials.check(basic('müller', 'a:b:ü€'), '')).toBe('accepted');
  });
});
