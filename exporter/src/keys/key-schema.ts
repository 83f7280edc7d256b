import * as z from 'zod';
import { THRESHOLD_KINDS, THRESHOLDS, type ThresholdKind } from '../health/thresholds.ts';
import {
  days,
  duration,
  fingerprint,
  flag,
  limit,
  network,
  scope,
  text,
  thresholdValue,
  timestamp,
  word,
} from './key-fields.ts';
import { DEFAULT_TIER, TIER_NAMES } from './tiers.ts';

const limits = z
  .strictObject({
    perMinute: limit('Requests in a sliding window of 60 seconds; null = unlimited.'),
    perDay: limit('Requests in a UTC day; null = unlimited.'),
    burst: limit('Requests on top of perMinute for a short burst. Default 0.').optional(),
  })
  .describe('The limits of a key whose tier is custom; the other tiers have theirs.');

const thresholds = z
  .strictObject(
    Object.fromEntries(
      THRESHOLD_KINDS.map((kind) => [kind, thresholdValue(THRESHOLDS[kind]).optional()]),
    ) as Record<ThresholdKind, z.ZodOptional<ReturnType<typeof thresholdValue>>>,
  )
  .describe('Thresholds of the alerts and states that are different for this key.');

/** One key of the keys file, each field with its doc text; the JSON schema for editors is made from it. */
export const keySchema = z
  .strictObject({
    id: text('The key as the log names it: its keyId, or the masked form of the raw key.', {
      required: true,
    }),
    fingerprints: z
      .array(fingerprint('sa_live_ or sa_test_ and 12 hex digits.'))
      .optional()
      .describe('Masked raw keys that are this key, where the log has raw keys. Never the raw key itself.'),
    name: text('What people call the key.').optional(),
    description: text('What it is for.').optional(),
    tenantId: text(
      'The tenant the key belongs to. Without it the key belongs to the tenant its lines name.',
    ).optional(),
    environment: word('production or sandbox. Default: sandbox for sa_test_ keys, else production.', [
      'production',
      'sandbox',
    ]).optional(),
    state: word(
      'active, disabled (switched off for now) or revoked (for good). An answer other than 401 to a disabled or revoked key is an incident.',
      ['active', 'disabled', 'revoked'],
      'active',
    ).optional(),
    owner: text('Who answers for the key: a team, or an address.').optional(),
    tier: word('The rate-limit tier.', TIER_NAMES, DEFAULT_TIER).optional(),
    limits: limits.optional(),
    scopes: z
      .array(scope('<surface>:read, <surface>:write (which implies read), or a bundle.'))
      .optional()
      .describe('What the key may do.'),
    scopesChangedAt: timestamp(
      'When the scopes were last changed; named where 403 answers appear.',
    ).optional(),
    realtime: flag(
      'Whether silence on the key is an alarm. Default: true for active production keys.',
    ).optional(),
    createdAt: timestamp('When the key was created.').optional(),
    rotatedAt: timestamp('When the key was last rotated.').optional(),
    rotateEvery: duration('How often it must be rotated; later than that is overdue.').optional(),
    replaces: text('Id of the key of this file that this one replaces in a rotation.').optional(),
    thresholds: thresholds.optional(),
    allowedNetworks: z
      .array(network('CIDR network.'))
      .optional()
      .describe('Networks whose addresses are never reported as new.'),
    learning: duration(
      'How long after its first use new addresses and surfaces are learnt in silence.',
    ).optional(),
    retention: days(
      "Days for which the key's single requests are kept in the archive. Default: by tier.",
    ).optional(),
    legalHold: flag("Keeps the key's single requests beyond their retention. Default: false.").optional(),
  })
  .describe('One API key: what the log cannot say about it.');

export const keysFileSchema = z
  .strictObject({
    keys: z.array(keySchema).describe('The keys, in any order.'),
  })
  .describe('The API keys that the exporter knows by more than their log lines.');

export type KeyFields = z.output<typeof keySchema>;
