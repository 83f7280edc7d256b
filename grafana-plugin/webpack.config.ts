import type { Configuration } from 'webpack';
import scaffolded, { type Env } from './.config/webpack/webpack.config.ts';

/**
 * create-plugin's configuration, plus: sources of the exporter's pure key rules, which lie beside this folder
 * and name their imports with `.ts`.
 */
const config = async (env: Env): Promise<Configuration> => {
  const base = await scaffolded(env);
  forBrowsersOfToday(base);
  // Pictures of the README are no weight of the plugin: only its own page loads them.
  return {
    ...base,
    performance: { hints: false },
    resolve: { ...base.resolve, extensionAlias: { '.js': ['.js', '.ts'] } },
  };
};

/**
 * The scaffold writes for browsers of 2015, in which each `{ ...object }` is a slow function; those that Grafana 12
 * supports have all of ES2022, and a list of 2,000 keys is made of such objects.
 */
function forBrowsersOfToday({ module }: Configuration): void {
  for (const rule of module?.rules ?? []) if (isSwc(rule)) rule.use.options.jsc.target = 'es2022';
}

const isSwc = (rule: unknown): rule is { use: { options: { jsc: { target: string } } } } =>
  (rule as { use?: { loader?: string } } | undefined)?.use?.loader === 'swc-loader';

export default config;
