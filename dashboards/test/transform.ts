import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as GrafanaData from '@grafana/data';
import type * as Rxjs from 'rxjs';

/**
 * Applies the transformations of Grafana. Reads lists of `transformations` and `frames` as JSON from standard input, and
 * writes the columns of each result. Runs in its own process, because jest cannot load @grafana/data beside ES modules.
 */
const require = createRequire(import.meta.url);
const { standardTransformers, toDataFrame } = require('@grafana/data') as typeof GrafanaData;
const { firstValueFrom, of } = require('rxjs') as typeof Rxjs;

const transformers = new Map(Object.values(standardTransformers).map((one) => [one.id as string, one]));
const context = { interpolate: (text: string) => text };

const asked = JSON.parse(readFileSync(0, 'utf8')) as {
  transformations: GrafanaData.DataTransformerConfig[];
  frames: GrafanaData.DataFrameDTO[];
}[];
const columns: [title: string, values: unknown[]][][] = [];
for (const { transformations, frames } of asked) {
  let made = frames.map((frame) => toDataFrame(frame));
  for (const { id, options } of transformations) {
    const { operator, defaultOptions } = transformers.get(id)!;
    made = await firstValueFrom(operator({ ...defaultOptions, ...options }, context)(of(made)));
  }
  columns.push(
    made.flatMap(({ fields }) =>
      fields.map(({ name, config, values }) => [config.displayName ?? name, values] as const),
    ) as never,
  );
}
process.stdout.write(JSON.stringify(columns));
