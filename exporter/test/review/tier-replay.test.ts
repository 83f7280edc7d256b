import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bound, TierReplay } from '../../src/review/tier-replay.ts';

const limits = fc.record({
  perMinute: fc.integer({ min: 1, max: 6 }),
  burst: fc.integer({ min: 0, max: 3 }),
  perDay: fc.integer({ min: 1, max: 40 }),
});
const times = fc
  .array(fc.integer({ min: 0, max: 400_000 }), { maxLength: 80 })
  .map((all) => all.sort((a, b) => a - b));

test('a replay refuses what a plain reading of the limits refuses', () => {
  fc.assert(
    fc.property(limits, times, (tier, all) => {
      const passed: number[] = [];
      let refused = 0;
      for (const at of all) {
        const inWindow = passed.filter((time) => time > at - 60_000).length;
        if (inWindow >= tier.perMinute + tier.burst || passed.length >= tier.perDay) refused++;
        else passed.push(at);
      }
      const replay = new TierReplay(tier);
      for (const at of all) replay.request(at);
      expect(replay.refused).toBe(refused);
    }),
    { numRuns: 500 },
  );
});

test('without single requests the bound is never above what a replay refuses, and exact only when it equals it', () => {
  fc.assert(
    fc.property(limits, times, fc.nat(20), (tier, all, late) => {
      const minutes = new Map<number, number>();
      for (const at of all.slice(late))
        minutes.set(Math.floor(at / 60_000), (minutes.get(Math.floor(at / 60_000)) ?? 0) + 1);
      const replay = new TierReplay(tier);
      for (const at of all) replay.request(at);
      const found = bound(tier, {
        requests: all.length,
        peakPerMinute: Math.max(0, ...minutes.values()),
        untimed: Math.min(late, all.length),
      });
      expect(found.least).toBeLessThanOrEqual(replay.refused);
      if (found.exact) expect(found.least).toBe(replay.refused);
    }),
    { numRuns: 500 },
  );
});
