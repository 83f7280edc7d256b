import type { KeyEntry } from '../keys/key.ts';
import { keyLabel } from '../keys/key-labels.ts';
import { DAY } from '../time/units.ts';
import type { KeyFacts } from '../usage/key-facts.ts';
import { label } from './exposition-text.ts';
import { type FamilyDefinition, KEY_FAMILIES } from './families.ts';

/** What is known of one key when a scrape is rendered. `facts` undefined = never seen in the log. */
export interface KeyView {
  facts: KeyFacts | undefined;
  entry: KeyEntry | undefined;
}

/** A sample of one key: its further labels as rendered text, and its value. */
export type KeySample = [labels: string, value: number];

const none: KeySample[] = [];
const one = (value: number | null | undefined): KeySample[] =>
  value === null || value === undefined ? none : [['', value]];
/** A time that never came is absent: 0 would be older than everything. */
const time = (seconds: number | null | undefined): KeySample[] => (seconds ? [['', seconds]] : none);

/** The gauges of a key, a function a family; `now` in seconds since the epoch. */
export const KEY_GAUGES: [FamilyDefinition, (view: KeyView, now: number) => KeySample[]][] = [
  [KEY_FAMILIES.lastUsed, ({ facts }) => time(facts?.lastUsed)],
  [KEY_FAMILIES.maxGap, ({ facts }) => (facts && facts.lastUsed > 0 ? one(facts.maxGap) : none)],
  [
    KEY_FAMILIES.uniqueIps,
    ({ facts }) =>
      facts
        ? [
            [label('window', '1h'), facts.uniqueIps.hour],
            [label('window', '24h'), facts.uniqueIps.day],
            [label('window', '30d'), facts.uniqueIps.month],
          ]
        : none,
  ],
  [KEY_FAMILIES.lastNewIp, ({ facts }) => time(facts?.lastNewIp)],
  [
    KEY_FAMILIES.recentNewIp,
    ({ facts }, now) =>
      distinct(
        (facts?.recentNewIps ?? []).filter(({ noticed }) => now - noticed < DAY).map(({ ip }) => ip),
      ).map((ip) => [label('ip', ip), 1]),
  ],
  [
    KEY_FAMILIES.lastNewSurface,
    ({ facts }) =>
      (facts?.newSurfaces ?? []).map(({ surface, noticed }) => [label('surface', surface), noticed]),
  ],
  [KEY_FAMILIES.lastRejected, ({ facts }) => time(facts?.lastRejected)],
  [
    KEY_FAMILIES.scopeLastUsed,
    ({ facts }) => (facts?.scopes ?? []).map(({ scope, lastUsed }) => [label('scope', scope), lastUsed]),
  ],
  [KEY_FAMILIES.lastMinute, ({ facts }) => one(facts?.requestsLastMinute)],
  [KEY_FAMILIES.peakPerMinute, ({ facts }) => one(facts?.peakPerMinute)],
  [KEY_FAMILIES.requestsToday, ({ facts }) => one(facts?.requestsToday)],
  [
    KEY_FAMILIES.rateLimit,
    ({ entry }) => [
      ...one(entry?.limits.perMinute).map(([, value]): KeySample => [label('window', 'minute'), value]),
      ...one(entry?.limits.perDay).map(([, value]): KeySample => [label('window', 'day'), value]),
    ],
  ],
  [KEY_FAMILIES.rateLimitBurst, ({ entry }) => one(entry?.limits.burst)],
  [KEY_FAMILIES.info, ({ entry }) => (entry ? [[infoLabels(entry), 1]] : none)],
  [KEY_FAMILIES.created, ({ entry }) => time(entry?.createdAt)],
  [KEY_FAMILIES.rotated, ({ entry }) => time(entry?.rotatedAt)],
  [KEY_FAMILIES.rotateEvery, ({ entry }) => one(entry?.rotateEvery)],
  [KEY_FAMILIES.scopesChanged, ({ entry }) => time(entry?.scopesChangedAt)],
  [
    KEY_FAMILIES.scopeInfo,
    ({ entry }) => distinct(entry?.scopes ?? []).map((scope) => [label('scope', scope), 1]),
  ],
  [
    KEY_FAMILIES.threshold,
    ({ entry }) =>
      Object.entries(entry?.thresholds ?? {}).flatMap(([kind, value]) =>
        value === undefined ? none : [[label('kind', kind), value] as KeySample],
      ),
  ],
];

const infoLabels = (entry: KeyEntry): string =>
  [
    label('name', entry.name),
    label('environment', entry.environment),
    label('tier', entry.tier),
    label('owner', entry.owner),
    label('state', entry.state),
    label('realtime', String(entry.realtime)),
    // As the label of the key it names, so that the two can be joined.
    label('replaces', keyLabel(entry.replaces)),
  ].join(',');

const distinct = (values: string[]): string[] => [...new Set(values)];
