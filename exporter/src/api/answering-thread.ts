import { parentPort } from 'node:worker_threads';
import { KeyRegistry, registryOf } from '../keys/registry.ts';
import { openStoreForReading } from '../store/sqlite.ts';
import type { Source } from './answer-source.ts';
import { ANSWERS } from './answers.ts';
import type { Answered, ApiSettings, Asked } from './thread-messages.ts';

/** The thread that answers: a long question keeps no scrape waiting, and can be ended. */
const port = parentPort!;
let settings: ApiSettings | undefined;
let registry = new KeyRegistry([]);

port.on('message', async (asked: Asked) => {
  if (asked.settings) {
    settings = asked.settings;
    registry = registryOf(settings);
  }
  port.postMessage({ number: asked.number, ...(await answer(asked)) } satisfies Answered);
});

async function answer({ endpoint, question }: Asked): Promise<Omit<Answered, 'number'>> {
  try {
    const reader = openStoreForReading(settings!.storePath);
    try {
      const source: Source = {
        ...{ reader: reader.daily, registry, recordPath: settings!.recordPath, now: Date.now() / 1000 },
        coverage: settings!.coverage,
      };
      const answerOf = ANSWERS[endpoint] as (source: Source, question: object) => object | Promise<object>;
      return { status: 200, body: JSON.stringify(await answerOf(source, question)), problem: '' };
    } finally {
      reader.close();
    }
  } catch (error) {
    const { name, message, missing } = error as Error & { missing?: boolean };
    if (name === 'QuestionError') return failed(missing ? 404 : 400, message);
    return failed(
      503,
      'the record cannot be read just now; see the log of the exporter',
      `${name}: ${message}`,
    );
  }
}

const failed = (status: number, error: string, problem = '') => ({
  ...{ status, body: JSON.stringify({ error }), problem },
});
