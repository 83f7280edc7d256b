/**
 * Measures first draw, refresh and scrolling with 2,000 keys in Chromium, for both versions of Grafana.
 *
 *     npm run bench
 */
import type { Page } from 'playwright-core';
import { inventedKeys, OVERVIEW_REF_IDS } from './invented-keys.ts';
import { LINES, openHost } from './loader-host.ts';
import type { Scene } from './scene.ts';

const KEYS = 2000;
const RUNS = 5;
/** Pixels per frame: a fast wheel (all 2,000 keys in 8 s), and a dragged scroll bar (3 s). */
const PACES = [200, 480];

const now = Date.now();
const scene = (at: number): Scene => ({
  frames: inventedKeys(KEYS, at),
  refIds: OVERVIEW_REF_IDS,
  from: at - 6 * 3_600_000,
  to: at,
  width: 1560,
  height: 900,
});

for (const line of LINES) {
  const host = await openHost(line);
  const first: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    if (run > 0) await host.reload();
    first.push(await drawn(host.page, scene(now)));
  }
  const refreshed: number[] = [];
  for (let run = 1; run <= RUNS; run++) refreshed.push(await drawn(host.page, scene(now + run * 30_000)));
  const paces: string[] = [];
  for (const pace of PACES) {
    const { fps, slowest } = await scrolled(host.page, pace);
    paces.push(`${fps.toFixed(0)} frames/s at ${pace} px a frame (slowest frame ${slowest.toFixed(0)} ms)`);
  }
  await host.close();
  console.log(
    `Grafana ${line}, ${KEYS.toLocaleString('en-US')} keys: first draw ${median(first)} ms, ` +
      `refresh ${median(refreshed)} ms (medians of ${RUNS}); ` +
      `scrolling ${paces.join(', ')}`,
  );
}

/** Milliseconds from new data to the frame that shows it. */
function drawn(page: Page, shown: Scene): Promise<number> {
  return page.evaluate(
    (one) =>
      new Promise<number>((done) => {
        const begun = performance.now();
        (window as unknown as { show: (scene: Scene) => void }).show(one);
        // The second frame starts after the first one is painted.
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
      }),
    shown,
  );
}

/** Scrolls through the list for three seconds. */
async function scrolled(page: Page, pace: number): Promise<{ fps: number; slowest: number }> {
  // tsx wraps named functions in a call of `__name`.
  await page.evaluate('globalThis.__name = (named) => named');
  return page.evaluate(
    (pixels) =>
      new Promise<{ fps: number; slowest: number }>((done) => {
        const box = document.querySelector('[role=grid]') as HTMLElement;
        const times: number[] = [];
        const step = (at: number) => {
          times.push(at);
          const elapsed = at - (times[0] as number);
          box.scrollTop += pixels;
          if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) box.scrollTop = 0;
          if (elapsed < 3000) return requestAnimationFrame(step);
          const frames = times.slice(1).map((time, i) => time - (times[i] as number));
          return done({ fps: (1000 * frames.length) / elapsed, slowest: Math.max(...frames) });
        };
        requestAnimationFrame(step);
      }),
    pace,
  );
}

function median(values: number[]): string {
  return ([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number).toFixed(0);
}
