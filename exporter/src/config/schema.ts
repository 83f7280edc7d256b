import * as z from 'zod';
import { configSchema, OPTIONS } from './options.ts';

/** JSON schema of the configuration file, for editors. */
export const configJsonSchema = {
  ...z.toJSONSchema(configSchema, { io: 'input' }),
  title: 'Configuration of the Atender exporter',
};

/** Every option as a Markdown table. */
export function optionsTable(): string {
  const rows = OPTIONS.map(({ path, flag, variable, doc, kind, preset }) => {
    const shown = typeof preset === 'object' || preset === '' ? '' : `\`${preset}\``;
    const where = kind === 'structure' ? `\`${path}\` (YAML)` : `\`${path}\``;
    return `| ${where} | \`${flag}\` | \`${variable}\` | ${shown} | ${doc.replaceAll('|', '\\|')} |`;
  });
  return [
    '| in the file | flag | environment | default | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
