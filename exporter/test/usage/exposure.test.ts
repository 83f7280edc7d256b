import { describe, expect, test } from '@jest/globals';
import { FAMILIES } from '../../src/usage/changes.ts';
import { NOON, UsageInTest } from './usage-in-test.ts';

const { requests, endpoint } = FAMILIES;

describe('a new series', () => {
  test('shows 0 for the hold, and that it is shown was committed', () => {
    const world = new UsageInTest({ zeroHoldSeconds: 35 }).account({ key: 'a', status: 403, seconds: 1 });
    const held = () => world.store.load().histograms.map((row) => row.held);
    world.commit();
    expect(world.shown(requests)).toEqual({ 'a 403': 0 });
    expect(held()).toEqual([true]);
    world.now += 34;
    world.account({ key: 'a', status: 403 }).commit();
    expect(world.shown(requests)).toEqual({ 'a 403': 0 });
    world.now += 1;
    const released = world.commit();
    expect([...released.values.held]).toEqual([Number.NaN, Number.NaN]);
    expect(world.shown(requests)).toEqual({ 'a 403': 2 });
    expect(world.shown(endpoint)).toEqual({ 'a GET /v1/contacts 403': 2 });
    expect(held()).toEqual([false]);
  });

  test('is held from the commit that made it known, however long commits failed', () => {
    const world = new UsageInTest({ zeroHoldSeconds: 35 }).account({ key: 'a' });
    world.failCommit();
    world.now += 100;
    world.commit();
    expect(world.shown(requests)).toEqual({ 'a 200': 0 });
    world.now += 35;
    world.commit();
    expect(world.shown(requests)).toEqual({ 'a 200': 1 });
  });

  test('starts its hold again after a restart', () => {
    const world = new UsageInTest({ zeroHoldSeconds: 35 }).account({ key: 'a', seconds: 1 });
    world.commit();
    world.now += 30;
    world.restart();
    world.now += 30;
    world.account({ key: 'a', seconds: 1 }).commit();
    expect(world.shown(requests)).toEqual({ 'a 200': 0 });
    world.now += 5;
    world.commit();
    expect(world.shown(requests)).toEqual({ 'a 200': 2 });
  });

  test('of first history is shown at once with its value; one still at 0 begins its hold', () => {
    const setting = { zeroHoldSeconds: 35, history: true, entries: [{ id: 'a' }] };
    const world = new UsageInTest(setting).account({ key: 'a', seconds: 1 });
    world.commit();
    world.now += 100;
    world.historyDone();
    world.account({ key: 'a', status: 500 }).commit();
    expect(world.shown(requests)).toMatchObject({ 'a 200': 1, 'a 500': 0 });
    expect(world.store.load().histograms[0].held).toBe(false);
    world.now += 35;
    world.commit();
    expect(world.shown(requests)).toMatchObject({ 'a 200': 1, 'a 500': 1 });
  });

  test('stays history when the first backlog is interrupted', () => {
    const world = new UsageInTest({ zeroHoldSeconds: 35, history: true }).account({ key: 'a' });
    world.commit();
    world.restart(true);
    world.account({ key: 'b' });
    world.historyDone();
    expect(world.shown(requests)).toEqual({ 'a 200': 1, 'b 200': 1 });
  });

  test('is shown at once when there is no hold', () => {
    const world = new UsageInTest().account({ key: 'a' });
    world.commit();
    expect(world.shown(requests)).toEqual({ 'a 200': 1 });
  });

  test('shows 0 again when its key takes the tenant of its first line', () => {
    const world = new UsageInTest({ zeroHoldSeconds: 35, entries: [{ id: 'a' }] });
    world.now += 60;
    world.commit();
    world.account({ key: 'a', tenant: 't' }).commit();
    expect(world.shown(requests)).toMatchObject({ 'a|t 200': 0 });
    world.now += 35;
    world.commit();
    expect(world.shown(requests)).toMatchObject({ 'a|t 200': 1 });
  });
});

describe('an idle endpoint series', () => {
  test('is parked with its value, and resumes by showing the old value for the hold', () => {
    const world = new UsageInTest({ zeroHoldSeconds: 35, parkAfterSeconds: 600 });
    world.account({ key: 'a' }, { key: 'a' }).commit();
    world.now += 599;
    world.commit();
    expect(world.shown(endpoint)).toEqual({ 'a GET /v1/contacts 200': 2 });
    world.now += 61;
    world.commit();
    expect(world.shown(endpoint)).toEqual({});
    expect(world.shown(requests)).toEqual({ 'a 200': 2 });
    expect(world.counters(endpoint)).toEqual({ 'a GET /v1/contacts 200': 2 });
    world.restart();
    world.account({ key: 'a' }).commit();
    expect(world.shown(endpoint)).toEqual({ 'a GET /v1/contacts 200': 2 });
    world.now += 35;
    world.commit();
    expect(world.shown(endpoint)).toEqual({ 'a GET /v1/contacts 200': 3 });
  });
});

describe('changes', () => {
  test('are nothing when nothing happened', () => {
    const world = new UsageInTest({ entries: [{ id: 'r' }] }).account({ key: 'a', ip: '192.0.2.1' });
    world.commit();
    const { values, ...rows } = world.commit();
    expect(values.series.length).toBe(0);
    expect(Object.values(rows).map(({ length }) => length)).toEqual(Object.keys(rows).map(() => 0));
  });

  test('keep everything dirty after a commit that failed', () => {
    const world = new UsageInTest().account({ key: 'a', ip: '192.0.2.1', seconds: 1, bytes: 1 });
    world.failCommit();
    world.account({ key: 'b', ip: '192.0.2.2', template: '/v1/tags' });
    const { values, ...rows } = world.commit();
    expect(Object.entries(rows).map(([name, list]) => [name, list.length])).toEqual([
      ['keys', 2],
      ['endpoints', 2],
      ['series', 7],
      ['histograms', 1],
      ['keyUsage', 2],
      ['ips', 2],
      ['sketches', 0],
      ['surfaces', 2],
      ['days', 2],
    ]);
    expect(values.series.length).toBe(7);
  });

  test('of a steady load leave the addresses alone for some minutes', () => {
    const world = new UsageInTest({ now: NOON }).account({ key: 'a', ip: '192.0.2.1' });
    expect(world.commit().ips.length).toBe(1);
    world.now += 10;
    expect(world.account({ key: 'a', ip: '192.0.2.1' }).commit().ips.length).toBe(0);
    world.now += 300;
    expect(world.account({ key: 'a', ip: '192.0.2.1' }).commit().ips.length).toBe(1);
  });
});
