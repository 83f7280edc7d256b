import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_FIELDS, FIELD_NAMES, type FieldName } from '../../src/parse/format.ts';
import { JsonScanner } from '../../src/parse/json.ts';
import { ACCEPTED, BLANK, rejectionName } from '../../src/parse/log-record.ts';
import { wantedFields } from '../../src/parse/wanted-fields.ts';
import { RUNS } from './reading.ts';

/**
 * JSON.parse is the oracle: the scanner must accept the same bytes and see the same values. Fields: plain names,
 * dotted ones, one inside another, two that share a name, elements of arrays.
 */
const NAMES: Record<FieldName, string> = {
  ...DEFAULT_FIELDS,
  keyId: 'a.k',
  tenantId: 'a',
  ip: 'a.b.c',
  method: '__proto__.x',
  userAgent: 'é"',
  requestId: 'status',
  durationUs: 'a.0',
  bytes: 'x[1].k',
  durationNs: 'x.0.1',
};
const scanner = new JsonScanner(wantedFields(NAMES));

type Seen = { outcome: string; values: Record<string, unknown> };

function scanned(line: Buffer): Seen {
  const bytes = Buffer.concat([Buffer.from('{"status":"'), line, Buffer.from('"}\n{}')]);
  const outcome = scanner.scan(bytes, 11, 11 + line.length);
  const values: Record<string, unknown> = {};
  if (outcome === ACCEPTED)
    FIELD_NAMES.forEach((field, place) => {
      if (!scanner.values.has(place)) return;
      const kind = ['', 'text', 'escaped', 'number', 'other'][scanner.values.kind(place)];
      // All of an array, for the field that takes lists.
      const list = field === 'ip' && bytes[scanner.values.start(place) - 1] === 91;
      const text = list
        ? 'a list'
        : bytes.toString('utf8', scanner.values.start(place), scanner.values.end(place));
      values[field] = kind === 'text' ? text : kind === 'number' ? Number(text) : kind;
    });
  return {
    outcome: outcome === BLANK ? 'blank' : outcome === ACCEPTED ? 'accepted' : rejectionName(outcome),
    values,
  };
}

function expected(line: Buffer): Seen {
  const text = line.toString('utf8');
  const nothing = (outcome: string): Seen => ({ outcome, values: {} });
  if (/^[ \t\r\n]*$/.test(text)) return nothing('blank');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return nothing('malformed');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return nothing('not_object');
  const values: Record<string, unknown> = {};
  for (const field of FIELD_NAMES) {
    const value = single(field, lookUp(parsed as Record<string, unknown>, NAMES[field]));
    if (value === undefined || value === null || value === '' || value === '-') continue;
    if (typeof value === 'string') values[field] = utf8(value);
    else values[field] = typeof value === 'number' ? value : 'other';
  }
  return { outcome: 'accepted', values };
}

/** An array stands for its first element. */
function single(field: FieldName, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return field === 'ip' && value.length > 0 ? 'a list' : value[0];
}

function lookUp(object: Record<string, unknown>, name: string): unknown {
  if (Object.hasOwn(object, name)) return object[name];
  let value: unknown = object;
  const path = name.replace(/\[(\d+)\]/g, '.$1').split('.');
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    if (Array.isArray(value) && !/^\d+$/.test(part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return path.length > 1 ? value : undefined;
}

/** Text → UTF-8 with three bytes for a lone surrogate → text: what comparing bytes as text makes of them. */
function utf8(text: string): string {
  const parts = [...text].map((c) => {
    const code = c.codePointAt(0) as number;
    if (code < 0xd800 || code > 0xdfff) return Buffer.from(c);
    return Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]);
  });
  return Buffer.concat(parts).toString('utf8');
}

const agree = (line: Buffer): void => {
  expect(scanned(Buffer.from(line))).toEqual(expected(line));
};

const name = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(...Object.values(NAMES), 'a', 'b', 'c', 'k', 'x', '0', '', 'other'),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);
const scalar = fc.oneof(
  fc.constantFrom(null, true, false, '', '-', 0, -0, 1e21, -1.5e-7),
  fc.string({ unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);

/** Objects as text, so that members may occur twice, anywhere. */
const spelling = fc.record({ escaped: fc.boolean(), space: fc.constantFrom('', ' ', '\t \r', '\n') });
const document: fc.Arbitrary<string> = fc.letrec<{ value: string; object: string; member: string }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'value' },
      fc.tuple(scalar, spelling).map(([value, how]) => spelled(value, how.escaped)),
      fc
        .array(tie('value'), { maxLength: 3, depthIdentifier: 'value' })
        .map((items) => `[${items.join(',')}]`),
      tie('object'),
    ),
    member: fc
      .tuple(name, tie('value'), spelling)
      .map(([key, value, { escaped, space }]) => `${spelled(key, escaped)}${space}:${space}${value}${space}`),
    object: fc
      .tuple(fc.array(tie('member'), { maxLength: 6, depthIdentifier: 'value' }), spelling)
      .map(([members, { space }]) => `${space}{${space}${members.join(`,${space}`)}}${space}`),
  }),
).object;

/** JSON of a scalar, with every character escaped if asked for. */
function spelled(value: unknown, escaped: boolean): string {
  if (typeof value !== 'string' || !escaped) return JSON.stringify(value);
  const units = Array.from({ length: value.length }, (_, i) =>
    value.charCodeAt(i).toString(16).padStart(4, '0'),
  );
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`;
}

describe('the scanner agrees with JSON.parse', () => {
  test('on objects with members that occur twice, nested, escaped, spaced', () => {
    fc.assert(
      fc.property(document, (text) => agree(Buffer.from(text))),
      { numRuns: 4 * RUNS },
    );
  });

  test('on any JSON value', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), (text) => agree(Buffer.from(text))),
      { numRuns: RUNS },
    );
  });

  test('on documents with some bytes changed, put in or taken out', () => {
    const mutation = fc.record({
      at: fc.nat(400),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:\\ue+-.01 \n\0'))),
      take: fc.nat(2),
      put: fc.boolean(),
    });
    fc.assert(
      fc.property(document, fc.array(mutation, { minLength: 1, maxLength: 3 }), (text, mutations) => {
        let line = Buffer.from(text);
        for (const { at, byte, take, put } of mutations) {
          const p = at % (line.length + 1);
          line = Buffer.concat([
            line.subarray(0, p),
            Buffer.from(put ? [byte] : []),
            line.subarray(p + take),
          ]);
        }
        agree(line);
      }),
      { numRuns: 8 * RUNS },
    );
  });

  test('on beginnings of documents', () => {
    fc.assert(
      fc.property(document, fc.nat(400), (text, length) => agree(Buffer.from(text).subarray(0, length))),
      { numRuns: 2 * RUNS },
    );
  });

  test('on what could be a number, alone and as a member', () => {
    const almost = fc.array(fc.constantFrom('0', '1', '9', '-', '+', '.', 'e', 'E', ' '), { maxLength: 8 });
    fc.assert(
      fc.property(almost, (parts) => {
        agree(Buffer.from(parts.join('')));
        agree(Buffer.from(`{"status":${parts.join('')}}`));
        agree(Buffer.from(`{"other":[${parts.join('')}]}`));
      }),
      { numRuns: 2 * RUNS },
    );
  });

  test('on runs of lines of which each was foreseen from the one before', () => {
    const line = fc.tuple(document, fc.nat(3));
    fc.assert(
      fc.property(fc.array(line, { minLength: 2, maxLength: 5 }), (lines) => {
        for (const [text, again] of lines) for (let i = 0; i <= again; i++) agree(Buffer.from(text));
      }),
      { numRuns: RUNS },
    );
  });
});
