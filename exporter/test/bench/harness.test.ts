import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { nanoseconds } from '../../bench/harness/micro.ts';
import { number, parseOptions, text } from '../../bench/harness/options.ts';
import { measuredCommand } from '../../bench/harness/process.ts';
import { alternating, together } from '../../bench/harness/rounds.ts';
import { median, ratios, spread, tenths } from '../../bench/harness/statistics.ts';
import { tableText } from '../../bench/harness/table.ts';

describe('rounds', () => {
  test('sides alternate, and every second round runs them in reverse', async () => {
    const order: string[] = [];
    const side = (name: string) => async (round: number) => {
      order.push(`${name}${round}`);
      return round;
    };
    expect(await alternating(3, { a: side('a'), b: side('b') })).toEqual({ a: [0, 1, 2], b: [0, 1, 2] });
    expect(order).toEqual(['a0', 'b0', 'b1', 'a1', 'a2', 'b2']);
  });

  test('sides that run together wait for each other only at the end of a round', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const results = await together(1, {
      waiting: () => released.then(() => 'waited'),
      releasing: async () => {
        release();
        return 'released';
      },
    });
    expect(results.waiting).toEqual(['waited']);
  });
});

describe('figures', () => {
  test('the median of an even number of values is between the middle two', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7]);
    expect(() => median([])).toThrow('no values');
  });

  test('show the median with the lowest and the highest value, and one value alone', () => {
    expect(spread([2, 1, 4], tenths, 's')).toBe('2.0 s (1.0–4.0)');
    expect(spread([2], tenths)).toBe('2.0');
  });

  test('compare two sides round by round', () => {
    expect(ratios([2, 9], [1, 3])).toEqual([2, 3]);
  });

  test('stand in a Markdown table of even columns', () => {
    expect(tableText({ columns: ['figure', 'x'], rows: [['a', 'long']], note: 'A note.' })).toBe(
      ['| figure | x    |', '| ------ | ---- |', '| a      | long |', '', 'A note.'].join('\n'),
    );
  });
});

describe('options', () => {
  const options = { lines: number(100, 1, 'lines'), fleets: text('1,2', '1', 'fleets') };

  test('take their usual value, the smallest one with --quick, or the one given', () => {
    expect(parseOptions(options, []).values).toEqual({ lines: 100, fleets: '1,2' });
    expect(parseOptions(options, ['--quick', '--fleets', '4'])).toEqual({
      ...{ quick: true, help: false },
      values: { lines: 1, fleets: '4' },
    });
  });

  test('refuse what is no number and what nobody declared', () => {
    expect(() => parseOptions(options, ['--lines', 'many'])).toThrow('--lines many: write a number');
    expect(() => parseOptions(options, ['--speed', '1'])).toThrow('--speed');
  });
});

describe('measurements', () => {
  test('a command is measured with its output, processor time and peak memory', async () => {
    const busy = 'const end = Date.now() + 300; while (Date.now() < end); console.log("done")';
    const { seconds, processorSeconds, peakMemoryMiB, stdout } = await measuredCommand(process.execPath, [
      '-e',
      busy,
    ]);
    expect(stdout).toBe('done\n');
    expect(seconds).toBeGreaterThan(0.3);
    expect(processorSeconds).toBeGreaterThan(0.05);
    expect(peakMemoryMiB).toBeGreaterThan(20);
  });

  test('a command that fails is an error with what it wrote', async () => {
    const failing = 'console.error("no such log"); process.exit(3)';
    await expect(measuredCommand(process.execPath, ['-e', failing])).rejects.toThrow(
      'ended with 3: no such log',
    );
  });

  test('a task is prepared before each call, and its time is that of one unit', async () => {
    let [prepared, called] = [0, 0];
    const run = () => {
      called++;
      const end = performance.now() + 2;
      while (performance.now() < end);
    };
    const times = await nanoseconds(
      { units: 1_000, tasks: { wait: { before: () => prepared++, run } } },
      2,
      10,
    );
    expect(prepared).toBe(called);
    expect(times.wait).toHaveLength(2);
    expect(Math.min(...times.wait!)).toBeGreaterThanOrEqual(2_000);
  });
});

test('every npm script of a benchmark runs the suite of that name', () => {
  const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  const scripts = Object.entries<string>(JSON.parse(read('package.json')).scripts);
  const benches = scripts.filter(([name]) => /^bench(:|$)/.test(name));
  expect(benches.length).toBeGreaterThan(5);
  for (const [name, command] of benches) {
    const file = /tsx (\S+)/.exec(command)?.[1] ?? 'grafana-plugin/test/browser/bench.ts';
    expect(read(file)).toContain(`script: '${name}',`);
  }
});
