import { useEffect, useState } from 'react';

/** A tab that is left for a moment only keeps what it has. */
const AWAKE_MS = 60_000;

/** Whether nobody looks at this tab, and has not for a while. */
export function useAsleep(): boolean {
  const [asleep, setAsleep] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const look = () => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => setAsleep(true), AWAKE_MS);
      else setAsleep(false);
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, []);
  return asleep;
}
