import { describe, expect, test } from '@jest/globals';
import { meaningOf, STATUS_MEANINGS } from '../../src/health/statuses.ts';
import { KeyRegistry } from '../../src/keys/registry.ts';
import { grantedScopes, scopeOf } from '../../src/keys/scopes.ts';

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
