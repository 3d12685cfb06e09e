/** What the site asked for. */

import type { Options } from './types';

// Names of our own for what the browser offers: a minifier shortens ours and not the browser's.
export const { document, location, navigator, history, opentrace, plausible } = self;
export const { now } = Date;
export const NO = 'false';

const script = document.currentScript as HTMLScriptElement;

export const options: Options = { ...script.dataset, ...opentrace?.o };

/** Two pages differ by what stands after `#`. */
export const hash = options.hash == 'true';

/** An address relative to the script. */
export const beside = (path: string) => new URL(path, script.src);
