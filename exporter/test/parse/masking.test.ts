import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileFormat, createLineParser } from '../../src/parse/format.ts';
import { LogRecord } from '../../src/parse/log-record.ts';
import { maskEscapedText, maskKey, maskText } from '../../src/parse/masking.ts';
import { formatOptions, RUNS, reader, request } from './reading.ts';

const RAW = 'sa_live_4f9QzT-x_81LmPbYk2';
const digits = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 12);
const MASKED = `sa_live_${digits(RAW)}`;

describe('a raw key in the key field', () => {
  const read = reader();
  test.each([
    [RAW, MASKED],
    [`Bearer ${RAW}`, MASKED],
    [`Bearer%20${RAW}`, MASKED],
    [`key="${RAW}"; x`, MASKED],
    ['sa%5Flive%5f4f9QzT%2Dx_81LmPbYk2', MASKED],
    ['%73%61%5F%6C%69%76%65%5F%34f9QzT-x_81LmPbYk2', MASKED],
    ['sa%255Flive%25255F4f9QzT-x_81LmPbYk2', MASKED],
    ['sa_test_abc', `sa_test_${digits('sa_test_abc')}`],
    ['sa_live_a+b/c=', `sa_live_${digits('sa_live_a+b/c=')}`],
    ['xsa_live_abc', `sa_live_${digits('sa_live_abc')}`],
    ['sa_live_0123456789abc', `sa_live_${digits('sa_live_0123456789abc')}`],
    ['sa_live_0123456789AB', `sa_live_${digits('sa_live_0123456789AB')}`],
  ])('%s is masked', (keyId, masked) => {
    expect(read(request({ keyId })).key).toBe(masked);
    expect(maskKey(keyId)).toBe(masked);
  });

  test('is found behind JSON escapes and in every format', () => {
    expect(read(request({ keyId: RAW }).replace('sa_live', String.raw`\u0073a\u005flive`)).key).toBe(MASKED);
    const logfmt = reader({ format: 'logfmt' });
    expect(logfmt(`timestamp=1777889472 endpoint=/ status=200 keyId="Bearer ${RAW}"`).key).toBe(MASKED);
    const combined = reader({ format: 'combined' });
    expect(combined(`::1 - ${RAW} [04/May/2026:10:11:12 +0000] "GET / HTTP/1.1" 200 1`).key).toBe(MASKED);
  });

  test.each([
    ['sa_live_0123456789ab'],
    ['key_sales'],
    ['sa_live_'],
    ['sa_prod_abc'],
    ['50%'],
    ['%zz'],
    ['sa_'],
  ])('%s is none and stays as it is', (keyId) => {
    expect(read(request({ keyId })).key).toBe(keyId);
    expect(maskKey(keyId)).toBe(keyId);
  });

  test('is not in the record of the next line', () => {
    read(request({ keyId: RAW }));
    expect(read(request({ keyId: 'key_crm' })).key).toBe('key_crm');
  });
});

describe('a retained text', () => {
  test.each([
    [`/v1/keys/${RAW}/usage`, `/v1/keys/${MASKED}/usage`],
    [`a ${RAW}, b ${RAW}`, `a ${MASKED}, b ${MASKED}`],
    ['x=sa%5flive%5F4f9QzT%2dx_81LmPbYk2&y', `x=${MASKED}&y`],
    ['crm/1.0 (sa_test_abc)', `crm/1.0 (sa_test_${digits('sa_test_abc')})`],
    ['SA_LIVE_ABC', `sa_live_${digits('SA_LIVE_ABC')}`],
    [`already ${MASKED}`, `already ${MASKED}`],
    ['nothing to hide: sa_ live_', 'nothing to hide: sa_ live_'],
  ])('%j is shown as %j', (text, shown) => {
    expect(maskText(text)).toBe(shown);
  });

  test('never shows a secret, however its characters are encoded, and masking it again changes nothing', () => {
    const secret = fc.string({
      unit: fc.constantFrom(...'ABCXYZabcxyz0123456789_-'),
      minLength: 13,
      maxLength: 40,
    });
    const how = fc.array(fc.constantFrom('plain', '%', '%25', '%2525'), { minLength: 48, maxLength: 48 });
    fc.assert(
      fc.property(secret, how, fc.constantFrom('sa_live_', 'sa_test_'), (text, encodings, prefix) => {
        const key = prefix + text;
        const written = [...key]
          .map((c, i) => (encodings[i] === 'plain' ? c : encodings[i] + c.charCodeAt(0).toString(16)))
          .join('');
        const shown = maskText(`before ${written} after`);
        expect(shown).toBe(`before ${prefix}${digits(key)} after`);
        expect(maskText(shown)).toBe(shown);
        expect(maskKey(`Bearer ${written}`)).toBe(prefix + digits(key));
      }),
      { numRuns: RUNS },
    );
  });

  test('of hostile length is masked in linear time: otherwise this takes hours', () => {
    const text = `${'%25'.repeat(500_000)}${'sa_live'.repeat(200_000)}${'%2525'.repeat(500_000)}%${'25'.repeat(500_000)}`;
    expect(maskText(text)).toBe(text);
  });
});

test('a raw key in a path never becomes part of a template', () => {
  const read = reader({ endpoints: ['/v1/tokens/{token}'] });
  for (const path of [
    `/v1/keys/${RAW}`,
    '/v1/keys/sa_live_ab',
    '/v1/keys/sa%5Flive%5Fab',
    '/v1/keys/xSA_TEST_ab',
    '/v1/keys/sa%255Flive_ab',
  ])
    expect(read(request({ endpoint: path })).template).toBe('/v1/keys/:id');
  expect(read(request({ endpoint: `/v1/tokens/${RAW}` })).template).toBe('/v1/tokens/:token');
});

test('no piece of a raw key is left over behind a value that was decoded in place', () => {
  const parser = createLineParser(compileFormat(formatOptions()));
  const written = `\\u0041\\u0041\\u0041 ${RAW}\\u0020.`;
  const line = (status: number) => Buffer.from(request({ keyId: 'KEY', status }).replace('KEY', written));
  const accepted = line(200);
  parser.parse(accepted, 0, accepted.length, new LogRecord());
  expect(accepted.toString()).toContain(`AAA ${RAW} .`);
  expect(maskText(accepted.toString())).not.toContain(RAW.slice(-3));
  const rejected = line(999);
  parser.parse(rejected, 0, rejected.length, new LogRecord());
  expect(rejected).toEqual(line(999));
  expect(maskEscapedText(rejected.toString())).not.toContain(RAW.slice(-3));
});
