import type { Configuration } from 'webpack';
import scaffolded, { type Env } from './.config/webpack/webpack.config.ts';

/**
 * create-plugin's configuration, plus: sources of the exporter's pure key rules, which lie beside this folder
 * and name their imports with `.ts`.
 */
const config = async (env: Env): Promise<Configuration> => {
  const base = await scaffolded(env);
  // Pictures of the README are no weight of the plugin: only its own page loads them.
  return {
    ...base,
    performance: { hints: false },
    resolve: { ...base.resolve, extensionAlias: { '.js': ['.js', '.ts'] } },
  };
};

export default config;
