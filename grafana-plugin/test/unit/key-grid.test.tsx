import { createTheme } from '@grafana/data';
import { fireEvent, render, screen } from '@testing-library/react';
import React from 'react';
import { KeyGrid } from '../../src/components/KeyGrid/KeyGrid.tsx';
import { ROW_HEIGHT } from '../../src/components/KeyGrid/KeyRow.tsx';
import { COLUMN_NAMES, WORST_FIRST } from '../../src/overview/columns.ts';
import { dress } from '../../src/overview/dressing.ts';
import { keyFrames, listOf } from './frames.ts';

const { keys, now } = listOf(keyFrames(Array.from({ length: 200 }, (_, i) => ({ id: `key_${i}` }))));

test('scrolling draws the rows that come, and none of those that stay again but the one in the tab order', () => {
  const dressing = dress(keys, {
    fieldConfig: { defaults: {}, overrides: [] },
    theme: createTheme(),
    timeZone: 'utc',
    replaceVariables: (text) => text,
  });
  let drawn: string[] = [];
  const state: typeof dressing.state = (key) => {
    drawn.push(key.id);
    return dressing.state(key);
  };
  render(
    <KeyGrid
      keys={keys}
      columns={COLUMN_NAMES}
      sorting={WORST_FIRST}
      onSort={() => {}}
      dressing={{ ...dressing, state }}
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
  // It leaves the flow of the others when it goes out of sight.
  expect(drawn.filter((id) => before.has(id))).toEqual(['key_0']);
});
