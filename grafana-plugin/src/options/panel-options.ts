import type { PanelOptionsEditorBuilder, SelectableValue } from '@grafana/data';
import { t } from '@grafana/i18n';
import { COLUMN_TITLES } from '../components/KeyGrid/column-titles.ts';
import { COLUMN_NAMES, COLUMNS } from '../overview/columns.ts';
import type { PanelOptions } from './options.ts';
import { RolesEditor } from './RolesEditor/RolesEditor.tsx';

/** The options as the panel editor shows them, with their defaults. */
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
        'Shown as far as the panel is wide enough; state and key always are',
      ),
      category: overview,
      defaultValue: [...COLUMN_NAMES],
      settings: { options: columns.filter(({ value }) => COLUMNS[value].givesWay > 0) as SelectableValue[] },
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
        'A variable or an id; empty: the key of the data, or the worst of several',
      ),
      category: card,
      // Grafana replaces the dashboard's variable of this name.
      defaultValue: '$key',
      showIf: ofCard,
    })
    .addTextInput({
      path: 'tenant',
      name: t('options.tenant', 'Tenant id'),
      description: t('options.tenant-about', 'Decides when several tenants have a key of that id'),
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
        'Each query is for what its refId names; say here where the names differ',
      ),
      category: [t('options.queries', 'Queries')],
      defaultValue: {},
      editor: RolesEditor,
    });
}
