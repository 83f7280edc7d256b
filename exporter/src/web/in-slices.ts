import { setImmediate } from 'node:timers/promises';

/** Work at one go before other requests get their turn, milliseconds. */
const SLICE_MS = 4;

/** items.map(work), with pauses in which other requests are answered. */
export async function inSlices<T, R>(items: readonly T[], work: (item: T) => R): Promise<R[]> {
  const results: R[] = [];
  let began = performance.now();
  for (const item of items) {
    results.push(work(item));
    if (performance.now() - began < SLICE_MS) continue;
    await setImmediate();
    began = performance.now();
  }
  return results;
}
