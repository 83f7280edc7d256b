import { NO_KEY, OTHER } from '../health/pseudo-keys.ts';
import { maskText } from '../parse/masking.ts';

/** Characters of a key id and a tenant that stay as they are; every other byte becomes %XX, `%` included. */
const PLAIN = /[^A-Za-z0-9._:@/+-]/g;
const LONGEST = 128;
/** Not in the alphabet, so no short name can look like a shortened one. */
const SHORTENED = '~';

/**
 * A key id as a label, from its bytes. Different bytes give different names; none is a pseudo key's name.
 */
export const labelOfKeyBytes = (bytes: Buffer, start: number, end: number): string =>
  named(bytes.toString('latin1', start, end));

/** A tenant as a label, from its bytes, with raw keys in it masked. */
export const labelOfTenantBytes = (bytes: Buffer, start: number, end: number): string =>
  named(maskText(bytes.toString('latin1', start, end)));

/** An id of the keys file as a label. */
export const keyLabel = (id: string): string => labelOf(id, labelOfKeyBytes);

/** A tenant of the keys file as a label; '' stays ''. */
export const tenantLabel = (tenant: string): string => labelOf(tenant, labelOfTenantBytes);

/** In questions: the tenant of what has none. No tenant has it as its label. */
export const NO_TENANT = NO_KEY;

/** The labels that a tenant asked for may have, by its name, its label or NO_TENANT; undefined = any, asked for by ''. */
export function tenantsAsked(asked: string): string[] | undefined {
  if (asked === '') return undefined;
  return asked === NO_TENANT ? [''] : [...new Set([asked, tenantLabel(asked)])];
}

/** Whether a tenant's label is one that was asked for. */
export const isOfTenant = (tenant: string, asked: string): boolean =>
  tenantsAsked(asked)?.includes(tenant) ?? true;

/** How to ask for the tenants that these keys have, with commas. */
export const tenantsToName = (keys: readonly { tenant: string }[]): string =>
  keys.map(({ tenant }) => (tenant === '' ? NO_TENANT : tenant)).join(', ');

function labelOf(text: string, name: typeof labelOfKeyBytes): string {
  const bytes = Buffer.from(text);
  return bytes.length === 0 ? '' : name(bytes, 0, bytes.length);
}

/** `latin1`: one character a byte. */
function named(latin1: string): string {
  const encoded = latin1.replace(PLAIN, percentEncoded);
  if (encoded === NO_KEY || encoded === OTHER) return `%5F${encoded.slice(1)}`;
  if (encoded.length <= LONGEST) return encoded;
  const mark = SHORTENED + hash(latin1, 0) + hash(latin1, 1);
  return encoded.slice(0, LONGEST - mark.length) + mark;
}

const percentEncoded = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;

/** 53 bits as 14 hex digits (cyrb53 by bryc, public domain). Keeps over-long names apart, nothing more. */
function hash(text: string, seed: number): string {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(16).padStart(14, '0');
}
