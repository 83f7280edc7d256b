import { anomalyRules } from './anomalies.ts';
import { keyHealthRules } from './key-health.ts';
import { keyLifecycleRules } from './key-lifecycle.ts';
import { keySecurityRules } from './key-security.ts';
import { pipelineRules } from './pipeline.ts';
import type { RuleFile } from './rule.ts';
import { usageRules } from './usage.ts';

/** Every file of alerting/rules. */
export const ruleFiles = (): RuleFile[] => [
  pipelineRules,
  usageRules,
  keyHealthRules,
  keySecurityRules,
  keyLifecycleRules,
  anomalyRules,
];
