import { type Facts, numberOf } from './facts.ts';

/**
 * Totals of an API key that only grow, such as `requests:2026-11-23`: one absolute value an instance, so that
 * publishing one again counts nothing twice. A retired total is that of no instance.
 */
export const totalName = (total: string, instance: string): string => `>${total}@${instance}`;

/** Sums over the instances, by the name of the total. */
export function sumTotals(totals: Facts): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [name, value] of totals) {
    const total = name.slice(1, name.lastIndexOf('@'));
    sums.set(total, (sums.get(total) ?? 0) + (numberOf(value) || 0));
  }
  return sums;
}
