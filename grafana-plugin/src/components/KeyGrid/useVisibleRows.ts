import { type RefObject, useCallback, useEffect, useState } from 'react';

/** Extra rows beyond each edge, so that a fast scroll shows no blank area. */
const OVERSCAN = 6;

/**
 * Returns the range of visible rows in a list with a fixed row height.
 * @returns the first row, the row after the last one, and the scroll handler
 */
export function useVisibleRows(
  box: RefObject<HTMLElement | null>,
  rows: number,
  rowHeight: number,
  roomBefore: number,
): { first: number; end: number; onScroll: () => void } {
  const [top, setTop] = useState(0);
  const [room, setRoom] = useState(roomBefore);

  // Rounded to whole rows, to avoid a render per pixel.
  const onScroll = useCallback(() => {
    if (box.current) setTop(Math.floor(box.current.scrollTop / rowHeight));
  }, [box, rowHeight]);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setRoom(element.clientHeight || roomBefore));
    observer.observe(element);
    return () => observer.disconnect();
  }, [box, roomBefore]);

  const shown = Math.ceil(room / rowHeight) + 1;
  const highest = Math.max(0, Math.min(top, rows - shown));
  return {
    first: Math.max(0, highest - OVERSCAN),
    end: Math.min(rows, highest + shown + OVERSCAN),
    onScroll,
  };
}
