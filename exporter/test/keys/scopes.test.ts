import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  BUNDLES,
  grantedScopes,
  SURFACES,
  scopeAdvice,
  scopeChangeText,
  scopeLines,
} from '../../src/health/scopes.ts';
import { meaningOf, STATUS_MEANINGS } from '../../src/health/statuses.ts';
import { KeyRegistry } from '../../src/keys/registry.ts';
import { scopeOf } from '../../src/keys/scopes.ts';

describe('the scope a request needs', () => {
  test.each([
    ['GET', '/api/v1/kb/articles/:id', 'knowledge:read'],
    ['HEAD', '/v1/kb', 'knowledge:read'],
    ['POST', '/api/v1/kb/articles', 'knowledge:write'],
    ['PATCH', '/v1/kb/articles/:id', 'knowledge:write'],
    ['PUT', '/v1/kb/articles/:id', 'knowledge:write'],
    ['DELETE', '/v1/kb/articles/:id', 'knowledge:write'],
    ['get', '/v1/Contacts', 'contacts:read'],
    ['POST', '/v2/contacts', 'contacts:write'],
    ['GET', '/v1/reports/:id', 'reports:read'],
    ['GET', '/v1/constructor', 'constructor:read'],
    ['GET', '/gateway/api/v1beta2/contacts/:id', 'contacts:read'],
    ['GET', '/v2.1/v1/contacts', 'v1:read'],
    ['GET', '/a/b/c/v1/contacts', undefined],
    ['GET', '/v1/:id', undefined],
    ['GET', '/v1/', undefined],
    ['GET', '/health', undefined],
    ['GET', '__other__', undefined],
    ['GET', '', undefined],
  ])('%s %s: %s', (method, template, expected) => expect(scopeOf(method, template)).toBe(expected));

  test('a configured rule wins, the first that fits', () => {
    const registry = new KeyRegistry(
      [],
      [
        { method: 'GET', path: '/v1/contacts/export', scope: 'bulk:read' },
        { method: '*', path: '/v1/contacts/*', scope: 'people:write' },
      ],
    );
    expect(registry.scopeOf('GET', '/v1/contacts/export')).toBe('bulk:read');
    expect(registry.scopeOf('POST', '/v1/contacts/export')).toBe('people:write');
    expect(registry.scopeOf('GET', '/v1/contacts')).toBe('contacts:read');
  });
});

describe('what granted words amount to', () => {
  test('write implies read', () => {
    expect([...grantedScopes(['tags:write'])]).toEqual(['tags:write', 'tags:read']);
    expect(grantedScopes(['tags:read']).has('tags:write')).toBe(false);
  });
  test('bundles are opened, and can be defined otherwise', () => {
    expect(grantedScopes(['full_access']).has('sla:write')).toBe(true);
    expect(grantedScopes(['read_all']).has('sla:write')).toBe(false);
    expect([...grantedScopes(['basic'], { basic: ['sla:read'] })]).toEqual(['sla:read']);
  });
});

describe('advice about granted words', () => {
  const said = (words: string[], uses: string[], bundles = BUNDLES) =>
    scopeAdvice(words, uses, bundles).map((change) => scopeChangeText(change, bundles));

  test('replaces a write whose read alone was used, and never takes it away', () => {
    expect(said(['conversations:write'], ['conversations:read'])).toEqual([
      'replace conversations:write by conversations:read',
    ]);
  });
  test('takes a write away when its read is granted beside it', () => {
    expect(said(['tags:read', 'tags:write'], ['tags:read'])).toEqual(['take away tags:write']);
  });
  test('replaces a bundle by the parts that were used', () => {
    expect(said(['integration'], ['contacts:read', 'tags:write', 'tags:read'])).toEqual([
      'replace bundle integration by: contacts:read, tags:write',
    ]);
    expect(said(['basic', 'contacts:write'], ['contacts:write'])).toEqual(['take away bundle basic']);
  });
  test('leaves bundles and unknown words alone when a use has no known grant', () => {
    expect(said(['basic', 'reports', 'sla:read', 'tags:write'], ['tags:read', 'teams:write'])).toEqual([
      'take away sla:read',
      'replace tags:write by tags:read',
    ]);
  });
  test('gives none while no use of a scope is known', () => {
    expect(said(['full_access'], [])).toEqual([]);
  });
  test('a use at an unknown time is a use', () => {
    const lines = scopeLines(['tags:write'], new Map([['tags:read', 0]]));
    expect(lines.map(({ scope, used }) => [scope, used])).toEqual([
      ['tags:read', true],
      ['tags:write', false],
    ]);
  });

  const scope = fc
    .tuple(fc.constantFrom(...SURFACES.slice(0, 4), 'reports'), fc.constantFrom('read', 'write', 'export'))
    .map(([surface, verb]) => `${surface}:${verb}`);
  const bundles = fc.record({
    ...Object.fromEntries(Object.entries(BUNDLES).map(([name, parts]) => [name, fc.constant(parts)])),
    custom: fc.array(scope, { maxLength: 5 }),
  });
  const word = fc.oneof(scope, fc.constantFrom(...Object.keys(BUNDLES), 'custom', 'unknown_word'));

  test('applied, it leaves every used scope covered, and names every grant that covers no use', () => {
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 6 }),
        fc.array(fc.oneof(scope, fc.constant('unknown_word')), { maxLength: 6 }),
        bundles,
        (words, uses, known) => {
          const granted = grantedScopes(words, known);
          const advice = scopeAdvice(words, uses, known);
          const changed = new Map(advice.map(({ word: of, by }) => [of, by]));
          const after = grantedScopes(
            words.flatMap((each) => [...(changed.get(each) ?? [each])]),
            known,
          );
          const covered = uses.filter((use) => granted.has(use));
          for (const use of covered) expect(after).toContain(use);
          for (const each of after) expect(granted).toContain(each);
          if (covered.length === 0) return expect(advice).toEqual([]);
          const explained = uses.every((use) => granted.has(use));
          const implied = grantedScopes(covered, {});
          for (const each of words) {
            const own = [...grantedScopes([each], known)];
            const isPlain = each.includes(':');
            if (own.length === 0 || own.some((one) => implied.has(one)) || !(explained || isPlain)) continue;
            expect(changed.get(each)).toEqual([]);
          }
          if (explained) expect([...after].filter((each) => !implied.has(each))).toEqual([]);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('what a status means for the key', () => {
  test.each([
    [200, '2xx'],
    [204, '2xx'],
    [304, '3xx'],
    [401, '401'],
    [403, '403'],
    [404, '404'],
    [418, '4xx'],
    [422, '422'],
    [429, '429'],
    [503, '5xx'],
    [999, '999'],
    [Number.NaN, 'NaN'],
  ])('%d: %s', (status, code) => {
    const meaning = meaningOf(status);
    expect(meaning.code).toBe(code);
    expect(meaning.meaning).not.toBe('');
  });
  test('the legend has every code with a meaning of its own, once', () => {
    expect(STATUS_MEANINGS.map(({ code }) => code)).toEqual([
      '2xx',
      '401',
      '403',
      '404',
      '422',
      '429',
      '5xx',
      '0',
    ]);
  });
});
