/**
 * Facts that several exporters know of one thing, by name. The first sign of a name says how two values of it
 * become one: `>` keeps the greater, `<` the smaller. A value is a number, or a number, `|` and a rest that
 * travels with it; equal numbers are decided by the bytes of the values. So merging is commutative, associative
 * and idempotent: facts may come in any order and any number of times. Texts hold a byte a character.
 */
export type Facts = Map<string, string>;

/** Takes `more` into `facts`; true when that changed anything. */
export function mergeInto(facts: Facts, more: Facts): boolean {
  let changed = false;
  for (const [name, value] of more) if (putInto(facts, name, value)) changed = true;
  return changed;
}

/** The same with one value. */
export function putInto(facts: Facts, name: string, value: string): boolean {
  const known = facts.get(name);
  if (known !== undefined && !wins(name, value, known)) return false;
  facts.set(name, value);
  return true;
}

export function merged(a: Facts, b: Facts): Facts {
  const both = new Map(a);
  mergeInto(both, b);
  return both;
}

/** Whether `value` takes the place of `known`. What is no number loses to any. */
function wins(name: string, value: string, known: string): boolean {
  const [a, b] = [numberOf(value), numberOf(known)];
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(b) && (!Number.isNaN(a) || value > known);
  if (a === b) return name.startsWith('>') ? value > known : value < known;
  return name.startsWith('>') ? a > b : a < b;
}

/** The number a value begins with; NaN when it begins with none. */
export function numberOf(value: string | undefined): number {
  if (value === undefined) return Number.NaN;
  const bar = value.indexOf('|');
  const text = bar < 0 ? value : value.slice(0, bar);
  return text === '' ? Number.NaN : Number(text);
}

/** What follows the number, cut at each `|` into `parts` parts at most; the last keeps what is left. */
export function restOf(value: string, parts: number): string[] {
  const rest: string[] = [];
  let at = value.indexOf('|');
  while (at >= 0 && rest.length < parts) {
    const next = rest.length === parts - 1 ? -1 : value.indexOf('|', at + 1);
    rest.push(value.slice(at + 1, next < 0 ? undefined : next));
    at = next;
  }
  return rest;
}

/** Bytes as a text with a byte a character. */
export const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
