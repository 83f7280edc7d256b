import { BlockList, isIP } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatIp, parseIp } from '../../src/parse/ip.ts';
import { LogRecord } from '../../src/parse/log-record.ts';
import { inNetwork, parseCidr } from '../../src/parse/network.ts';
import { RUNS } from './reading.ts';

const record = new LogRecord();
const words = (text: string) => {
  const bytes = Buffer.from(`1${text}1`);
  const read = parseIp(bytes, 1, bytes.length - 1, record);
  const { ipFamily, ip0, ip1, ip2, ip3 } = record;
  expect(ipFamily !== 0).toBe(read);
  return [ipFamily, ip0, ip1, ip2, ip3] as const;
};
const canonical = (text: string): string => formatIp(...words(text));

describe('an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['0.0.0.0', '0.0.0.0'],
    ['192.0.2.1:443', '192.0.2.1'],
    [' 192.0.2.1 ', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:8443', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:80', 'fe80::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:0201', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:80', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ])('%j is %s', (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });

  test.each([
    [''],
    [' '],
    ['unknown'],
    ['192.0.2.1, 198.51.100.7'],
    [', 192.0.2.1'],
    ['192.0.2'],
    ['192.0.2.1.1'],
    ['192.0.2.256'],
    ['192.0.02.1'],
    ['192.0.2.1:'],
    ['192.0.2.1:65536'],
    ['192.0.2.1:x'],
    ['192.0.2.1%eth0'],
    ['0x7f.0.0.1'],
    ['192.0.2.1/24'],
    ['1:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7:8:9'],
    ['1::2::3'],
    ['1:::2'],
    [':1:2:3:4:5:6:7'],
    ['12345::'],
    ['g::'],
    ['1:2:3:4:5:6:7::8'],
    ['::1.2.3'],
    ['::1.2.3.4:80'],
    ['fe80::1%'],
    ['[::1'],
    ['[::1]80'],
    ['::1]'],
  ])('%j is none', (text) => {
    expect(words(text)[0]).toBe(0);
  });

  test('leaves nothing of the address before', () => {
    words('2001:db8::1');
    expect(words('192.0.2.1')).toEqual([4, 0, 0, 0, 0xc0000201]);
    words('2001:db8::1');
    expect(words('x')).toEqual([0, 0, 0, 0, 0]);
  });

  test('means what the platform says it means, in every form, and is nothing where the platform says so', () => {
    const hextet = fc.oneof(
      fc.constant('0'),
      fc.integer({ min: 0, max: 0xffff }).map((n) => n.toString(16)),
    );
    const almost = fc
      .array(fc.oneof(hextet, fc.constantFrom('', ':', '::', '.', '1.2.3.4', 'ffff')), { maxLength: 9 })
      .map((parts) => parts.join(':'));
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), almost), (text) => {
        // The platform knows no port behind IPv4.
        const family = isIP(text.replace(/^(\d+\.\d+\.\d+\.\d+):\d{1,4}$/, '$1'));
        if (family === 0) expect(words(text)[0]).toBe(0);
        else if (family === 6) {
          const shown = new URL(`http://[${text}]`).hostname.slice(1, -1);
          const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(shown);
          if (!mapped) expect(canonical(text)).toBe(shown);
          else expect(words(text)[0]).toBe(4);
        } else expect(canonical(text)).toBe(text.split(':')[0]);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('a network', () => {
  const contains = (cidr: string, address: string): boolean => {
    const network = parseCidr(cidr);
    if (!network) throw new Error(`${cidr} is no network`);
    return inNetwork(network, ...words(address));
  };

  test.each([
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.77/24', '192.0.2.1', true],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['0.0.0.0/0', '255.1.1.1', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::/0', '2001:db8::1', true],
    ['::ffff:192.0.2.0/120', '192.0.2.9', true],
    ['2001:db8::1', '2001:db8::1', true],
  ])('%s and %s: %p', (cidr, address, inside) => {
    expect(contains(cidr, address)).toBe(inside);
  });

  test.each([
    ['192.0.2.0/33'],
    ['x/8'],
    ['192.0.2.0/'],
    ['::/129'],
    ['192.0.2.0/-1'],
    ['192.0.2.1:80'],
    ['[::1]'],
    ['::ffff:1.2.3.4/8'],
  ])('%j is none', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  test('holds the addresses that the platform says it holds', () => {
    const address = fc.oneof(
      fc.tuple(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.constant('ipv4' as const)),
      fc.tuple(fc.ipV6(), fc.ipV6(), fc.integer({ min: 0, max: 128 }), fc.constant('ipv6' as const)),
    );
    fc.assert(
      fc.property(address, ([base, other, prefix, family]) => {
        fc.pre(![base, other].some((text) => family === 'ipv6' && words(text)[0] === 4));
        const list = new BlockList();
        list.addSubnet(base, prefix, family);
        expect(contains(`${base}/${prefix}`, other)).toBe(list.check(other, family));
        expect(contains(`${base}/${prefix}`, base)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});
