import { type RefObject, useEffect, useRef, useState } from 'react';

/** How far from the window something is near: a turn of the wheel away. */
const MARGIN = '400px';

/** Whether an element is in the window or near it. */
export function useNear<T extends Element>(): [RefObject<T | null>, boolean] {
  const element = useRef<T>(null);
  const [near, setNear] = useState(true);
  useEffect(() => {
    const seen = new IntersectionObserver((entries) => setNear(entries.at(-1)?.isIntersecting ?? true), {
      rootMargin: MARGIN,
    });
    if (element.current) seen.observe(element.current);
    return () => seen.disconnect();
  }, []);
  return [element, near];
}
