import { MINUTE_CLASSES } from '../../src/usage/key-facts.ts';
import type { Request } from './records.ts';

const DAY = 86_400;
const SKEW = 300;

/** A request with everything a model needs, and the wall clock when it was accounted. */
export interface Line extends Request {
  at: number;
  status: number;
  template: string;
  now: number;
}

/** Usage without limits, computed from all lines each time it is asked: slow, and plain to see that it is right. */
export class NaiveUsage {
  readonly lines: Line[] = [];
  private readonly learning: number;

  constructor(learning: number) {
    this.learning = learning;
  }

  /** Sums by `key status` and by `key template status`. */
  counters(): { requests: Record<string, number>; endpoints: Record<string, number> } {
    const requests: Record<string, number> = {};
    const endpoints: Record<string, number> = {};
    const keys = new Set<string>();
    const templates = new Set<string>();
    for (const { key, status, template, listed } of this.lines) {
      if (key && status !== 401) keys.add(`${key}`);
      if (listed || (status !== 401 && status !== 404)) templates.add(template);
      const counted = !key ? '__none__' : keys.has(`${key}`) ? key : '__other__';
      const endpoint = templates.has(template) ? `GET ${template}` : '__other__ __unmatched__';
      add(requests, `${counted} ${status}`, 1);
      add(endpoints, `${counted} ${endpoint} ${status}`, 1);
    }
    return { requests, endpoints };
  }

  facts(key: string, now: number, lag: number): Record<string, unknown> {
    const place = this.lines.findIndex((line) => line.key === key && line.status !== 401);
    const all = this.lines.filter((line, i) => line.key === key && i >= place);
    const inTime = all.filter(({ at, now: then }) => at <= then + SKEW);
    const used = all.filter(({ status }) => status !== 401).map((line) => ({ at: seenAt(line) }));
    const timed = inTime.filter(({ status }) => status !== 401);
    const end = Math.max(...timed.map(({ at }) => Math.floor(at)), Math.floor(now - lag));
    const peaks = Array.from({ length: 300 }, (_, i) => inMinute(timed, end - i));
    return {
      firstUsed: least(used.map(({ at }) => at)),
      lastUsed: most(used.map(({ at }) => at)),
      lastRejected: most(all.filter(({ status }) => status === 401).map(seenAt)),
      maxGap: maxGap(used, now),
      ...this.addresses(all, now),
      requestsLastMinute: peaks[0],
      peakPerMinute: most(peaks),
      requestsToday: all.filter((line) => line.status !== 401 && dayOf(line) === Math.floor(now / DAY))
        .length,
      minutes: minutes(inTime),
    };
  }

  private addresses(all: Line[], now: number): Record<string, unknown> {
    const seen = new Map<string, number>();
    let firstUsed = 0;
    let newIps = 0;
    for (const line of all) {
      if (line.status === 401) continue;
      const at = seenAt(line);
      if (firstUsed === 0 || at < firstUsed) firstUsed = at;
      if (!line.ip) continue;
      if (!seen.has(line.ip) && firstUsed > 0 && at >= firstUsed + this.learning) newIps++;
      seen.set(line.ip, Math.max(at, seen.get(line.ip) ?? 0));
    }
    const within = (span: number) =>
      [...seen.values()].filter((last) => Math.floor(last) > now - span).length;
    const [hour, day, month] = [3_600, DAY, 30 * DAY].map(within);
    return { uniqueIps: { hour, day, month, approximate: false }, newIps };
  }
}

const most = (numbers: number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0);
const least = (numbers: number[]): number => (numbers.length === 0 ? 0 : Math.min(...numbers));
/** A line from the future counts when it is read. */
const seenAt = ({ at, now }: Line): number => (at <= now + SKEW ? at : now);
const dayOf = (line: Line): number => Math.floor(seenAt(line) / DAY);

function inMinute(lines: { at: number }[], end: number): number {
  return lines.filter(({ at }) => Math.floor(at) > end - 60 && Math.floor(at) <= end).length;
}

function maxGap(used: { at: number }[], now: number): number {
  let last = 0;
  let longest = 0;
  for (const { at } of used) {
    if (at <= last) continue;
    const isRecent = Math.floor(at / DAY) >= Math.floor((now - 30 * DAY) / DAY);
    if (last > 0 && isRecent) longest = Math.max(longest, at - last);
    last = at;
  }
  return longest;
}

function minutes(lines: Line[]): Record<string, number> {
  const last = most(lines.map(({ at }) => Math.floor(at / 60)));
  const counts: Record<string, number> = {};
  for (const { at, status } of lines) {
    const i = Math.floor(at / 60) - last + 59;
    if (i >= 0) add(counts, `${classOf(status)} ${i}`, 1);
  }
  return counts;
}

function classOf(status: number): (typeof MINUTE_CLASSES)[number] {
  const named = { 0: 'noResponse', 401: 'unauthorized', 403: 'forbidden', 429: 'throttled' } as const;
  if (status in named) return named[status as keyof typeof named];
  return (['success', 'success', 'success', 'redirect', 'other4xx', 'serverErrors'] as const)[
    Math.floor(status / 100)
  ];
}

function add(to: Record<string, number>, name: string, by: number): void {
  to[name] = (to[name] ?? 0) + by;
}

/** MinuteCounts in the same form. */
export function sparse({ counts }: { counts: Uint32Array }): Record<string, number> {
  const entries = [...counts].map((n, i) => [`${MINUTE_CLASSES[Math.floor(i / 60)]} ${i % 60}`, n] as const);
  return Object.fromEntries(entries.filter(([, n]) => n > 0));
}
