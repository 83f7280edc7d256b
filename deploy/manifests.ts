import { readdirSync, readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

const WRITTEN = '# Written by `npm run manifests` from what its parts repeat; change those.\n';
const LABELS = { 'app.kubernetes.io/name': 'atender-exporter' };

/** The manifests that repeat rules and dashboards, by file name under deploy/kubernetes. */
export const manifests = (): [file: string, text: string][] => [
  ['rules.yaml', prometheusRules()],
  ['dashboards.yaml', dashboards()],
];

/** Every rule file as a PrometheusRule of its own. */
function prometheusRules(): string {
  const documents = filesIn('../alerting/rules/', '.yml').map(([file, text]) => ({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: `atender-${file.replace('.yml', '')}`, labels: LABELS },
    // Merge keys are not part of Kubernetes' YAML.
    spec: parse(text, { merge: true }) as object,
  }));
  return yamlOf(documents);
}

/** A ConfigMap a dashboard, as the sidecar of Grafana's chart looks for them; one of all would be too large. */
function dashboards(): string {
  const files = [
    ...filesIn('../dashboards/json/', '.json'),
    ...filesIn('../dashboards/json/record/', '.json'),
  ];
  const documents = files.map(([file, text]) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      // Not the name of what it is about: the exporter's own configuration is called so.
      name: `dashboard-${file.replace('.json', '')}`,
      labels: { ...LABELS, grafana_dashboard: '1' },
      annotations: { grafana_folder: 'Atender API keys' },
    },
    data: { [file]: text },
  }));
  return yamlOf(documents);
}

function filesIn(folder: string, ending: string): [file: string, text: string][] {
  const url = new URL(folder, import.meta.url);
  const files = readdirSync(url).filter((file) => file.endsWith(ending));
  return files.sort().map((file) => [file, readFileSync(new URL(file, url), 'utf8')]);
}

const yamlOf = (documents: object[]): string =>
  WRITTEN +
  documents.map((one) => stringify(one, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
