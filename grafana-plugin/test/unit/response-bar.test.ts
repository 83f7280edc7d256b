import { stripes } from '../../src/components/ResponseBar/stripes.ts';

describe('the parts of a bar', () => {
  const widths = (image: string) =>
    [...image.matchAll(/(\w+) ([\d.]+)% (?:calc\()?([\d.]+)%/g)]
      .filter(([, color]) => color !== 'transparent')
      .map(([, color, from, to]) => [color, Number(to) - Number(from)]);

  test('are as wide as their shares, with a gap between two', () => {
    const image = stripes([
      { color: 'green', share: 0.75 },
      { color: 'red', share: 0.25 },
    ]);
    expect(widths(image)).toEqual([
      ['green', 75],
      ['red', 25],
    ]);
    expect(image).toContain('transparent calc(75.0% - 1px) 75.0%');
  });

  test('have a minimum width', () => {
    const [, failed] = widths(
      stripes([
        { color: 'green', share: 0.9999 },
        { color: 'red', share: 0.0001 },
      ]),
    );
    expect(failed?.[1]).toBeGreaterThan(3);
  });

  test('fill the bar if there is only one', () => {
    expect(stripes([{ color: 'green', share: 1 }])).toBe('linear-gradient(to right, green 0.0% 100%)');
  });
});
