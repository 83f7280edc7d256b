import { css } from '@emotion/css';
import type { GrafanaTheme2, TimeZone } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React, { type KeyboardEvent, type MouseEvent, memo, useRef } from 'react';
import type { ListedKey } from '../../keys/key-list.ts';
import type { ColumnName } from '../../overview/columns.ts';
import type { AppliedFieldConfig } from '../../overview/field-config.ts';
import { CELLS, getCellStyles } from './cells.tsx';

/** Pixels. Fits the state and two lines of its reason. */
export const ROW_HEIGHT = 56;
/** The button of a mouse that opens a link in a new tab. */
const MIDDLE = 1;

interface Props {
  shown: ListedKey;
  row: number;
  /** The row has the focus but is out of view. It is positioned outside the flow of the other rows. */
  isDetached: boolean;
  columns: readonly ColumnName[];
  /** CSS class of the layout. Cell heights are fixed, so the browser need not measure them. */
  layout: string;
  isActive: boolean;
  onActivate: (row: number) => void;
  fieldConfig: AppliedFieldConfig;
  now: number;
  timeZone: TimeZone;
}

/** One key. A click on the row, or Enter, acts like a click on the name. Ctrl or the middle button opens a new tab. */
export const KeyRow = memo(function KeyRow(props: Props) {
  const { shown, row, isDetached, columns, layout, isActive, onActivate, fieldConfig, now, timeZone } = props;
  const styles = useStyles2(getStyles);
  const cells = { shown, fieldConfig, now, timeZone, styles: useStyles2(getCellStyles) };
  const element = useRef<HTMLDivElement>(null);
  const open = () => element.current?.querySelector<HTMLElement>('[data-opens]')?.click();
  const openTab = () => {
    const link = element.current?.querySelector<HTMLAnchorElement>('a[data-opens]');
    if (link) window.open(link.href, '_blank', 'noreferrer');
    else open();
  };
  const isOwn = (event: MouseEvent) => !(event.target as Element).closest('a, button');
  const onClick = (event: MouseEvent) => {
    const isSelecting = (window.getSelection()?.toString() ?? '') !== '';
    if (!isOwn(event) || isSelecting) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) openTab();
    else open();
  };
  const onAuxClick = (event: MouseEvent) => {
    if (event.button === MIDDLE && isOwn(event)) openTab();
  };
  const onMouseDown = (event: MouseEvent) => {
    // Prevents autoscroll of the browser.
    if (event.button === MIDDLE && isOwn(event)) event.preventDefault();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && event.target === element.current) open();
  };
  return (
    <div
      ref={element}
      role="row"
      aria-rowindex={row + 2}
      data-row={row}
      tabIndex={isActive ? 0 : -1}
      className={`${shown.staleFor > 0 ? styles.stale : styles.row} ${layout}`}
      // Only this row has an inline style: browsers recompute the styles of all elements in such a row.
      style={isDetached ? { position: 'absolute', insetInline: 0, top: row * ROW_HEIGHT } : undefined}
      title={shown.staleFor > 0 ? t('key-row.stale', 'no current samples') : undefined}
      onClick={onClick}
      onAuxClick={onAuxClick}
      onMouseDown={onMouseDown}
      onKeyDown={onKeyDown}
      onFocus={() => onActivate(row)}
    >
      {columns.map((column) => (
        <div key={column} role={column === 'key' ? 'rowheader' : 'gridcell'} {...CELLS[column](cells)} />
      ))}
    </div>
  );
});

const getStyles = (theme: GrafanaTheme2) => {
  const row = {
    display: 'grid',
    columnGap: 12,
    padding: '0 12px',
    height: ROW_HEIGHT,
    // A row that is added or removed must not trigger the layout of other rows.
    contain: 'strict',
    borderBottom: `1px solid ${theme.colors.border.weak}`,
    cursor: 'pointer',
    // Weaker than the hover colour of actions, so that texts of every tone stay readable.
    '&:hover': { background: theme.colors.background.secondary },
    '&:focus': { outline: 'none' },
    '&:focus-visible': { boxShadow: `inset 0 0 0 2px ${theme.colors.primary.border}` },
  } as const;
  return { row: css(row), stale: css({ ...row, fontStyle: 'italic' }) };
};
