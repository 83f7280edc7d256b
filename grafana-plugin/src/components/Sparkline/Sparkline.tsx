import { useTheme2 } from '@grafana/ui';
import React, { memo } from 'react';
import { sparklinePath } from './path.ts';

interface Props {
  times: number[];
  values: number[];
  width: number;
  height: number;
}

/** Requests over time without axes. Decorative, so hidden from screen readers. */
export const Sparkline = memo(function Sparkline({ times, values, width, height }: Props) {
  const theme = useTheme2();
  const { line, area } = sparklinePath(times, values, width, height);
  return (
    <svg width={width} height={height} aria-hidden="true" style={{ flex: 'none', overflow: 'visible' }}>
      <path d={area} fill={theme.colors.primary.transparent} />
      <path
        d={line}
        fill="none"
        stroke={theme.colors.primary.text}
        strokeWidth={1.25}
        strokeLinejoin="round"
      />
    </svg>
  );
});
