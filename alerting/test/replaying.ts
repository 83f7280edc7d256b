import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PastExporter } from '../../exporter/src/backfill/past-exporter.ts';
import { requestsInOrder } from '../../exporter/src/backfill/requests-in-order.ts';
import { run } from './pack.ts';
import type { ReplayOptions } from './replay.ts';

const BLOCK_SECONDS = 7200;

process.once('message', async (options: ReplayOptions) => {
  await replay(options);
  process.disconnect();
});

async function replay({
  log,
  settings,
  from,
  to,
  step,
  data,
  instance,
  metrics,
}: ReplayOptions): Promise<void> {
  const labels = { instance, job: 'atender-exporter' };
  const exporter = new PastExporter({ settings, labels, others: (now) => pipelineAt(now + step) }, from);
  let block = new Block(data, from);
  for await (const record of requestsInOrder([log], settings.sources[0]!.format)) {
    const at = record.timestampMs / 1000;
    for (; at > exporter.now && exporter.now <= to; exporter.now += step) {
      const { now } = exporter;
      const samples = await exporter.samples();
      block.add(metrics ? only(metrics, samples) : samples);
      if (Math.floor(now / BLOCK_SECONDS) === Math.floor((now + step) / BLOCK_SECONDS)) continue;
      block.write();
      block = new Block(data, now);
    }
    exporter.account(record);
  }
  block.write();
}

/** The samples of these metrics; each has labels. */
const only = (metrics: Set<string>, samples: string): string =>
  samples
    .split('\n')
    .filter((sample) => metrics.has(sample.slice(0, sample.indexOf('{'))))
    .map((sample) => `${sample}\n`)
    .join('');

/** A pipeline in good order until the next scrape, whenever before it rules are evaluated: promtool picks the second. */
const pipelineAt = (until: number): string =>
  [
    `up 1`,
    `atender_exporter_ready 1`,
    `atender_exporter_behind_seconds{source="demo"} 0`,
    `atender_exporter_last_look_timestamp_seconds{source="demo"} ${until}`,
    `atender_exporter_last_event_timestamp_seconds{source="demo"} ${until}`,
    `atender_exporter_commit_failing 0`,
    '',
  ].join('\n');

/** Two hours of scrapes, one block of Prometheus. */
class Block {
  private readonly data: string;
  private readonly name: string;
  private samples = '';

  constructor(data: string, from: number) {
    this.data = data;
    this.name = String(from);
  }

  add(samples: string): void {
    this.samples += samples;
  }

  write(): void {
    if (this.samples === '') return;
    const file = join(this.data, '..', `${this.name}.openmetrics`);
    writeFileSync(file, `${this.samples}# EOF\n`);
    const { status, output } = run('promtool', [
      ...['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', file, this.data],
    ]);
    if (status !== 0) throw new Error(output);
  }
}
