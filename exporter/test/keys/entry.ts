import type { KeyEntry } from '../../src/keys/key.ts';
import { TIERS } from '../../src/keys/tiers.ts';

/** An entry of the keys file of which only this is said. */
export function entryOf(entry: Partial<KeyEntry> & { id: string }): KeyEntry {
  return {
    fingerprints: [],
    name: '',
    description: '',
    tenantId: '',
    environment: 'production',
    state: 'active',
    owner: '',
    tier: 'starter',
    limits: TIERS.starter,
    scopes: [],
    scopesChangedAt: null,
    createdAt: null,
    rotatedAt: null,
    rotateEvery: null,
    replaces: '',
    realtime: true,
    thresholds: {},
    allowedNetworks: [],
    learning: null,
    retention: null,
    legalHold: false,
    ...entry,
  };
}
