import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RUNS, reader, request } from './reading.ts';

const ipOf = (ip: unknown, trustedProxies: string[] = []): string =>
  reader({ trustedProxies })(request({ ip })).ip;

describe('of a list of addresses', () => {
  test.each([
    ['192.0.2.1, 198.51.100.7', '198.51.100.7'],
    ['192.0.2.1,198.51.100.7:80', '198.51.100.7'],
    ['192.0.2.1, 198.51.100.7, 10.0.0.2, 192.168.1.1', '198.51.100.7'],
    ['192.0.2.1, 100.64.0.1, 169.254.1.1, 127.0.0.1, ::1, fe80::1, fd00::1, 172.31.255.255', '192.0.2.1'],
    ['192.0.2.1, ::ffff:10.0.0.1', '192.0.2.1'],
    ['192.0.2.1, 172.32.0.1', '172.32.0.1'],
    ['10.1.2.3, 10.0.0.2', '10.1.2.3'],
    ['unknown, 192.0.2.1', '192.0.2.1'],
    ['192.0.2.1, unknown', '192.0.2.1'],
    ['192.0.2.1, UNKNOWN, , _hidden, -, 10.0.0.1', '192.0.2.1'],
    ['2001:db8::1, [2001:db8::2]:443', '2001:db8::2'],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', '192.0.2.60'],
    ['for="[2001:db8::1]:4711";proto=https, for=10.0.0.2', '2001:db8::1'],
    ['proto=https;For="192.0.2.60:80"', '192.0.2.60'],
    ['for=192.0.2.1, for=unknown, For="_gazonk", proto=http', '192.0.2.1'],
    // What is no address ends what can be trusted.
    ['192.0.2.1, x, 10.0.0.1', '10.0.0.1'],
    ['192.0.2.1, x', ''],
    ['unknown', ''],
    ['192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', '10.0.0.1'],
  ])('%s the client is %j', (list, ip) => {
    expect(ipOf(list)).toBe(ip);
  });

  test.each([
    ['192.0.2.66, 198.51.100.1, 203.0.113.7', ['203.0.113.7'], '198.51.100.1'],
    ['192.0.2.66, 198.51.100.1, 203.0.113.200, 10.0.0.2', ['203.0.113.0/24', '10.0.0.0/8'], '198.51.100.1'],
    ['192.0.2.66, 198.51.100.1, 10.0.0.2', ['203.0.113.0/24'], '10.0.0.2'],
    ['203.0.113.9, 203.0.113.7', ['203.0.113.0/24'], '203.0.113.9'],
    ['2001:db8:1::1, 2001:db8:2::1', ['2001:db8:2::/48'], '2001:db8:1::1'],
  ])('%s behind %j the client is %s', (list, trusted, ip) => {
    expect(ipOf(list, trusted)).toBe(ip);
  });

  test('several headers in an array are one list', () => {
    expect(ipOf(['198.51.100.9', '192.0.2.1, 10.0.0.2'])).toBe('192.0.2.1');
    expect(ipOf(['for="[2001:db8::1]"', 'for=10.0.0.1'])).toBe('2001:db8::1');
    expect(ipOf([])).toBe('');
  });

  test('one that nothing can be made of is an unusable field and never costs the request', () => {
    expect(reader()(request({ ip: 'x, y' }))).toMatchObject({ outcome: 'accepted', ignored: ['ip'], ip: '' });
    expect(reader()(request({ ip: '192.0.2.1, 10.0.0.1' })).ignored).toEqual([]);
  });

  test('the client is the one that a simple model chooses', () => {
    const element = fc.constantFrom(
      ...['192.0.2.1', '198.51.100.7', '10.0.0.1', '10.0.0.2', '192.168.7.7', '2001:db8::1', 'fd00::1'],
      ...['unknown', '', '_x', '203.0.113.7', '203.0.113.8'],
    );
    const isAddress = (text: string): boolean => /[.:]/.test(text);
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 6 }), fc.boolean(), (list, listed) => {
        fc.pre(list.join('').length > 0);
        const trusted = (text: string): boolean =>
          listed ? /^(203|10)\./.test(text) : /^(10\.|192\.168|fd)/.test(text);
        const addresses = list.filter(isAddress);
        const expected = addresses.findLast((text) => !trusted(text)) ?? addresses[0] ?? '';
        const given = listed ? ['203.0.113.0/24', '10.0.0.0/8'] : [];
        expect(ipOf(list.join(', '), given)).toBe(expected);
        expect(ipOf(list, given)).toBe(expected);
      }),
      { numRuns: RUNS },
    );
  });
});

test('a network that is none is refused with its place and the remedy', () => {
  expect(() => reader({ trustedProxies: ['10.0.0.0/8', '10.0.0/8'] })).toThrow(
    'trustedProxies[1]: "10.0.0/8" is no network; write for example 10.0.0.0/8, 2001:db8::/32 or a single address',
  );
});

const docs = readFileSync(new URL('../../../docs/log-formats.md', import.meta.url), 'utf8');
const examples = [...docs.matchAll(/^\| ([^|`]+) \| `([^`]+)` \|(?: `([^`]+)`)? \| `([^`]+)` \|$/gm)]
  .filter(([, what]) => /prox|CDN|clients/.test(what))
  .map(([, what, list, trusted, ip]) => ({ what, list, trusted, ip }));

test('docs/log-formats.md has examples', () => {
  expect(examples.length).toBeGreaterThanOrEqual(5);
});

test.each(examples)('$what: $list is $ip, as docs/log-formats.md says', ({ list, trusted, ip }) => {
  expect(ipOf(list, trusted?.split(', '))).toBe(ip);
});
