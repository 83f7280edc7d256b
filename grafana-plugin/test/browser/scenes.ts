import type { DataFrameDTO } from '@grafana/data';
import { cardQueries } from '../../src/roles/queries.ts';
import type { Demonstration } from './demonstration.ts';
import { inventedKeys, OVERVIEW_REF_IDS } from './invented-keys.ts';
import type { Scene } from './scene.ts';

const CARD_REF_IDS = Object.keys(cardQueries('', '', ''));
/** The key of the card: the old key of a running rotation. */
const CARD_KEY = 'key_mobile_2025';
const SHOWN_SECONDS = 6 * 3600;

/** Results of a demonstration at one time (seconds since the epoch), and scenes with them. */
export class Scenes {
  readonly at: number;
  private readonly overviewFrames: DataFrameDTO[];
  private readonly cardFrames: DataFrameDTO[];

  private constructor(at: number, overviewFrames: DataFrameDTO[], cardFrames: DataFrameDTO[]) {
    this.at = at;
    this.overviewFrames = overviewFrames;
    this.cardFrames = cardFrames;
  }

  static async of(demonstration: Demonstration): Promise<Scenes> {
    const at = Math.floor(Date.now() / 1000);
    return new Scenes(at, await demonstration.overview(at), await demonstration.card(CARD_KEY, at));
  }

  get from(): number {
    return (this.at - SHOWN_SECONDS) * 1000;
  }

  get to(): number {
    return this.at * 1000;
  }

  overview(more: Partial<Scene> = {}): Scene {
    return {
      frames: this.overviewFrames,
      refIds: OVERVIEW_REF_IDS,
      from: this.from,
      to: this.to,
      width: 1560,
      height: 900,
      ...more,
    };
  }

  card(more: Partial<Scene> = {}): Scene {
    return this.overview({
      frames: this.cardFrames,
      refIds: CARD_REF_IDS,
      options: { view: 'key' },
      variables: { key: CARD_KEY, tenant: 'acme' },
      title: 'State of the key',
      ...more,
    });
  }

  invented(count: number, more: Partial<Scene> = {}, nameOf?: (i: number) => string): Scene {
    return this.overview({ frames: inventedKeys(count, this.to, nameOf), ...more });
  }
}

/** Scenes of every designed state of the panel. */
export const SCENES: Record<string, (scenes: Scenes) => Scene> = {
  'the overview': (scenes) => scenes.overview(),
  'the overview in light colours': (scenes) => scenes.overview({ mode: 'light' }),
  'the card': (scenes) => scenes.card(),
  'the card in light colours': (scenes) => scenes.card({ mode: 'light' }),
  'a narrow overview': (scenes) => scenes.overview({ width: 380 }),
  'a narrow card': (scenes) => scenes.card({ width: 380 }),
  'a very narrow overview': (scenes) => scenes.overview({ width: 200 }),
  'a very narrow overview in light colours': (scenes) => scenes.overview({ width: 200, mode: 'light' }),
  'a very narrow card': (scenes) => scenes.card({ width: 200 }),
  'a low panel': (scenes) => scenes.overview({ height: 130 }),
  'a tall panel': (scenes) => scenes.overview({ width: 700, height: 1400 }),
  'no keys': (scenes) => scenes.overview({ frames: [] }),
  'no keys, and it is loading': (scenes) => scenes.overview({ frames: [], state: 'Loading' }),
  'one key': (scenes) => scenes.invented(1),
  '2,000 keys': (scenes) => scenes.invented(2000),
  'a key that is not there': (scenes) => scenes.card({ variables: { key: 'key_gone' } }),
  'a failed query': (scenes) =>
    scenes.overview({
      frames: scenes.overview().frames.filter(({ refId }) => refId !== 'facts'),
      errors: [{ refId: 'facts', message: 'query timed out' }],
    }),
  'failed key information, in light colours': (scenes) =>
    scenes.overview({
      frames: scenes.overview().frames.filter(({ refId }) => refId !== 'info'),
      errors: [{ refId: 'info', message: 'query timed out' }],
      mode: 'light',
    }),
  'a missing query': (scenes) => {
    const { frames, refIds = [] } = scenes.overview();
    return scenes.overview({
      frames: frames.filter(({ refId }) => refId !== 'status30m'),
      refIds: refIds.filter((refId) => refId !== 'status30m'),
    });
  },
  'all queries failed': (scenes) =>
    scenes.overview({ frames: [], state: 'Error', errors: [{ message: 'data source is not reachable' }] }),
  'counters that have ended': (scenes) =>
    scenes.invented(30, {
      frames: inventedKeys(30, scenes.to).filter(({ refId }) => !/^status/.test(refId ?? '')),
    }),
  'series without current samples': (scenes) =>
    scenes.invented(30, {
      frames: inventedKeys(30, scenes.to - 3_600_000).filter(({ refId }) => refId === 'volume'),
    }),
  'a shown time that ends in the future': (scenes) => ({
    ...scenes.invented(30, {
      frames: inventedKeys(30, scenes.to).filter(({ refId }) => refId === 'volume'),
    }),
    asked: scenes.to,
    to: scenes.to + 6 * 3_600_000,
  }),
  'right-to-left names in a right-to-left page': (scenes) =>
    scenes.invented(30, { direction: 'rtl' }, (i) => `מפתח ${i}`),
  'right-to-left names': (scenes) => scenes.invented(30, {}, (i) => `מפתח ${i}`),
  'very long names': (scenes) => scenes.invented(30, {}, (i) => `long-${i}-`.repeat(40)),
};
