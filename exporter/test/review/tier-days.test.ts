import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { TIERS } from '../../src/keys/tiers.ts';
import { ArchivedRequests } from '../../src/record/archived-requests.ts';
import type { TierEvidence } from '../../src/review/evidence.ts';
import { TierDays } from '../../src/review/tier-days.ts';
import { NAMED_TIERS, TierReplay } from '../../src/review/tier-replay.ts';
import { dayAt } from '../../src/time/days.ts';
import { QuarterFigures } from '../../src/usage/quarter-figures.ts';
import { temporaryDirectory } from '../exporter-process.ts';
import { kept } from '../record/spooling.ts';

const FIRST = dayAt(Date.parse('2026-03-08') / 1000);
const DAYS = { from: FIRST, to: FIRST + 2 };
const NOON = (DAYS.to * 24 + 12) * 3_600_000;
const KEYS = [
  { key: 0, id: 'key_a', tenant: 'acme' },
  { key: 1, id: 'key_a', tenant: '' },
  { key: 2, id: 'key_b', tenant: 'acme' },
];

let directory: { path: string; remove: () => void };
let root: string;
beforeEach(() => {
  directory = temporaryDirectory();
  root = join(directory.path, 'record');
});
afterEach(() => directory.remove());

/** Times of a key's requests on a day, in milliseconds: 150 and more within a minute and a half. */
const timesOf = (key: number, place: number): number[] =>
  Array.from({ length: 150 + 20 * key + place }, (_, i) => {
    const inMinutes = ((i * (7_919 + key)) % 90_000) + 36_000_000;
    return (FIRST + place) * 86_400_000 + inMinutes;
  }).sort((a, b) => a - b);

/** What the store has counted of a key: of the middle day two requests more than the archive holds of `short`. */
function figuresOf(key: number, short: number): QuarterFigures {
  const figures = new QuarterFigures();
  for (const place of [0, 1, 2]) {
    const times = timesOf(key, place);
    const minutes = new Map<number, number>();
    for (const ms of times)
      minutes.set(Math.floor(ms / 60_000), (minutes.get(Math.floor(ms / 60_000)) ?? 0) + 1);
    figures.days.requests[place] = times.length + (key === short && place === 1 ? 2 : 0);
    figures.days.peakPerMinute[place] = Math.max(...minutes.values());
  }
  return figures;
}

function replayedOneByOne(key: number): number[] {
  return NAMED_TIERS.map((tier) => {
    let refused = 0;
    for (const place of [0, 1, 2]) {
      const replay = new TierReplay(TIERS[tier]);
      for (const ms of timesOf(key, place)) replay.request(ms);
      refused += replay.refused;
    }
    return refused;
  });
}

async function evidenceOf(short: number, replayUntil?: number): Promise<TierEvidence[][]> {
  const requests = KEYS.flatMap(({ key, id, tenant }) =>
    [0, 1, 2].flatMap((place) =>
      timesOf(key, place).map((ms) => ({
        ...{ timestamp: new Date(ms).toISOString(), keyId: id, tenantId: tenant === '' ? undefined : tenant },
      })),
    ),
  );
  await kept(root, NOON, requests);
  const archive = await ArchivedRequests.open(root, '2026-03-08', '2026-03-10');
  try {
    const days = new TierDays(DAYS, archive);
    const evidence = KEYS.map((row) => days.bounded(row, figuresOf(row.key, short).days));
    await days.replay({ replayUntil });
    return evidence;
  } finally {
    archive?.close();
  }
}

test('keys replayed in one reading of each day are refused what each is by itself, the same id of another tenant too', async () => {
  const evidence = await evidenceOf(-1);
  for (const { key } of KEYS) {
    expect(evidence[key].map(({ refused }) => refused)).toEqual(replayedOneByOne(key));
    expect(evidence[key].every(({ exact }) => exact)).toBe(true);
    expect(evidence[key][0].refused).toBeGreaterThan(0);
  }
});

test('a key of which the archive lacks requests of a day is refused at least so many, the others exactly', async () => {
  const evidence = await evidenceOf(2);
  expect(evidence[2][0]).toMatchObject({ exact: false });
  expect(evidence[2][0].refused).toBeLessThanOrEqual(replayedOneByOne(2)[0]);
  expect(evidence[1][0]).toEqual({ tier: 'starter', refused: replayedOneByOne(1)[0], exact: true });
});

test('what is not replayed in time is not exact', async () => {
  for (const tiers of await evidenceOf(-1, Date.now() - 1)) expect(tiers[0].exact).toBe(false);
});
