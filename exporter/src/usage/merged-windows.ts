import { DAY } from '../time/units.ts';
import { type KeyFacts, MINUTE_CLASSES, type MinuteCounts } from './key-facts.ts';
import { Windows } from './windows.ts';
import { decodeWindows } from './windows-form.ts';

const MINUTES = 60;
const WINDOW = 60;
const PEAK_SPAN = 300;

/** Windows as KeyUsageRow has them; undefined when they cannot be read. */
export function readWindows(bytes: Uint8Array): Windows | undefined {
  const windows = new Windows();
  return decodeWindows(bytes, windows) ? windows : undefined;
}

/**
 * What the windows of several exporters that read different lines show together, as if one had read all. The longest
 * gap of all is the longest of any: the true one is never longer. `now` in seconds; windows end at `now - lag`.
 */
export function mergedWindows(
  all: Windows[],
  now: number,
  lag: number,
): Pick<KeyFacts, 'maxGap' | 'requestsLastMinute' | 'peakPerMinute' | 'requestsToday' | 'minutes'> {
  const end = Math.max(Math.floor(now - lag), ...all.map(({ newestSecond }) => newestSecond));
  const sum = (of: (windows: Windows) => number): number =>
    all.reduce((total, windows) => total + of(windows), 0);
  const sliding = all.filter((windows) => windows.slides(end));
  const { lastMinute, peak } = slidingMinutes(sliding, end);
  return {
    maxGap: Math.max(0, ...all.map((windows) => windows.maxGap(now))),
    requestsLastMinute: lastMinute,
    peakPerMinute: peak,
    requestsToday: sum((windows) => windows.requestsOn(Math.floor(now / DAY))),
    minutes: mergedMinutes(all.map((windows) => windows.minuteCounts())),
  };
}

/** Requests in the 60 seconds up to `end`, and the most in any such window that ends in the five minutes up to it. */
function slidingMinutes(all: Windows[], end: number): { lastMinute: number; peak: number } {
  const first = end - PEAK_SPAN - WINDOW + 2;
  const requests = new Float64Array(end - first + 1);
  for (const windows of all) for (let i = 0; i < requests.length; i++) requests[i] += windows.at(first + i);
  let lastMinute = 0;
  let peak = 0;
  for (let i = 0; i < requests.length; i++) {
    lastMinute += requests[i] - (i < WINDOW ? 0 : requests[i - WINDOW]);
    if (i >= WINDOW - 1 && lastMinute > peak) peak = lastMinute;
  }
  return { lastMinute, peak };
}

function mergedMinutes(all: MinuteCounts[]): MinuteCounts {
  const last = Math.max(0, ...all.map((minutes) => minutes.last));
  const counts = new Uint32Array(MINUTES * MINUTE_CLASSES.length);
  for (const minutes of all) {
    const behind = last - minutes.last;
    for (let base = 0; base < counts.length; base += MINUTES)
      for (let i = behind; i < MINUTES; i++) counts[base + i - behind] += minutes.counts[base + i];
  }
  return { last, counts };
}
