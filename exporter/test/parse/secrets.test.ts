import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { quote } from '../../src/ingest/rejection-reports.ts';
import { SECRETS } from '../../src/parse/secrets.ts';
import { RUNS, reader, request } from './reading.ts';
import { drawn, encoded, secret } from './secret-samples.ts';

const read = reader();
const templateOf = (segment: string): string =>
  read(request({ endpoint: `/v1/files/${segment}/view` })).template;
const JWT =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';

describe('a path segment', () => {
  test.each([
    ['AKIAIOSFODNN7EXAMPLE'],
    ['ASIAABCDEFGHIJKLMNOP'],
    ['AIzaSyA1234567890abcdefghijklmnopqrstuv'],
    ['ghp_1234567890abcdefghijklmnopqrstuvwxyz'],
    ['github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz0123456789'],
    ['glpat-abcdefGHIJ1234567890'],
    ['xoxb-123456789012-abcdefGHIJKL'],
    ['sk_live_4eC39HqLyjWDarjtT1zdp7dc'],
    ['SG.abcdefGHIJ1234567890.klmnopqrstuvwxyz'],
    ['npm_abcdefghijklmnopqrstuvwxyz0123456789'],
    ['hf_abcdefghijklmnopqrstuvwxyzABCDEFGH'],
    ['ya29.a0AfH6SMBx1234567890'],
    [JWT],
    [`Bearer%20${JWT}`],
    ['token=ghp_1234567890abcdefghijklmnopqrstuvwxyz'],
    ['x;jwt=AKIAIOSFODNN7EXAMPLE'],
    ['sv=2024-11-04&sig=abcdefGHIJ%2Bklmno1234%2Fpqrst%3D'],
    ['%67hp_1234567890abcdefghijklmnopqrstuvwxyz'],
    ['%2567hp_1234567890abcdefghijklmnopqrstuvwxyz'],
    ['q8Zt3LmV9xK2bN7cR4wY6pD1sF5gH0jA'],
    ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
  ])('%s is a secret', (segment) => {
    const { template, path } = read(request({ endpoint: `/v1/files/${segment}/view?x=1` }));
    expect({ template, path }).toEqual({
      template: '/v1/files/:secret/view',
      path: '/v1/files/:secret/view',
    });
  });

  test.each([
    ['123e4567-e89b-12d3-a456-426614174000', ':id'],
    ['01ARZ3NDEKTSV4RRFFQ69G5FAV', ':id'],
    ['507f1f77bcf86cd799439011', ':id'],
    ['da39a3ee5e6b4b0d3255bfef95601890afd80709', ':id'],
    ['0ujtsYcgvSTl8PAuAdqWYSMnLOv', ':id'],
    ['user_2NNEqL2nrIRdJ194ndJqAHwEfxC', ':id'],
    ['cus_NffrFeUfNV2Hib', ':id'],
    ['12345678901234567890123456789012345', ':id'],
    ['release-notes-v2-2026-05-04-for-enterprise-customers', ':id'],
    ['how-to-set-up-two-factor-authentication-for-your-team', undefined],
    ['sk-learn-tutorial-for-beginners-part-one', undefined],
    ['npm_install_instructions_for_developers', undefined],
    ['getCustomerConversationsByExternalIdentifier', undefined],
    ['list_of_presidents_of_the_united_states', undefined],
  ])('%s is none', (segment, shown = segment) => {
    expect(templateOf(segment)).toBe(`/v1/files/${shown}/view`);
  });

  test('that is a secret goes from the path where a route gives the template, and behind the segments that are shown', () => {
    const routed = reader({ endpoints: ['/v1/tokens/{token}'] });
    expect(routed(request({ endpoint: '/v1/tokens/AKIAIOSFODNN7EXAMPLE' }))).toMatchObject({
      ...{ template: '/v1/tokens/:token', path: '/v1/tokens/:secret', listed: true },
    });
    for (const segments of [13, 40]) {
      const endpoint = `${'/a'.repeat(segments)}/AKIAIOSFODNN7EXAMPLE`;
      expect(read(request({ endpoint })).path).toBe(`${'/a'.repeat(segments)}/:secret`);
    }
  });

  test('that is a surface is none any more', () => {
    expect(read(request({ endpoint: '/v1/AKIAIOSFODNN7EXAMPLE' }))).toMatchObject({ surface: undefined });
  });
});

test.each(SECRETS.flatMap(({ prefixes, least }) => prefixes.map((prefix) => [prefix, least] as const)))(
  '%s and what it takes behind it are a secret, less is none of its kind',
  (prefix, least) => {
    for (let i = 0; i < 20; i++) expect(templateOf(prefix + drawn(least, i))).toBe('/v1/files/:secret/view');
  },
);

test('whatever secret: nothing of it is in template, path or quote, however it is encoded', () => {
  fc.assert(
    fc.property(secret, fc.nat(2), (text, times) => {
      const segment = encoded(text, times);
      const endpoint = `/v1/files/${segment}/view`;
      const { template, path } = read(request({ endpoint }));
      const line = Buffer.from(request({ endpoint, status: 'x' }));
      const shown = quote(line, 0, line.length);
      for (const out of [template, path, shown]) {
        expect(out).not.toContain(text);
        expect(out).not.toContain(segment);
      }
      expect(template).toBe('/v1/files/:secret/view');
    }),
    { numRuns: RUNS },
  );
});
