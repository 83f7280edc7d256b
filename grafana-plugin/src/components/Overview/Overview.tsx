import { css } from '@emotion/css';
import type { FieldConfigSource, GrafanaTheme2, InterpolateFunction, TimeZone } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, useStyles2, useTheme2 } from '@grafana/ui';
import React, { useMemo, useState } from 'react';
import type { KeyList } from '../../keys/key-list.ts';
import type { PanelOptions } from '../../options/options.ts';
import { isStacked, type Sorting, sortingAfterClick, sortKeys } from '../../overview/columns.ts';
import { csvOf } from '../../overview/csv.ts';
import { applyFieldConfig } from '../../overview/field-config.ts';
import {
  countStates,
  type Filters,
  inStates,
  matchingExceptState,
  NO_FILTERS,
} from '../../overview/filters.ts';
import { FilterBar } from '../FilterBar/FilterBar.tsx';
import { KeyGrid } from '../KeyGrid/KeyGrid.tsx';
import { Message } from '../Message/Message.tsx';
import { StateCounts } from '../StateCounts/StateCounts.tsx';

interface Props {
  list: KeyList;
  options: PanelOptions;
  fieldConfig: FieldConfigSource;
  replaceVariables: InterpolateFunction;
  timeZone: TimeZone;
  width: number;
  height: number;
}

/** Minimum panel heights for filters and counts, pixels. Lower panels show more keys instead. */
const MIN_HEIGHT_FOR_FILTERS = 220;
const MIN_HEIGHT_FOR_COUNTS = 150;

/** All keys: counts by state, search and filters, and the grid. */
export function Overview({ list, options, fieldConfig, replaceVariables, timeZone, width, height }: Props) {
  const styles = useStyles2(getStyles);
  const theme = useTheme2();
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const [clicked, setClicked] = useState<Sorting>();
  const sorting = useMemo(
    () => clicked ?? { column: options.sortBy, reversed: false },
    [clicked, options.sortBy],
  );

  const fitting = useMemo(() => matchingExceptState(list.keys, filters), [list, filters]);
  const sorted = useMemo(
    () => sortKeys(inStates(fitting, filters.states), sorting),
    [fitting, filters.states, sorting],
  );
  const appliedFieldConfig = useMemo(
    () => applyFieldConfig(list.keys, { fieldConfig, theme, timeZone, replaceVariables }),
    [list, fieldConfig, theme, timeZone, replaceVariables],
  );
  return (
    <div className={styles.overview}>
      {options.showCounts && height >= MIN_HEIGHT_FOR_COUNTS && (
        <StateCounts
          counts={countStates(fitting, filters.states)}
          total={fitting.length}
          chosen={filters.states}
          onChoose={(states) => setFilters({ ...filters, states })}
        />
      )}
      {options.showFilters && height >= MIN_HEIGHT_FOR_FILTERS && (
        <FilterBar
          keys={list.keys}
          filters={filters}
          onChange={setFilters}
          isNarrow={isStacked(width)}
          getCsv={() => csvOf(sorted)}
        />
      )}
      <p className={styles.hidden} role="status">
        {t('overview.shown', '{{shown}} of {{all}} keys shown', {
          shown: sorted.length,
          all: list.keys.length,
        })}
      </p>
      {sorted.length === 0 ? (
        <Message title={t('overview.no-match', 'No key matches the search and the filters.')}>
          <Button variant="secondary" size="sm" onClick={() => setFilters(NO_FILTERS)}>
            {t('overview.show-all', 'Show all keys')}
          </Button>
        </Message>
      ) : (
        <KeyGrid
          keys={sorted}
          columns={options.columns}
          sorting={sorting}
          onSort={(column) => setClicked(sortingAfterClick(sorting, column))}
          fieldConfig={appliedFieldConfig}
          now={list.now}
          timeZone={timeZone}
          width={width}
          height={height}
        />
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  overview: css({ flex: 1, minHeight: 0, display: 'flex', flexDirection: 'column', gap: theme.spacing(1) }),
  hidden: css({
    position: 'absolute',
    width: 1,
    height: 1,
    margin: 0,
    overflow: 'hidden',
    clipPath: 'inset(50%)',
  }),
});
