/** Plausible's clients as a site would bundle them, unchanged. */

import { build } from 'esbuild';
import { ROOT } from '../../scripts/bundle.js';

const bundled = async (contents) => {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    format: 'iife',
    write: false,
  });
  return outputFiles[0].text;
};

/** Each takes `{ domain, api }` from the page and puts its function for custom events on `window`. */
export const current = await bundled(`
  import { init, track } from '@plausible-analytics/tracker';
  const { domain, api } = document.currentScript.dataset;
  init({ domain, endpoint: api, outboundLinks: true });
  window.current = track;
`);

export const archived = await bundled(`
  import Plausible from 'plausible-tracker';
  const { domain, api } = document.currentScript.dataset;
  const { enableAutoPageviews, enableAutoOutboundTracking, trackEvent } = Plausible({ domain, apiHost: new URL(api).origin });
  enableAutoPageviews();
  enableAutoOutboundTracking();
  window.archived = trackEvent;
`);
