import { writeFileSync } from 'node:fs';
import { manifests } from './manifests.ts';

/** `npm run manifests`: writes the Kubernetes manifests that repeat rules and dashboards. */
for (const [file, text] of manifests()) {
  writeFileSync(new URL(`kubernetes/${file}`, import.meta.url), text);
  console.log(`manifests: kubernetes/${file}`);
}
