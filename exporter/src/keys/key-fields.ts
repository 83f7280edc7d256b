import { isIP } from 'node:net';
import * as z from 'zod';
import { BUNDLES, SURFACES } from '../health/scopes.ts';
import type { Threshold } from '../health/thresholds.ts';
import { nearest } from '../text/suggestion.ts';
import { parseDuration } from '../time/duration.ts';
import { isMaskedKey } from './raw-keys.ts';

/** A value that cannot be used: what is wrong with it, and what to write instead. */
export class Unusable extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * A field whose value `read` turns into what the exporter works with; `read` throws Unusable. `shape` is
 * what editors are told about the value (JSON schema).
 */
function field<T>(doc: string, shape: Record<string, unknown>, read: (value: unknown) => T) {
  return z
    .any()
    .transform((value, context): T => {
      try {
        return read(value);
      } catch (error) {
        if (!(error instanceof Unusable)) throw error;
        context.addIssue({ code: 'custom', message: error.message, params: { remedy: error.remedy } });
        return z.NEVER;
      }
    })
    .meta({ ...shape, description: doc });
}

/** Text without control characters; numbers and booleans are refused, since YAML has rewritten them already. */
export const text = (doc: string, options: { required?: boolean } = {}) =>
  field(doc, { type: 'string', ...(options.required ? { minLength: 1 } : {}) }, (value) => {
    if (typeof value !== 'string')
      throw new Unusable(`must be text, not ${kindOf(value)}`, 'put the value in quotes');
    if (/\p{Cc}/u.test(value)) throw new Unusable('has control characters', 'remove them');
    if (value !== value.trim()) throw new Unusable('starts or ends with a space', 'remove it');
    if (options.required && value === '') throw new Unusable('is empty', 'write a value');
    return value;
  });

export const flag = (doc: string) =>
  field(doc, { type: 'boolean' }, (value) => {
    if (typeof value !== 'boolean')
      throw new Unusable(`must be true or false, not ${kindOf(value)}`, 'write true or false');
    return value;
  });

export const word = <const W extends string>(doc: string, words: readonly W[], preset?: W) =>
  field(doc, { type: 'string', enum: words, ...(preset ? { default: preset } : {}) }, (value): W => {
    if (typeof value === 'string' && (words as readonly string[]).includes(value)) return value as W;
    const near = typeof value === 'string' ? nearest(value, words) : undefined;
    if (near === undefined)
      throw new Unusable(`${quoted(value)} is not known`, `use one of ${words.join(', ')}`);
    throw new Unusable(`${quoted(value)} is not one of ${words.join(', ')}`, `did you mean ${near}?`);
  });

/** A span of time such as `90d`, in seconds; a number counts as seconds. */
export const duration = (doc: string) =>
  field(doc, { type: ['string', 'number'], examples: ['90d', '12h'] }, seconds);

/** Whole days, as a number or a duration. */
export const days = (doc: string) =>
  field(doc, { type: ['string', 'number'], examples: ['90d', 90] }, (value) => {
    const found = typeof value === 'number' ? value : seconds(value) / 86_400;
    if (!Number.isInteger(found) || found < 1)
      throw new Unusable('is not a whole number of days', 'write for example 90d');
    return found;
  });

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?\s?([Zz]|[+-]\d\d:?\d\d)?)?$/;

/** A date (midnight UTC) or a time with its offset, in seconds since the epoch. */
export const timestamp = (doc: string) =>
  field(doc, { type: 'string', examples: ['2026-05-04', '2026-05-04T09:30:00Z'] }, (value) => {
    const remedy = 'write a date such as 2026-05-04 or a time with its offset such as 2026-05-04T09:30:00Z';
    const match = typeof value === 'string' ? ISO.exec(value) : null;
    if (!match) throw new Unusable(`${quoted(value)} is no ISO 8601 date or time`, remedy);
    const [all, year, month, day, hour, , , offset] = match;
    if (hour !== undefined && offset === undefined)
      throw new Unusable(`${quoted(value)} has no offset from UTC`, 'add Z, or an offset such as +02:00');
    const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
    const ms = Date.parse(hour === undefined ? `${all}T00:00:00Z` : all.replace(' ', 'T').replace(/\s/g, ''));
    if (Number.isNaN(ms) || Number(day) > lastDay)
      throw new Unusable(`${quoted(value)} is a date or time that does not exist`, remedy);
    return ms / 1000;
  });

export const fingerprint = (doc: string) =>
  field(doc, { type: 'string', pattern: '^sa_(live|test)_[0-9a-f]{12}$' }, (value) => {
    if (typeof value === 'string' && isMaskedKey(value)) return value;
    throw new Unusable(`${quoted(value)} is no masked key`, MASK_REMEDY);
  });

const MASK_REMEDY =
  'write the masked form, sa_live_ or sa_test_ and the first 12 hex digits of the SHA-256 of the whole key; ' +
  '`atender-exporter mask` prints it';

const SURFACE = /^[a-z][a-z0-9_-]*$/;

/**
 * A scope `<surface>:read|write` or the name of a bundle. Surfaces Atender does not list are allowed, for it
 * may grow; one that is a single edit away from a listed one is taken for a typing error.
 */
export const scope = (doc: string) =>
  field(doc, { type: 'string', pattern: scopePattern(), examples: ['knowledge:read', 'basic'] }, (value) => {
    const form = `write <surface>:read, <surface>:write or one of ${Object.keys(BUNDLES).join(', ')}`;
    if (typeof value !== 'string') throw new Unusable(`must be text, not ${kindOf(value)}`, form);
    if (Object.hasOwn(BUNDLES, value)) return value;
    const [surface, action, ...rest] = value.split(':');
    if (action === undefined) {
      const near = nearest(value, Object.keys(BUNDLES));
      throw new Unusable(`${quoted(value)} is no scope`, near === undefined ? form : `did you mean ${near}?`);
    }
    if (rest.length > 0 || !SURFACE.test(surface)) throw new Unusable(`${quoted(value)} is no scope`, form);
    if (action !== 'read' && action !== 'write')
      throw new Unusable(`${quoted(value)} has an unknown action`, 'use read or write; write implies read');
    const near = (SURFACES as readonly string[]).includes(surface)
      ? undefined
      : nearest(surface, SURFACES, 1);
    if (near !== undefined)
      throw new Unusable(`${quoted(value)} names an unknown surface`, `did you mean ${near}:${action}?`);
    return value;
  });

const scopePattern = () => `^(${Object.keys(BUNDLES).join('|')}|[a-z][a-z0-9_-]*:(read|write))$`;

/** A network as address/prefix; a single address stands for itself. Always gives the form with a prefix. */
export const network = (doc: string) =>
  field(doc, { type: 'string', examples: ['203.0.113.0/24', '2001:db8::/48'] }, (value) => {
    const [address, prefix, ...rest] = typeof value === 'string' ? value.split('/') : [''];
    const family = isIP(address);
    const bits = family === 4 ? 32 : 128;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    if (family === 0 || rest.length > 0 || address.includes('%') || !(length <= bits))
      throw new Unusable(
        `${quoted(value)} is no network`,
        'write address/prefix, for example 203.0.113.0/24',
      );
    return `${address}/${length}`;
  });

/** A limit: a whole number, or null for unlimited. */
export const limit = (doc: string) =>
  field(doc, { type: ['integer', 'null'], minimum: 0 }, (value) => {
    if (value === null) return null;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
      throw new Unusable(
        `${quoted(value)} is no number of requests`,
        'write a whole number, or null for unlimited',
      );
    return value;
  });

/** An override of an alert's threshold, in the threshold's unit. */
export function thresholdValue(kind: Threshold) {
  const doc = `${kind.doc}. Default ${kind.default} (${kind.unit}).`;
  const [shape, read] = kind.unit === 'seconds' ? [DURATION_SHAPE, seconds] : numberOf(kind);
  return field(doc, { ...shape, ...(kind.aboveZero ? { exclusiveMinimum: 0 } : {}) }, (value) => {
    const limit = read(value);
    if (kind.aboveZero && limit === 0)
      throw new Unusable(
        '0 would alert at all times',
        `write a value above 0, for example ${kind.default}, or leave it out`,
      );
    return limit;
  });
}

const DURATION_SHAPE = { type: ['string', 'number'], examples: ['4h'] };

function numberOf(kind: Threshold): [shape: Record<string, unknown>, read: (value: unknown) => number] {
  const least = kind.aboveZero ? {} : { minimum: 0 };
  const most = kind.unit === 'ratio' ? { maximum: 1 } : {};
  const read = (value: unknown): number => {
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      throw new Unusable(
        `${quoted(value)} is no number of 0 or more`,
        `write a number, for example ${kind.default}`,
      );
    if (kind.unit === 'ratio' && value > 1)
      throw new Unusable(
        `${value} is more than the whole`,
        `write a share from 0 to 1, for example ${kind.default}`,
      );
    return value;
  };
  return [{ type: 'number', ...least, ...most }, read];
}

function seconds(value: unknown): number {
  const remedy = 'write a number and a unit, for example 90d, 12h, 30m or 45s';
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  if (typeof value !== 'string') throw new Unusable(`${quoted(value)} is no duration`, remedy);
  try {
    return parseDuration(value);
  } catch {
    throw new Unusable(`${quoted(value)} is no duration`, remedy);
  }
}

/** A value for a message, cut short. */
export const quoted = (value: unknown): string => {
  const json = typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value) : kindOf(value);
  return json.length > 60 ? `${json.slice(0, 57)}…"` : json;
};

const kindOf = (value: unknown): string =>
  value === null || value === undefined
    ? 'nothing'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'a map'
        : `a ${typeof value}`;
