import { useEffect, useState } from 'react';

/** Gives the focus back to what had it, when what is shown in a dialog goes. */
export function useReturn(): void {
  const [from] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      // A finger needs no keyboard before it asks for one.
      if (from instanceof HTMLInputElement && !matchMedia('(pointer: fine)').matches) return;
      if (from instanceof HTMLElement && from !== document.body) from.focus({ preventScroll: true });
    },
    [from],
  );
}
