import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { source, TailerRun, temporaryDirectory } from './tailer-run.ts';

const RUNS = Number(process.env.ATENDER_TEST_RUNS ?? 300);

type Step =
  | { do: 'write'; lines: number; wide: boolean }
  | { do: 'writePart' }
  | { do: 'rotate' | 'copyTruncate' | 'truncate' | 'delete' | 'deleteRotated' }
  | { do: 'compress'; half: boolean }
  | { do: 'pause'; seconds: number }
  | { do: 'poll' | 'commit' | 'crash' | 'prepare' }
  | { do: 'read'; budget: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      lines: fc.integer({ min: 2, max: 30 }),
      wide: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'writePart' } as const) },
  { weight: 4, arbitrary: fc.constant({ do: 'rotate' } as const) },
  { weight: 2, arbitrary: fc.constant({ do: 'copyTruncate' } as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { do: 'truncate' } as const,
      { do: 'delete' } as const,
      { do: 'deleteRotated' } as const,
    ),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('compress' as const), half: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pause' as const), seconds: fc.constantFrom(0.3, 1.1, 6, 400) }),
  },
  { weight: 6, arbitrary: fc.constant({ do: 'poll' } as const) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('read' as const), budget: fc.constantFrom(1, 2000, 1e9) }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'prepare' } as const) },
  { weight: 4, arbitrary: fc.constant({ do: 'commit' } as const) },
  { weight: 3, arbitrary: fc.constant({ do: 'crash' } as const) },
);

/** A file of the model: which lines it holds, whatever it is called now. */
interface Content {
  lines: number[];
  /** Bytes of an unfinished line at its end. */
  part: string;
}

/** What is on disk, told by line numbers instead of bytes, and which lines nobody can be blamed for. */
class World {
  readonly log: string;
  live: Content | undefined;
  /** By rotation number, 1 = newest. */
  rotated: (Content | undefined)[] = [];
  next = 0;
  excused = new Set<number>();

  constructor(directory: string) {
    this.log = join(directory, 'app.log');
  }

  write(lines: number, wide: boolean): void {
    this.live ??= { lines: [], part: '' };
    let bytes = '';
    for (let i = 0; i < lines; i++) {
      const number = this.next++;
      this.live.lines.push(number);
      bytes += `${this.live.part === '' || i > 0 ? `line ${number} ` : ' '}${'x'.repeat(wide ? (number * 37) % 300 : 3)}\n`;
    }
    if (this.live.part !== '') {
      // The first line completes what was begun.
      this.live.lines.splice(-lines, 1);
      this.excused.add(this.next - lines);
    }
    this.live.part = '';
    appendFileSync(this.log, bytes);
  }

  /** After a whole line only: a content of less than that is like any other that begins so. */
  writePart(): void {
    if (!this.live || this.live.lines.length === 0 || this.live.part !== '') return;
    const number = this.next++;
    this.live.part = `line ${number}`;
    this.live.lines.push(number);
    appendFileSync(this.log, `line ${number} begun`);
  }

  rotate(): void {
    if (!this.live) return;
    this.shift();
    renameSync(this.log, `${this.log}.1`);
    this.rotated[0] = this.live;
    this.live = undefined;
  }

  copyTruncate(): void {
    if (!this.live) return;
    this.shift();
    copyFileSync(this.log, `${this.log}.1`);
    truncateSync(this.log, 0);
    this.rotated[0] = this.live;
    this.live = { lines: [], part: '' };
  }

  truncate(): void {
    if (!this.live) return;
    this.excuse(this.live);
    truncateSync(this.log, 0);
    this.live = { lines: [], part: '' };
  }

  delete(): void {
    if (!this.live) return;
    this.excuse(this.live);
    rmSync(this.log);
    this.live = undefined;
  }

  deleteRotated(): void {
    const oldest = this.rotated.findLastIndex((content) => content !== undefined);
    if (oldest === -1) return;
    this.excuse(this.rotated[oldest]!);
    this.rotated[oldest] = undefined;
    for (const end of ['', '.gz']) rmSync(`${this.log}.${oldest + 1}${end}`, { force: true });
  }

  /** Half: only the beginning of the compressed file is there yet, beside the plain one. */
  compress(half: boolean): void {
    const index = this.rotated.findIndex((content, i) => content && existsSync(`${this.log}.${i + 1}`));
    if (index === -1) return;
    const plain = `${this.log}.${index + 1}`;
    const bytes = gzipSync(readFileSync(plain));
    writeFileSync(`${plain}.gz`, half ? bytes.subarray(0, bytes.length / 2) : bytes);
    if (!half) rmSync(plain);
  }

  /** Completes what is half-written and writes on, so that everything can be found. */
  tidy(): void {
    this.write(2, false);
    for (let i = 0; i < this.rotated.length; i++) {
      const plain = `${this.log}.${i + 1}`;
      if (existsSync(plain) && existsSync(`${plain}.gz`)) {
        writeFileSync(`${plain}.gz`, gzipSync(readFileSync(plain)));
        rmSync(plain);
      }
    }
  }

  private shift(): void {
    for (let i = this.rotated.length; i >= 1; i--)
      for (const end of ['', '.gz'])
        if (existsSync(`${this.log}.${i}${end}`))
          renameSync(`${this.log}.${i}${end}`, `${this.log}.${i + 1}${end}`);
    this.rotated.unshift(undefined);
  }

  private excuse(content: Content): void {
    for (const number of content.lines) this.excused.add(number);
  }
}

/** Steps after which bytes may be gone for good. */
const DESTROYING: Step['do'][] = ['truncate', 'delete', 'deleteRotated'];

async function run(steps: Step[], pattern: string): Promise<void> {
  const directory = temporaryDirectory();
  try {
    const world = new World(directory.path);
    const tailer = new TailerRun(source(join(directory.path, pattern)), 512);
    world.write(2, false);
    tailer.poll();
    tailer.read();
    tailer.commit();
    for (const step of steps) {
      if (step.do === 'write') world.write(step.lines, step.wide);
      else if (step.do === 'writePart') world.writePart();
      else if (step.do === 'compress') world.compress(step.half);
      else if (step.do === 'pause') tailer.pass(step.seconds);
      else if (step.do === 'poll') tailer.poll();
      else if (step.do === 'prepare') await tailer.tailer.prepare();
      else if (step.do === 'read') tailer.read(step.budget);
      else if (step.do === 'commit') tailer.commit();
      else if (step.do === 'crash') tailer.crash();
      else world[step.do]();
    }
    world.tidy();
    await tailer.drain();
    const lost = tailer.lost();
    // A restart finds everything read.
    tailer.crash();
    const lines = await tailer.drain();
    check(lines, world, directory.path);
    expect(tailer.lost()).toBe(lost);
    const harmless = !steps.some((step) => DESTROYING.includes(step.do));
    if (harmless) expect(lost).toBe(0);
    tailer.tailer.close();
  } finally {
    directory.remove();
  }
}

function check(lines: string[], world: World, directory: string): void {
  const numbers = lines
    .map((line) => Number(/^line (\d+) /.exec(line)?.[1] ?? Number.NaN))
    .filter((n) => !Number.isNaN(n));
  const seen = new Map<number, number>();
  for (const number of numbers) seen.set(number, (seen.get(number) ?? 0) + 1);
  const twice = [...seen].filter(([, count]) => count > 1).map(([number]) => number);
  const present = new Set(numbers);
  const kept = [
    ...(world.live?.lines.slice(0, world.live.part === '' ? undefined : -1) ?? []),
    ...world.rotated.flatMap((content) => content?.lines ?? []),
  ];
  const missing = kept.filter((number) => !present.has(number) && !world.excused.has(number));
  // The files are in both, so that a failure shows them.
  const files = readdirSync(directory).sort();
  expect({ twice, missing, files }).toEqual({ twice: [], missing: [], files });
}

for (const pattern of ['app.log', 'app.log*'])
  test(`whatever happens to the files, no line is counted twice and none that is kept is lost (${pattern}, ${RUNS} sequences)`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => run(steps, pattern)),
      { numRuns: RUNS, endOnFailure: false, interruptAfterTimeLimit: 600_000 },
    );
  }, 900_000);
