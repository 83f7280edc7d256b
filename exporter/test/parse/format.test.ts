import { describe, expect, test } from '@jest/globals';
import { compileFormat, FormatError } from '../../src/parse/format.ts';
import { formatOptions } from './reading.ts';

type Options = Parameters<typeof formatOptions>[0];

function errorOf(options: Options): FormatError {
  try {
    compileFormat(formatOptions(options));
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error('the options were taken');
}

describe('an option that cannot be right', () => {
  const pattern = (text: string): Options => ({ format: 'pattern', pattern: text });
  test.each<[Options, string, RegExp]>([
    [{ format: 'xml' as never }, 'format', /json, logfmt, combined, vhost_combined, pattern/],
    [{ container: 'podman' as never }, 'container', /none, cri, docker/],
    [{ maxLineBytes: 0 }, 'maxLineBytes', /positive/],
    [{ fields: { keyId: '' } }, 'fields.keyId', /write the name/],
    [{ fields: { keyId: 'a.'.repeat(20) } }, 'fields.keyId', /shorten/],
    [{ format: 'pattern' }, 'pattern', /write a regular expression/],
    [pattern('(?<timestamp>'), 'pattern', /no regular expression/],
    [pattern('(?<timestamp>x)(?<endpoint>y)'), 'pattern', /status.*add/],
    [pattern('(?<timestamp>x)(?<status>y)'), 'pattern', /endpoint or request/],
    [pattern('(?<timestamp>x)(?<status>y)(?<request>z)(?<key>k)'), 'pattern', /key that is no field.*keyId/],
    [{ endpoints: ['/ok', 'v1/contacts'] }, 'endpoints[1]', /write "GET/],
    [{ endpoints: [''] }, 'endpoints[0]', /write/],
    [{ endpoints: ['GET /v1/x y'] }, 'endpoints[0]', /write/],
    [{ endpoints: ['/v1/{id}.json'] }, 'endpoints[0]', /whole parameter/],
    [{ endpoints: ['/v1/{}'] }, 'endpoints[0]', /whole parameter/],
    [{ endpoints: ['/v1/x?y=1'] }, 'endpoints[0]', /no query/],
    [{ endpoints: [`/${'a/'.repeat(40)}`] }, 'endpoints[0]', /segments/],
    [{ endpoints: [`/${'a'.repeat(300)}`] }, 'endpoints[0]', /longer/],
    [{ endpoints: ['/v1/sa_live_abcdef'] }, 'endpoints[0]', /raw key/],
  ])('%j names itself and the remedy', (options, option, message) => {
    const error = errorOf(options);
    expect(error.option).toBe(option);
    expect(error.message).toMatch(message);
    expect(error.message.startsWith(`${option}: `)).toBe(true);
    expect(error.message).not.toContain('abcdef');
  });
});

test('a pattern is only looked at in format pattern', () => {
  expect(compileFormat(formatOptions({ pattern: '(' })).pattern).toBeUndefined();
});
