import { FieldConfigProperty, PanelPlugin } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { KeyUsagePanel } from './components/KeyUsagePanel/KeyUsagePanel.tsx';
import { migrateOptions } from './options/migrations.ts';
import type { PanelOptions } from './options/options.ts';
import { buildOptions } from './options/panel-options.ts';
import { suggestionsFor } from './options/suggestions.ts';
import { usageLink } from './overview/field-config.ts';
import pluginJson from './plugin.json';

await initPluginTranslations(pluginJson.id);

export const plugin = new PanelPlugin<PanelOptions>(KeyUsagePanel)
  .setPanelOptions(buildOptions)
  .useFieldConfig({
    disableStandardOptions: [
      FieldConfigProperty.NoValue,
      FieldConfigProperty.DisplayName,
      FieldConfigProperty.Filterable,
      FieldConfigProperty.FieldMinMax,
      FieldConfigProperty.Min,
      FieldConfigProperty.Max,
    ],
    standardOptions: {
      [FieldConfigProperty.Links]: { defaultValue: [usageLink()] },
      // The checks use thresholds per key. These thresholds colour numbers only if a user sets them.
      [FieldConfigProperty.Thresholds]: {
        defaultValue: { mode: 'absolute', steps: [{ value: Number.NEGATIVE_INFINITY, color: 'text' }] },
      },
    },
  })
  .setMigrationHandler(migrateOptions)
  .setSuggestionsSupplier(suggestionsFor);
