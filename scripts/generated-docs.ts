import { readFileSync } from 'node:fs';
import { configJsonSchema, optionsTable } from '../exporter/src/config/schema.ts';
import { keysJsonSchema } from '../exporter/src/keys/schema.ts';
import { metricsTable } from '../exporter/src/metrics/families.ts';
import { SECRETS } from '../exporter/src/parse/secrets.ts';

/** Every committed file that is generated in whole or in part from the sources, as it has to be: path → text. */
export function generated(): Record<string, string> {
  const doc = (name: string) => readFileSync(new URL(`../docs/${name}.md`, import.meta.url), 'utf8');
  return {
    'docs/log-formats.md': between(doc('log-formats'), 'secrets', secretsTable()),
    'docs/configuration.md': between(doc('configuration'), 'options', optionsTable()),
    'docs/metrics.md': between(doc('metrics'), 'metrics', metricsTable()),
    'exporter/schema/config.schema.json': json(configJsonSchema),
    'exporter/schema/keys.schema.json': json(keysJsonSchema),
  };
}

function secretsTable(): string {
  const rows = SECRETS.map(({ owner, prefixes, least }) => {
    const shown = prefixes.map((prefix) => `\`${prefix}\``).join(' ');
    return `| ${owner} | ${shown} | ${least} |`;
  });
  return ['| tokens of | begin with | bytes behind it, at least |', '| --- | --- | --- |', ...rows].join(
    '\n',
  );
}

/** The text with what stands between `<!-- name:begin -->` and `<!-- name:end -->` replaced. */
export function between(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`there is no ${begin} … ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

const json = (schema: object): string => `${JSON.stringify(schema, undefined, 2)}\n`;
