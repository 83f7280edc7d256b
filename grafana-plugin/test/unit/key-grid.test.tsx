import { createTheme } from '@grafana/data';
import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { KeyGrid } from '../../src/components/KeyGrid/KeyGrid.tsx';
import { ROW_HEIGHT } from '../../src/components/KeyGrid/KeyRow.tsx';
import { COLUMN_NAMES, WORST_FIRST } from '../../src/overview/columns.ts';
import { applyFieldConfig } from '../../src/overview/field-config.ts';
import { keyFrames, listOf } from './frames.ts';

const { keys, now } = listOf(keyFrames(Array.from({ length: 200 }, (_, i) => ({ id: `key_${i}` }))));

test('scrolling renders only new rows and the row in the tab order', () => {
  const fieldConfig = applyFieldConfig(keys, {
    fieldConfig: { defaults: {}, overrides: [] },
    theme: createTheme(),
    timeZone: 'utc',
    replaceVariables: (text) => text,
  });
  let drawn: string[] = [];
  const state: typeof fieldConfig.state = (key) => {
    drawn.push(key.id);
    return fieldConfig.state(key);
  };
  render(
    <KeyGrid
      keys={keys}
      columns={COLUMN_NAMES}
      sorting={WORST_FIRST}
      onSort={() => {}}
      fieldConfig={{ ...fieldConfig, state }}
      now={now}
      timeZone="utc"
      width={1600}
      height={600}
    />,
  );
  const before = new Set(drawn);
  drawn = [];
  const grid = screen.getByRole('grid');
  grid.scrollTop = 10 * ROW_HEIGHT;
  fireEvent.scroll(grid);
  expect(drawn.length).toBeGreaterThan(0);
  // The focused row leaves the flow when it is scrolled out of view.
  expect(drawn.filter((id) => before.has(id))).toEqual(['key_0']);
});
