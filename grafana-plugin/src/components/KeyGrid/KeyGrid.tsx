import { css } from '@emotion/css';
import type { GrafanaTheme2, TimeZone } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React, { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { ListedKey } from '../../keys/key-list.ts';
import { COLUMNS, type ColumnName, columnsThatFit, isStacked, type Sorting } from '../../overview/columns.ts';
import type { AppliedFieldConfig } from '../../overview/field-config.ts';
import { GridHeader } from './GridHeader.tsx';
import { KeyRow, ROW_HEIGHT } from './KeyRow.tsx';
import { useVisibleRows } from './useVisibleRows.ts';

export const HEADER_HEIGHT = 32;

interface Props {
  keys: readonly ListedKey[];
  columns: readonly ColumnName[];
  sorting: Sorting;
  onSort: (column: ColumnName) => void;
  fieldConfig: AppliedFieldConfig;
  now: number;
  timeZone: TimeZone;
  width: number;
  height: number;
}

/** A grid that draws only visible rows. Arrow keys move between keys, Enter opens a key. */
export function KeyGrid(props: Props) {
  const { keys, columns, sorting, onSort, fieldConfig, now, timeZone, width, height } = props;
  const styles = useStyles2(getStyles);
  const box = useRef<HTMLDivElement>(null);
  // Holds the key, because a refresh may move it to another row.
  const [active, setActive] = useState<{ handle: string; row: number }>();
  const followFocus = useRef(false);
  const { first, end, onScroll } = useVisibleRows(box, keys.length, ROW_HEIGHT, height);
  // Stable for all rows, so that scrolling renders only new rows.
  const shown = useMemo(() => columnsThatFit(columns, width), [columns, width]);
  const stacked = isStacked(width);
  const template = stacked ? 'max-content max-content' : gridTemplate(shown);
  const layout = useMemo(
    () =>
      css(
        stacked ? STACKED : { gridTemplateColumns: template, gridTemplateRows: '100%', alignItems: 'center' },
      ),
    [stacked, template],
  );
  const found = active === undefined ? 0 : keys.findIndex(({ handle }) => handle === active.handle);
  const current = found >= 0 ? found : Math.min(active?.row ?? 0, keys.length - 1);
  const activate = useCallback((row: number) => setActive({ handle: keys[row]?.handle ?? '', row }), [keys]);
  const sort = useCallback(
    (column: ColumnName) => {
      setActive(undefined);
      onSort(column);
    },
    [onSort],
  );

  useEffect(() => {
    if (!followFocus.current) return;
    followFocus.current = false;
    box.current?.querySelector<HTMLElement>(`[data-row="${current}"]`)?.focus({ preventScroll: true });
  });

  const moveTo = (row: number) => {
    const target = Math.max(0, Math.min(keys.length - 1, row));
    followFocus.current = true;
    activate(target);
    if (box.current) reveal(box.current, target);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? height) / ROW_HEIGHT) - 2);
    const targets: Record<string, number> = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: keys.length - 1,
    };
    const target = targets[event.key];
    if (target === undefined) return;
    event.preventDefault();
    moveTo(target);
  };

  // The focused row stays drawn when it is scrolled out of view.
  const rows = range(first, end);
  const isDetached = (row: number) => row < first || row >= end;
  if (current >= 0 && isDetached(current)) rows.push(current);
  return (
    <div
      ref={box}
      className={styles.box}
      role="grid"
      aria-label={t('key-grid.label', 'API keys')}
      aria-rowcount={keys.length + 1}
      aria-colcount={shown.length}
      onScroll={onScroll}
    >
      <GridHeader columns={shown} template={template} sorting={sorting} onSort={sort} />
      {/* A table element cannot leave out rows that are not visible. */}
      <div
        role="rowgroup"
        className={styles.rows}
        style={{ height: keys.length * ROW_HEIGHT, paddingTop: first * ROW_HEIGHT }}
        onKeyDown={onKeyDown}
      >
        {rows.map((row) => {
          const key = keys[row];
          if (key === undefined) return null;
          return (
            <KeyRow
              key={key.handle}
              shown={key}
              row={row}
              isDetached={isDetached(row)}
              columns={shown}
              layout={layout}
              isActive={row === current}
              onActivate={activate}
              fieldConfig={fieldConfig}
              now={now}
              timeZone={timeZone}
            />
          );
        })}
      </div>
    </div>
  );
}

const gridTemplate = (columns: readonly ColumnName[]): string =>
  columns
    .map((name) => COLUMNS[name])
    .map(({ minWidth, growth }) => (growth > 0 ? `minmax(${minWidth}px, ${growth}fr)` : `${minWidth}px`))
    .join(' ');

/** The state with one line of its reason, above the name of the key. */
const STACKED = {
  gridTemplateColumns: 'minmax(0, 1fr)',
  gridTemplateRows: '34px 21px',
  '& > :first-child > div': { WebkitLineClamp: 1 },
} as const;

/** Scrolls the minimum distance that makes the row visible below the header. */
function reveal(box: HTMLElement, row: number): void {
  const top = row * ROW_HEIGHT;
  const lower = top + ROW_HEIGHT + HEADER_HEIGHT - box.clientHeight;
  if (box.scrollTop > top) box.scrollTop = top;
  else if (box.scrollTop < lower) box.scrollTop = lower;
}

const range = (first: number, end: number): number[] =>
  Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);

const getStyles = (theme: GrafanaTheme2) => ({
  box: css({
    flex: 1,
    minHeight: 0,
    overflow: 'auto',
    // Rows have fixed positions, so the browser need not measure content outside.
    contain: 'strict',
    borderTop: `1px solid ${theme.colors.border.weak}`,
  }),
  rows: css({ position: 'relative', boxSizing: 'border-box' }),
});
