import type { StandardEditorContext } from '@grafana/data';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import { RolesEditor } from '../../src/options/RolesEditor/RolesEditor.tsx';
import { ROLE_TEXTS } from '../../src/roles/role-texts.ts';
import { ROLE_NAMES, type RoleMapping } from '../../src/roles/roles.ts';
import { textOf } from './texts.ts';

/** Renders the editor with the refIds of the queries that returned data. */
function edit(value: RoleMapping, refIds: string[], onChange: (roles: RoleMapping | undefined) => void) {
  const context = {
    data: refIds.map((refId) => ({ refId, fields: [], length: 0 })),
  } as StandardEditorContext<unknown, unknown>;
  return render(<RolesEditor value={value} onChange={onChange} context={context} item={{} as never} />);
}

describe('the editor of roles', () => {
  test('has a field for every role, and names the consequence of each missing query', () => {
    edit({ info: 'A' }, ['A', 'facts'], () => {});
    for (const name of ROLE_NAMES)
      expect(
        screen.getByLabelText(new RegExp(`^${ROLE_TEXTS[name].title()}(Without|$)`)),
      ).toBeInTheDocument();
    expect(screen.getByLabelText(/Key information/)).toHaveValue('A');
    expect(screen.queryByText(new RegExp(ROLE_TEXTS.info.without()))).not.toBeInTheDocument();
    expect(screen.queryByText(new RegExp(ROLE_TEXTS.facts.without()))).not.toBeInTheDocument();
    expect(
      screen.getByText(textOf('roles-editor.without', { without: ROLE_TEXTS.volume.without() })),
    ).toBeInTheDocument();
  });

  test('saves a refId on blur, and removes it if the field is empty', async () => {
    const changes: (RoleMapping | undefined)[] = [];
    edit({ info: 'A' }, [], (roles) => changes.push(roles));
    await userEvent.type(screen.getByLabelText(/Key facts/), ' B ');
    expect(changes).toEqual([]);
    await userEvent.tab();
    expect(changes).toEqual([{ info: 'A', facts: 'B' }]);
    await userEvent.clear(screen.getByLabelText(/Key information/));
    await userEvent.tab();
    expect(changes.at(-1)).toEqual({});
  });
});
