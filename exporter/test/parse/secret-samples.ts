import fc from 'fast-check';
import { SECRETS } from '../../src/parse/secrets.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** So many letters and digits, the same for the same seed, with a digit among them. */
export function drawn(length: number, seed: number): string {
  let state = seed * 2654435761 + length;
  let text = '';
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += i === 3 ? String(state % 10) : LETTERS[(state >>> 8) % LETTERS.length];
  }
  return text;
}

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Tokens of known hosts, JSON Web Tokens and long random strings. */
export const secret: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...SECRETS), fc.nat(), fc.nat(40), fc.nat())
    .map(
      ([{ prefixes, least }, which, more, seed]) =>
        prefixes[which % prefixes.length] + drawn(least + more, seed),
    ),
  fc
    .tuple(fc.uuid(), fc.nat())
    .map(([sub, seed]) => `${base64({ alg: 'HS256' })}.${base64({ sub })}.${drawn(43, seed)}`),
  fc.tuple(fc.integer({ min: 40, max: 100 }), fc.nat()).map(([length, seed]) => drawn(length, seed)),
);

/** Percent-encoded so many times over: every third byte, and every percent sign. */
export function encoded(text: string, times: number): string {
  let written = text;
  for (let i = 0; i < times; i++)
    written = [...written]
      .map((c, at) => (c === '%' || at % 3 === 0 ? `%${c.charCodeAt(0).toString(16)}` : c))
      .join('');
  return written;
}
