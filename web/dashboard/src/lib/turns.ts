/** Runs what it is given in the order in which it came, `most` at once. What was called off does not begin. */
export function turns(most: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  const next = () => {
    while (running < most) {
      const begin = waiting.shift();
      if (!begin) return;
      begin();
    }
  };
  return <T>(run: () => Promise<T>, signal?: AbortSignal): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      waiting.push(() => {
        if (signal?.aborted) return reject(signal.reason);
        running += 1;
        run()
          .then(resolve, reject)
          .finally(() => {
            running -= 1;
            next();
          });
      });
      next();
    });
}
