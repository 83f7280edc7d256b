import { expect, test } from '@jest/globals';
import { ClockLead } from '../../src/ingest/clock-lead.ts';

const NOW = 1_790_000_000;

test('a lead is the most of the last minutes, and falls back once new lines are not ahead', () => {
  const lead = new ClockLead();
  expect(lead.at(NOW)).toBe(0);
  lead.measure(7_200, NOW);
  lead.measure(360, NOW + 10);
  expect(lead.at(NOW + 10)).toBe(7_200);
  for (let at = 20; at <= 290; at += 10) lead.measure(-1, NOW + at);
  expect(lead.at(NOW + 290)).toBe(7_200);
  for (let at = 300; at <= 600; at += 10) lead.measure(-1, NOW + at);
  expect(lead.at(NOW + 600)).toBe(0);
});

test('a source without new lines keeps its lead for a day', () => {
  const lead = new ClockLead();
  lead.measure(3_600, NOW);
  expect(lead.at(NOW + 86_000)).toBe(3_600);
  expect(lead.at(NOW + 86_400)).toBe(0);
});
