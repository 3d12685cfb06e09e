/** The password of a shared page, for as long as its tab is open. */

const key = (token: string) => `shared ${token}`;

/** Storage may be forbidden to a page in a frame: it is then asked for each time. */
function stored<T>(act: (storage: Storage) => T): T | undefined {
  try {
    return act(sessionStorage);
  } catch {
    return undefined;
  }
}

export const rememberedPassword = (token: string): string =>
  stored((storage) => storage.getItem(key(token))) ?? '';
export const rememberPassword = (token: string, password: string) =>
  stored((storage) => storage.setItem(key(token), password));
export const forgetPassword = (token: string) => stored((storage) => storage.removeItem(key(token)));
