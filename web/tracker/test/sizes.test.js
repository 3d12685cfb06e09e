/** The budgets, beside the tests so that a test run shows the sizes as well. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizes } from '../scripts/sizes.js';

test('what browsers load is within its budget', async (t) => {
  const { rows, over, table } = await sizes();
  for (const line of table.split('\n')) t.diagnostic(line);
  assert.deepEqual(over, []);
  const core = rows.find(({ file }) => file === 'opentrace.js');
  assert.ok(core.raw < 2048 && core.gzip <= 1500, JSON.stringify(core));
});
