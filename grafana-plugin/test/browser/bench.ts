import type { Page } from 'playwright-core';
import { number } from '../../../exporter/bench/harness/options.ts';
import { spread, whole } from '../../../exporter/bench/harness/statistics.ts';
import { type Run, runSuite } from '../../../exporter/bench/harness/suite.ts';
import { inventedKeys, OVERVIEW_REF_IDS } from './invented-keys.ts';
import { LINES, openHost } from './loader-host.ts';
import type { Scene } from './scene.ts';

const OPTIONS = {
  keys: number(2_000, 100, 'keys that the panel shows'),
  seconds: number(3, 1, 'seconds of scrolling at each pace'),
};

/** Pixels a frame: a fast turn of a wheel (all 2,000 keys in 8 s), and a dragged scroll bar (in 3 s). */
const PACES = [200, 480];

await runSuite({
  script: 'bench:panel',
  about:
    'How fast the panel draws, refreshes and scrolls many keys in a real Chromium, in both lines of Grafana.',
  options: OPTIONS,
  rounds: 5,
  benchmarks: { panel },
});

async function panel({ options, rounds, figure }: Run<typeof OPTIONS>): Promise<void> {
  const now = Date.now();
  for (const line of LINES) {
    const host = await openHost(line);
    const first: number[] = [];
    for (let round = 0; round < rounds; round++) {
      if (round > 0) await host.reload();
      first.push(await drawn(host.page, sceneOf(options.keys, now)));
    }
    const refreshed: number[] = [];
    for (let round = 1; round <= rounds; round++)
      refreshed.push(await drawn(host.page, sceneOf(options.keys, now + round * 30_000)));
    const name = `Grafana ${line}, ${whole(options.keys)} keys`;
    figure(`${name}: first draw`, spread(first, whole, 'ms'));
    figure(`${name}: refresh`, spread(refreshed, whole, 'ms'));
    for (const pace of PACES) {
      const { fps, slowest } = await scrolled(host.page, pace, options.seconds);
      figure(
        `${name}: scrolling ${pace} px a frame`,
        `${whole(fps)} frames/s, slowest frame ${whole(slowest)} ms`,
      );
    }
    await host.close();
  }
}

function sceneOf(keys: number, at: number): Scene {
  return {
    frames: inventedKeys(keys, at),
    refIds: OVERVIEW_REF_IDS,
    from: at - 6 * 3_600_000,
    to: at,
    width: 1560,
    height: 900,
  };
}

/** Milliseconds from data to the frame that shows it. */
function drawn(page: Page, shown: Scene): Promise<number> {
  return page.evaluate(
    (one) =>
      new Promise<number>((done) => {
        const begun = performance.now();
        (window as unknown as { show: (scene: Scene) => void }).show(one);
        // The second frame begins when the first one is painted.
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begun)));
      }),
    shown,
  );
}

/** Scrolls through the list. */
async function scrolled(
  page: Page,
  pace: number,
  seconds: number,
): Promise<{ fps: number; slowest: number }> {
  // tsx wraps functions with a name in this call.
  await page.evaluate('globalThis.__name = (named) => named');
  return page.evaluate(
    ([pixels, duration]) =>
      new Promise<{ fps: number; slowest: number }>((done) => {
        const box = document.querySelector('[role=grid]') as HTMLElement;
        const times: number[] = [];
        const step = (at: number) => {
          times.push(at);
          const elapsed = at - (times[0] as number);
          box.scrollTop += pixels as number;
          if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) box.scrollTop = 0;
          if (elapsed < (duration as number)) return requestAnimationFrame(step);
          const frames = times.slice(1).map((time, i) => time - (times[i] as number));
          return done({ fps: (1000 * frames.length) / elapsed, slowest: Math.max(...frames) });
        };
        requestAnimationFrame(step);
      }),
    [pace, seconds * 1000],
  );
}
