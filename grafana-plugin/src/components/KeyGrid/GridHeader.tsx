import { css, cx } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React, { memo } from 'react';
import { COLUMNS, type ColumnName, type Sorting } from '../../overview/columns.ts';
import { COLUMN_TITLES } from './column-titles.ts';

interface Props {
  columns: readonly ColumnName[];
  template: string;
  sorting: Sorting;
  onSort: (column: ColumnName) => void;
}

/** Column titles. A click sorts by the column, a second click reverses the order. */
export const GridHeader = memo(function GridHeader({ columns, template, sorting, onSort }: Props) {
  const styles = useStyles2(getStyles);
  return (
    <div role="rowgroup" className={styles.header}>
      <div role="row" aria-rowindex={1} className={styles.row} style={{ gridTemplateColumns: template }}>
        {columns.map((column) => {
          const { title, about } = COLUMN_TITLES[column];
          const isSorted = sorting.column === column;
          return (
            <div
              key={column}
              role="columnheader"
              aria-sort={isSorted ? (isAscending(sorting) ? 'ascending' : 'descending') : 'none'}
              className={cx(styles.cell, COLUMNS[column].align === 'end' && styles.end)}
            >
              <button
                type="button"
                className={cx(styles.button, isSorted && styles.sorted)}
                title={about()}
                onClick={() => onSort(column)}
              >
                {title()}
                <span aria-hidden="true" className={styles.arrow}>
                  {isSorted ? (isAscending(sorting) ? '↑' : '↓') : ''}
                </span>
              </button>
            </div>
          );
        })}
      </div>
    </div>
  );
});

const WORDS: readonly ColumnName[] = ['key', 'environment', 'tier', 'owner'];
/** On the first click, texts sort from A to Z, numbers from the highest, states from the worst. */
const isAscending = ({ column, reversed }: Sorting): boolean => WORDS.includes(column) !== reversed;

const getStyles = (theme: GrafanaTheme2) => ({
  header: css({ position: 'sticky', top: 0, zIndex: 1, background: theme.colors.background.primary }),
  row: css({
    display: 'grid',
    columnGap: 12,
    padding: '0 12px',
    height: 32,
    alignItems: 'center',
    borderBottom: `1px solid ${theme.colors.border.medium}`,
  }),
  cell: css({ minWidth: 0, display: 'flex' }),
  end: css({ justifyContent: 'flex-end' }),
  button: css({
    display: 'inline-flex',
    gap: theme.spacing(0.5),
    padding: 0,
    border: 0,
    minWidth: 0,
    background: 'none',
    color: theme.colors.text.secondary,
    fontSize: theme.typography.bodySmall.fontSize,
    fontWeight: theme.typography.fontWeightMedium,
    whiteSpace: 'nowrap',
    '&:hover': { color: theme.colors.text.primary },
    '&:focus-visible': { outline: `2px solid ${theme.colors.primary.border}`, outlineOffset: 2 },
  }),
  sorted: css({ color: theme.colors.text.primary }),
  arrow: css({ color: theme.colors.text.link }),
});
