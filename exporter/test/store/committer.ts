/** A process that commits step after step and says each one that returned; the test kills it. */
import { openStore } from '../../src/store/sqlite.ts';
import { commitOf } from './commits.ts';

const store = openStore(process.argv[2]);
let step = store.load().changes.values.value[0] ?? 0;
for (;;) {
  step++;
  store.commit(commitOf(step), true);
  process.stdout.write(`${step}\n`);
}
