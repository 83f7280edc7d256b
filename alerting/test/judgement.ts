import { alertsOf, type Rule, rulesOf } from './pack.ts';

/** A stretch of time in which an alert fired for a key. Seconds since the epoch. */
export interface Firing {
  alert: string;
  key: string;
  from: number;
  to: number;
}

/**
 * Recording rules in an order in which they can be evaluated over the past: each rule reads only what earlier
 * layers recorded. Rules that record one name are of one layer as far as they do not read each other.
 */
export function layersOf(rules: Rule[]): Rule[][] {
  const depths = new Map<Rule, number>();
  const depth = (rule: Rule, above: Rule[] = []): number => {
    const known = depths.get(rule);
    if (known !== undefined) return known;
    const read = rules.filter((other) => other !== rule && !above.includes(other) && reads(rule, other));
    const own = Math.max(-1, ...read.map((other) => depth(other, [...above, rule]))) + 1;
    depths.set(rule, own);
    return own;
  };
  const deepest = Math.max(...rules.map((rule) => depth(rule)));
  return Array.from({ length: deepest + 1 }, (_, layer) => rules.filter((rule) => depth(rule) === layer));
}

/** Whether an expression reads what another rule records; thresholds are told apart by their kind. */
function reads({ expr }: Rule, { record, labels }: Rule): boolean {
  if (!expr.includes(record!)) return false;
  const kinds = [...expr.matchAll(new RegExp(`${record}\\{kind="([a-z_]+)"`, 'g'))].map(([, kind]) => kind);
  return labels?.kind === undefined || kinds.length === 0 || kinds.includes(labels.kind);
}

/** `5m` in seconds. */
export function secondsOf(duration = '0s'): number {
  const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
  return Number.parseInt(duration, 10) * units[duration.at(-1)!]!;
}

/** From the times at which an alert's expression held for one key, in steps, when it fired. */
export function firingsOf(rule: Rule, key: string, times: number[], step: number): Firing[] {
  const stretches: { from: number; to: number }[] = [];
  for (const time of times) {
    const last = stretches.at(-1);
    if (last && time - last.to <= step) last.to = time;
    else stretches.push({ from: time, to: time });
  }
  const wait = secondsOf(rule.for);
  return stretches
    .filter(({ from, to }) => to - from >= wait)
    .map(({ from, to }) => ({ alert: rule.alert!, key, from: from + wait, to }));
}

/** The recording rules that alerts read, be it through others; what only dashboards read is none of them. */
export function recordedForAlerts(): Rule[] {
  const recording = rulesOf().filter(({ record }) => record !== undefined);
  const needed = new Set<Rule>();
  const need = (reader: Rule): void => {
    for (const rule of recording)
      if (!needed.has(rule) && reader.expr.includes(rule.record!)) {
        needed.add(rule);
        need(rule);
      }
  };
  alertsOf().forEach(need);
  return [...needed];
}
