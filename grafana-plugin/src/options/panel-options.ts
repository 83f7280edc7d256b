import type { PanelOptionsEditorBuilder, SelectableValue } from '@grafana/data';
import { t } from '@grafana/i18n';
import { COLUMN_TITLES } from '../components/KeyGrid/column-titles.ts';
import { COLUMN_NAMES, COLUMNS } from '../overview/columns.ts';
import type { PanelOptions } from './options.ts';
import { RolesEditor } from './RolesEditor/RolesEditor.tsx';

/** Defines the options of the panel editor and their defaults. */
export function buildOptions(builder: PanelOptionsEditorBuilder<PanelOptions>): void {
  const overview = [t('options.overview', 'Overview')];
  const card = [t('options.card', 'Key')];
  const ofOverview = ({ view }: PanelOptions) => view === 'overview';
  const ofCard = ({ view }: PanelOptions) => view === 'key';
  const columns = COLUMN_NAMES.map((value) => ({ value, label: COLUMN_TITLES[value].title() }));
  builder
    .addRadio({
      path: 'view',
      name: t('options.view', 'View'),
      description: t('options.view-about', 'All keys as a grid, or one key as a card'),
      defaultValue: 'overview',
      settings: {
        options: [
          { value: 'overview', label: t('options.overview', 'Overview') },
          { value: 'key', label: t('options.card', 'Key') },
        ],
      },
    })
    .addMultiSelect({
      path: 'columns',
      name: t('options.columns', 'Columns'),
      description: t(
        'options.columns-about',
        'Columns are hidden if the panel is too narrow. State and key are always shown.',
      ),
      category: overview,
      defaultValue: [...COLUMN_NAMES],
      settings: {
        options: columns.filter(({ value }) => COLUMNS[value].dropPriority > 0) as SelectableValue[],
      },
      showIf: ofOverview,
    })
    .addSelect({
      path: 'sortBy',
      name: t('options.sort-by', 'Sort by'),
      category: overview,
      defaultValue: 'state',
      settings: { options: columns },
      showIf: ofOverview,
    })
    .addBooleanSwitch({
      path: 'showCounts',
      name: t('options.show-counts', 'Counts per state'),
      category: overview,
      defaultValue: true,
      showIf: ofOverview,
    })
    .addBooleanSwitch({
      path: 'showFilters',
      name: t('options.show-filters', 'Search and filters'),
      category: overview,
      defaultValue: true,
      showIf: ofOverview,
    })
    .addTextInput({
      path: 'key',
      name: t('options.key', 'Key id'),
      description: t(
        'options.key-about',
        'Variable or id. Empty: the key in the data, or the worst if there are several.',
      ),
      category: card,
      // Grafana replaces the dashboard variable.
      defaultValue: '$key',
      showIf: ofCard,
    })
    .addTextInput({
      path: 'tenant',
      name: t('options.tenant', 'Tenant id'),
      description: t('options.tenant-about', 'Used if several tenants have a key with this id'),
      category: card,
      defaultValue: '$tenant',
      showIf: ofCard,
    })
    .addCustomEditor({
      id: 'roles',
      path: 'roles',
      name: t('options.roles', 'RefIds of the queries'),
      description: t(
        'options.roles-about',
        'The refId of a query is its role. Enter the refId here if it differs.',
      ),
      category: [t('options.queries', 'Queries')],
      defaultValue: {},
      editor: RolesEditor,
    });
}
