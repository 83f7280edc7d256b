import { idle } from './end-to-end/idle.ts';
import { memory } from './end-to-end/memory.ts';
import { OPTIONS } from './end-to-end/options.ts';
import { growth, once, serve } from './end-to-end/reading.ts';
import { exposition } from './end-to-end/rendering.ts';
import { load } from './end-to-end/start.ts';
import { steady } from './end-to-end/steady.ts';
import { runSuite } from './harness/suite.ts';

await runSuite({
  script: 'bench',
  about:
    'The exporter as a user runs it: reading, catching up, rendering, memory, idle and steady load, start.',
  options: OPTIONS,
  programs: { once: ['mtail', 'goaccess'], serve: ['mtail'] },
  benchmarks: { once, serve, exposition, memory, idle, steady, load, growth },
});
