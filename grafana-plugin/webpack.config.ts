import type { Configuration } from 'webpack';
import scaffolded, { type Env } from './.config/webpack/webpack.config.ts';

/**
 * The configuration of create-plugin. It also compiles the rooms of the exporter that the panel imports. They are outside
 * this folder and import with `.ts`.
 */
const config = async (env: Env): Promise<Configuration> => {
  const base = await scaffolded(env);
  forBrowsersOfToday(base);
  // Screenshots do not count for the size limit, because only the page of the plugin loads them.
  return {
    ...base,
    performance: { hints: false },
    resolve: { ...base.resolve, extensionAlias: { '.js': ['.js', '.ts'] } },
  };
};

/**
 * Targets ES2022, which all browsers of Grafana 12 support. The default target compiles `{ ...object }` to a slow helper,
 * and a list of 2,000 keys uses many of them.
 */
function forBrowsersOfToday({ module }: Configuration): void {
  for (const rule of module?.rules ?? []) if (isSwc(rule)) rule.use.options.jsc.target = 'es2022';
}

const isSwc = (rule: unknown): rule is { use: { options: { jsc: { target: string } } } } =>
  (rule as { use?: { loader?: string } } | undefined)?.use?.loader === 'swc-loader';

export default config;
