import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { surfaceOf } from '../../src/parse/surface.ts';
import { RUNS, reader, request } from './reading.ts';

const read = reader();
const template = (endpoint: string): string => read(request({ endpoint })).template;

describe('a guessed template', () => {
  test.each([
    ['8f3c2a1b'],
    ['42'],
    ['0'],
    ['1777889472'],
    ['2026-05-04'],
    ['550e8400-e29b-41d4-a716-446655440000'],
    ['550E8400-E29B-41D4-A716-446655440000'],
    ['abcdefab-cdef-abcd-efab-cdefabcdefab'],
    ['507f1f77bcf86cd799439011'],
    ['d41d8cd98f00b204e9800998ecf8427e'],
    ['01ARZ3NDEKTSV4RRFFQ69G5FAV'],
    ['01arz3ndektsv4rrffq69g5fav'],
    ['V1StGXR8Z5jdHi6BmyT'],
    ['aZ3kP9qL2m'],
    ['ck9x2f8a30000abcd'],
    ['cus_9f8a7b6c5d'],
    ['cus_NffrFeUfNV2Hib'],
    ['usr_123'],
    ['user12345'],
    ['order-1042'],
    ['a1b2c3'],
    ['my-article-9f8a7b6c'],
    ['12345.json'],
    ['jo@example.org'],
    ['jo%40example.org'],
    ['%34%32'],
    ['550e8400%2De29b-41d4-a716-446655440000'],
    ['caf%C3%A9'],
    ['hello%20world'],
    ['a%2Fb'],
    ['100%'],
    ["1'or'1"],
    ['<script>'],
    [':id'],
    [':other'],
    ['a'.repeat(65)],
    ['é'],
    ['x\u0001'],
  ])('takes %j for an id', (segment) => {
    expect(template(`/v1/contacts/${segment}/notes`)).toBe('/v1/contacts/:id/notes');
  });

  test.each([
    ['conversations'],
    ['conversations2'],
    ['knowledge'],
    ['kb'],
    ['oauth2'],
    ['v2'],
    ['bulk-import'],
    ['2fa'],
    ['csat'],
    ['i18n'],
    ['base64'],
    ['sha256sums'],
    ['sha256'],
    ['web-hooks_v2'],
    ['getUserProfileById'],
    ['listConversationsV2'],
    ['authentication'],
    ['internationalization'],
    ['facade'],
    ['deadbeef'],
    ['export.csv'],
    ['contacts:search'],
    ['@me'],
    ['.well-known'],
    ['~jo'],
    ['error-404'],
    ['a'.repeat(64)],
  ])('takes %j for a word', (segment) => {
    expect(template(`/v1/${segment}/notes`)).toBe(`/v1/${segment}/notes`);
  });

  test.each([
    ['/', '/'],
    ['//', '/'],
    ['/v1//contacts///42/', '/v1/contacts/:id'],
    ['/api/v1/contacts/8f3c2a1b/notes', '/api/v1/contacts/:id/notes'],
    ['/%63ontacts', '/contacts'],
    ['/1/2', '/:id/:id'],
    ['*', '*'],
    ['/a/b/c/d/e/f/g/h/i/j/k/l', '/a/b/c/d/e/f/g/h/i/j/k/l'],
    ['/a/b/c/d/e/f/g/h/i/j/k/l/m/n', '/a/b/c/d/e/f/g/h/i/j/k/l/*'],
    [`/a${'/b'.repeat(500)}`, '/a/b/b/b/b/b/b/b/b/b/b/b/*'],
  ])('of %s is %s', (path, expected) => {
    expect(template(path)).toBe(expected);
  });

  test('is bounded in length', () => {
    const word = 'contactsandmore'.repeat(4);
    expect(template(`/${[word, word, word, word, word].join('/')}`)).toBe(
      `/${[word, word, word, word].join('/')}/*`,
    );
  });

  test('is printable ASCII, bounded, and the same for its own text, whatever the path', () => {
    const segment = fc.oneof(
      fc.webSegment(),
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.uuid(),
      fc.emailAddress(),
    );
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 20 }), (segments) => {
        const guessed = template(`/${segments.join('/')}`);
        expect(guessed).toMatch(/^(\/([A-Za-z0-9._~:+@*-]+(\/|$))*)$/);
        expect(guessed.length).toBeLessThanOrEqual(256);
        if (!guessed.endsWith('*')) expect(template(guessed)).toBe(guessed);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('the surface', () => {
  test.each([
    ['/v1/contacts/42', 'contacts'],
    ['/api/v1/contacts', 'contacts'],
    ['/api/v2.1/contacts', 'contacts'],
    ['/gateway/api/v1beta1/contacts/42', 'contacts'],
    ['/api/contacts', 'contacts'],
    ['/health', 'health'],
    ['/v1/%63sat', 'csat'],
    ['/v1/42/contacts', undefined],
    ['/v1', undefined],
    ['/api', undefined],
    ['/', undefined],
    ['*', undefined],
  ])('of %s is %s, and of its template too', (endpoint, surface) => {
    const seen = read(request({ endpoint }));
    expect(seen.surface).toBe(surface);
    expect(surfaceOf(seen.template)).toBe(surface ?? '');
  });

  test.each(['__other__', '__unmatched__'])('of the pseudo-endpoint %s is none', (template) => {
    expect(surfaceOf(template)).toBe('');
  });
});

describe('a configured route', () => {
  const endpoints = [
    'GET /v1/reports/{name}',
    '/v1/reports/summary',
    '/v1/contacts/:contactId/notes',
    'POST /v1/contacts/{id}',
    '/v1/files/*',
    '/v1/{anything}/special/*/end',
    '/',
    'get /v1/only-get/',
    '/{tenant}/v1/me',
  ];
  const listed = reader({ endpoints });
  const given = (method: string | undefined, endpoint: string) => {
    const { template, listed: isListed, surface } = listed(request({ method, endpoint }));
    return [template, isListed, surface];
  };

  test.each([
    ['GET', '/v1/reports/weekly', '/v1/reports/:name', true, 'reports'],
    ['GET', '/v1/reports/summary', '/v1/reports/summary', true, 'reports'],
    ['GET', '/v1/reports/42', '/v1/reports/:name', true, 'reports'],
    ['POST', '/v1/reports/42', '/v1/reports/:id', false, 'reports'],
    [undefined, '/v1/reports/42', '/v1/reports/:id', false, 'reports'],
    [undefined, '/v1/reports/summary/', '/v1/reports/summary', true, 'reports'],
    ['PUT', '/v1/contacts/jo/notes', '/v1/contacts/:contactId/notes', true, 'contacts'],
    ['post', '/v1/contacts/jo', '/v1/contacts/:id', true, 'contacts'],
    ['GET', '/v1/contacts/jo', '/v1/contacts/jo', false, 'contacts'],
    ['GET', '/v1/files/a/b/42', '/v1/files/*', true, 'files'],
    ['GET', '/v1/files', '/v1/files', false, 'files'],
    ['GET', '/v1/x/special/y/end', '/v1/:anything/special/*/end', true, undefined],
    ['GET', '/v1/files/special/y/end', '/v1/files/*', true, 'files'],
    ['GET', '/v1/contacts/special/y/end', '/v1/:anything/special/*/end', true, undefined],
    ['GET', '//', '/', true, undefined],
    ['GET', '/v1/only-get', '/v1/only-get', true, 'only-get'],
    ['GET', '/acme/v1/me', '/:tenant/v1/me', true, 'me'],
  ])('%s %s is %s', (method, path, expected, isListed, surface) => {
    expect(given(method, path)).toEqual([expected, isListed, surface]);
  });

  test('does not stay for the next line', () => {
    given('GET', '/v1/reports/weekly');
    expect(given('GET', '/v1/tags/42')).toEqual(['/v1/tags/:id', false, 'tags']);
  });

  test('does not match a path of more segments than are told', () => {
    expect(given('GET', `/v1/files${'/a'.repeat(40)}`)[1]).toBe(false);
  });
});
