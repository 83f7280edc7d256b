import { setPriority } from 'node:os';
import { type UpkeepOptions, upkeep } from './upkeep.ts';

/** What the process is asked, and what it answers. */
export type UpkeepJob = Omit<UpkeepOptions, 'onSealed' | 'onProblem'>;
export type UpkeepAnswer = { type: 'sealed'; segment: number } | { type: 'problem'; message: string };

const answer = (message: UpkeepAnswer): void => void process.send?.(message);

// Reading and answering come first: the archive has time.
setPriority(19);
// Without the exporter that asked there is nobody to tell; whoever comes next finds every step whole.
process.once('disconnect', () => process.exit(0));
process.once('message', async (job: UpkeepJob) => {
  try {
    await upkeep({
      ...job,
      onSealed: (segment) => answer({ type: 'sealed', segment }),
      onProblem: (message) => answer({ type: 'problem', message }),
    });
  } catch (error) {
    answer({ type: 'problem', message: `archive: ${error instanceof Error ? error.message : error}` });
  }
  process.disconnect?.();
});
