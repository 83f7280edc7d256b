import { type RefObject, useCallback, useEffect, useState } from 'react';

/** Rows drawn beyond each edge, so that a fast scroll does not show white. */
const OVERSCAN = 6;

/**
 * The rows of a scrolling list that are worth drawing. All rows have one height.
 * @returns the first row and the one after the last, and what to call on scrolling
 */
export function useVisibleRows(
  box: RefObject<HTMLElement | null>,
  rows: number,
  rowHeight: number,
  roomBefore: number,
): { first: number; end: number; onScroll: () => void } {
  const [top, setTop] = useState(0);
  const [room, setRoom] = useState(roomBefore);

  // Only whole rows matter: pixels in between change nothing that is drawn.
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
