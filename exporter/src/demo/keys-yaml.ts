import { stringify } from 'yaml';
import { CONSUMERS } from './consumers.ts';
import type { Scenario } from './scenario.ts';

/** The keys file that belongs to the scenario, as text. */
export function keysYaml(scenario: Scenario): string {
  const keys = CONSUMERS.map(({ id, tenant, entry, times, shows }) => ({
    id,
    tenantId: tenant,
    ...entry,
    description: `Demonstration of the state ${shows}`,
    ...Object.fromEntries(
      Object.entries(times).map(([field, passed]) => [
        field,
        new Date(scenario.start + passed).toISOString(),
      ]),
    ),
  }));
  return `# DEMONSTRATION: invented keys, written by \`atender-exporter demo\`. No real traffic is behind them.\n${stringify({ keys })}`;
}
