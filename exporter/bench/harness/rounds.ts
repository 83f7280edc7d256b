type Sides<Name extends string, Result> = Record<Name, (round: number) => Promise<Result>>;

/**
 * Runs every side once a round, one after the other. Every second round runs them in reverse, so that no side is always
 * first. Returns the results of each side by round.
 */
export async function alternating<Name extends string, Result>(
  rounds: number,
  sides: Sides<Name, Result>,
): Promise<Record<Name, Result[]>> {
  const results = emptyResults<Name, Result>(sides);
  const names = Object.keys(sides) as Name[];
  for (let round = 0; round < rounds; round++)
    for (const name of round % 2 === 0 ? names : names.toReversed())
      results[name].push(await sides[name](round));
  return results;
}

/**
 * Runs all sides of a round at the same time, so that whatever else the machine does slows all of them. They share the
 * cores: compare their processor time rather than their rate.
 */
export async function together<Name extends string, Result>(
  rounds: number,
  sides: Sides<Name, Result>,
): Promise<Record<Name, Result[]>> {
  const results = emptyResults<Name, Result>(sides);
  const names = Object.keys(sides) as Name[];
  for (let round = 0; round < rounds; round++)
    await Promise.all(names.map(async (name) => results[name].push(await sides[name](round))));
  return results;
}

const emptyResults = <Name extends string, Result>(sides: Sides<Name, Result>) =>
  Object.fromEntries(Object.keys(sides).map((name) => [name, []])) as unknown as Record<Name, Result[]>;
