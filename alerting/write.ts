import { writeFileSync } from 'node:fs';
import { ruleFiles } from './src/rule-files.ts';
import { yamlOf } from './src/yaml.ts';

/** `npm run rules`: writes alerting/rules from alerting/src, one file a concern. */
for (const rules of ruleFiles()) {
  const text = yamlOf(rules);
  writeFileSync(new URL(`rules/${rules.file}`, import.meta.url), text);
  console.log(`rules: rules/${rules.file}, ${text.split('\n').length} lines`);
}
