import { measureMicro } from './harness/micro.ts';
import { number } from './harness/options.ts';
import { runSuite } from './harness/suite.ts';
import { account, commit } from './micro/account.ts';
import { ahead } from './micro/ahead.ts';
import { exposition } from './micro/exposition.ts';
import { parse } from './micro/parse.ts';

await runSuite({
  script: 'bench:micro',
  about: 'The inner loops: parsing a line, accounting it, publishing the changes, rendering.',
  options: {
    time: number(1_000, 20, 'milliseconds for which each task is measured in a round'),
    lines: number(100_000, 2_000, 'lines of the logs that parse and ahead read'),
    keys: number(200, 20, 'keys of account and commit'),
    endpoints: number(10, 10, 'endpoints of account and commit'),
    ips: number(20, 20, 'IP addresses per key of account and commit'),
    series: number(100_000, 2_000, 'counter series of exposition'),
  },
  rounds: 5,
  benchmarks: {
    parse: (run) => measureMicro(run, 'parse', parse(run.options.lines), run.options.time),
    account: (run) => measureMicro(run, 'account', account(run.options), run.options.time),
    commit: (run) => measureMicro(run, 'commit', commit(run.options), run.options.time),
    exposition: (run) => measureMicro(run, 'exposition', exposition(run.options.series), run.options.time),
    ahead: async (run) => {
      const { micro, close } = ahead(run.inputs, run.options.lines);
      await measureMicro(run, 'ahead', micro, run.options.time);
      await close();
    },
  },
});
