import type { StandardEditorContext } from '@grafana/data';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import React from 'react';
import { RolesEditor } from '../../src/options/RolesEditor/RolesEditor.tsx';
import { ROLE_WORDS } from '../../src/roles/role-words.ts';
import { ROLE_NAMES, type RoleMapping } from '../../src/roles/roles.ts';

/** The editor as the panel's options show it, with what its queries answered. */
function edit(value: RoleMapping, refIds: string[], onChange: (roles: RoleMapping | undefined) => void) {
  const context = {
    data: refIds.map((refId) => ({ refId, fields: [], length: 0 })),
  } as StandardEditorContext<unknown, unknown>;
  return render(<RolesEditor value={value} onChange={onChange} context={context} item={{} as never} />);
}

describe('the editor of roles', () => {
  test('has a field for every role, and says what is not known without those that no query has', () => {
    edit({ info: 'A' }, ['A', 'facts'], () => {});
    for (const name of ROLE_NAMES)
      expect(
        screen.getByLabelText(new RegExp(`^${ROLE_WORDS[name].title()}(Without|$)`)),
      ).toBeInTheDocument();
    expect(screen.getByLabelText(/Key information/)).toHaveValue('A');
    expect(screen.queryByText(/names, owners, tiers/)).not.toBeInTheDocument();
    expect(screen.queryByText(/when keys were last used/)).not.toBeInTheDocument();
    expect(screen.getByText('Without it there are no sparklines.')).toBeInTheDocument();
  });

  test('takes a refId over when its field is left, and the role’s own name again when it is emptied', async () => {
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
