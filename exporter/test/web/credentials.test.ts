import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { hash } from '@node-rs/bcrypt';
import { OPEN_WEB } from '../../src/config/web-config-file.ts';
import { Credentials } from '../../src/web/credentials.ts';
import { ask, basic, startServer, stopServers } from './web-server.ts';

afterEach(stopServers);

/** A check with this cost takes longer than many responses. */
const COST = 11;
let slow: Record<string, string>;
beforeAll(async () => {
  slow = { prometheus: await hash('right', { cost: COST }) };
});

describe('a wrong password many times a second', () => {
  test('stalls nothing: scrapes with the right one are answered while a check runs', async () => {
    const server = await startServer({ web: { ...OPEN_WEB, users: slow } });
    const right = { headers: { authorization: basic('prometheus', 'right') } };
    expect((await ask(server, '/metrics', right)).status).toBe(200);

    const verdicts: number[] = [];
    const attack = async (password: string) => {
      const authorization = basic('prometheus', password);
      const { status, headers } = await ask(server, '/metrics', { headers: { authorization } });
      verdicts.push(status);
      if (status === 429) expect(headers['retry-after']).toBe('2');
    };
    const attacks = Array.from({ length: 40 }, (_, i) => attack(`wrong-${i}`));
    // One check at a time and four that wait: the others are refused at once, before the first check has ended.
    expect((await ask(server, '/metrics', right)).status).toBe(200);
    expect(verdicts.filter((status) => status === 401).length).toBeLessThan(5);
    await Promise.all(attacks);
    expect(new Set(verdicts)).toEqual(new Set([429, 401]));
    expect(verdicts.filter((status) => status === 429).length).toBeGreaterThan(20);
  });
});

describe('verdicts', () => {
  test('the same claim is checked once, right or wrong, also when asked many times at once', async () => {
    const credentials = new Credentials(slow);
    const first = await Promise.all(
      Array.from({ length: 50 }, () => credentials.check(basic('prometheus', 'right'), 'a')),
    );
    expect(new Set(first)).toEqual(new Set(['accepted']));
    expect(await credentials.check(basic('prometheus', 'wrong'), 'a')).toBe('refused');
    // A check begun before takes a thread; verdicts that are remembered come before it ends.
    const order: string[] = [];
    const check = credentials.check(basic('prometheus', 'another'), 'a').then(() => order.push('checked'));
    for (let i = 0; i < 20; i++) {
      expect(await credentials.check(basic('prometheus', 'right'), 'a')).toBe('accepted');
      expect(await credentials.check(basic('prometheus', 'wrong'), 'a')).toBe('refused');
    }
    order.push('remembered');
    await check;
    expect(order).toEqual(['remembered', 'checked']);
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
