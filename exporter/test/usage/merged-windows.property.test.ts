import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mergedWindows, readWindows } from '../../src/usage/merged-windows.ts';
import { Windows } from '../../src/usage/windows.ts';
import { encodeWindows, progressOf } from '../../src/usage/windows-form.ts';

const RUNS = Number(process.env.ATENDER_TEST_RUNS ?? 300);
const NOW = 1_800_000_000;

const count = (windows: Windows, second: number, status: number): void => {
  windows.countMinute(Math.floor(second / 60), status);
  if (status === 401) return;
  windows.countDay(Math.floor(second / 86_400));
  windows.use(second);
  windows.countSecond(second);
};
const request = fc.record({
  ago: fc.oneof(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 90_000 })),
  status: fc.constantFrom(0, 200, 201, 401, 403, 404, 429, 500),
  exporter: fc.nat(3),
});

test('windows of several exporters show together what one exporter that read every line shows', () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 80 }), (requests) => {
      // Each reads its own log in order.
      const inOrder = [...requests].sort((a, b) => b.ago - a.ago);
      const one = new Windows();
      const several = [0, 1, 2, 3].map(() => new Windows());
      for (const { ago, status, exporter } of inOrder) {
        count(one, NOW - ago, status);
        count(several[exporter], NOW - ago, status);
      }
      const read = several.map((windows) => readWindows(encodeWindows(windows))!);
      const together = mergedWindows(read, NOW, 0);
      const alone = mergedWindows([one], NOW, 0);
      expect({ ...together, maxGap: 0 }).toEqual({ ...alone, maxGap: 0 });
      expect(together.requestsLastMinute).toBe(one.lastMinute(one.end(NOW)));
      expect(together.peakPerMinute).toBe(one.peak(one.end(NOW)));
      expect(together.requestsToday).toBe(one.requestsOn(Math.floor(NOW / 86_400)));
    }),
    { numRuns: RUNS },
  );
});

test('of two readers of the same lines the one that has read more has made more progress', () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 40 }), (requests) => {
      const windows = new Windows();
      let before = { second: 0, answers: 0 };
      for (const { ago, status } of [...requests].sort((a, b) => b.ago - a.ago)) {
        count(windows, NOW - ago, status);
        const now = progressOf(encodeWindows(windows));
        expect(
          now.second > before.second || (now.second === before.second && now.answers > before.answers),
        ).toBe(true);
        before = now;
      }
    }),
    { numRuns: RUNS },
  );
});

test('windows of any bytes are read or refused, and never break what is shown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      bytes[0] = 1;
      const windows = readWindows(bytes);
      expect(windows !== undefined || progressOf(bytes).second === 0).toBe(true);
      if (windows) mergedWindows([windows, new Windows()], NOW, 2);
    }),
    { numRuns: RUNS },
  );
});
