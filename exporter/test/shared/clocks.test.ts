import { expect, test } from '@jest/globals';
import { eventually, runCommand } from '../exporter-process.ts';
import { HEALED, sample, sharedDays, sharedLines, startSharing } from './exporters.ts';
import { meetingPlace } from './redis-servers.ts';

const { directory, meeting } = meetingPlace();

/** Lets a process believe that it is so many seconds later. */
const clockAhead = (seconds: number) => ({
  NODE_OPTIONS: `--import "data:text/javascript,const now=Date.now;Date.now=()=>now()+${seconds * 1000}"`,
});

test.each([
  ['ahead of', 600],
  ['behind', -3_000],
])(
  'a machine whose clock is minutes %s the others is told of; last used, addresses and days are the same on all',
  async (way, seconds) => {
    const [name, key] = [`off${seconds}`, `key_${seconds}`];
    const right = await startSharing(directory.path, `right${seconds}`, [meeting.server.url]);
    const env = clockAhead(seconds);
    const wrong = await startSharing(directory.path, name, [meeting.server.url], { env });
    // Its log is written by the same clock.
    const timestamp = () => new Date(Date.now() + seconds * 1000).toISOString();
    for (let i = 0; i < 3; i++) right.request({ keyId: key, ip: `192.0.2.${i}` });
    for (let i = 2; i < 5; i++) wrong.request({ timestamp: timestamp(), keyId: key, ip: `192.0.2.${i}` });
    // Around midnight the clocks are in two days; nobody is told of one that has not begun by its own clock.
    const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    const [today, there] = [dayOf(Date.now()), dayOf(Date.now() + seconds * 1000)];
    const earlier = dayOf(Date.now() + Math.min(0, seconds) * 1000);
    const lasting = async (exporter: typeof right) =>
      sharedLines(await exporter.metrics(), key).filter((line) => !/last_minute|per_minute|today/.test(line));
    await eventually(async () => {
      expect(sample(await right.metrics(), 'atender_key_unique_ips', key, 'window="24h"')).toBe(5);
      expect(await lasting(wrong)).toEqual(await lasting(right));
      const days = await sharedDays(right, key, earlier);
      expect(days.reduce((sum, { requests }) => sum + requests, 0)).toBe(today === there ? 6 : 3);
      expect(await sharedDays(wrong, key, earlier)).toEqual(days);
    }, HEALED);
    expect(wrong.output()).toMatch(
      new RegExp(`the clock here is \\d+ s ${way} that of Redis; set both right`),
    );
    expect(right.output()).not.toMatch(/the clock here/);
    // Whether an instance is alive is told by one clock, that of Redis.
    const forget = await runCommand(['shared', 'forget', name, '--shared.redis.url', meeting.server.url]);
    expect([forget.code, forget.stderr]).toEqual([1, expect.stringMatching(/published \d s ago/)]);
  },
  60_000,
);
