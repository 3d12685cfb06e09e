import { useState } from 'react';
import type { Site } from '../api/types';
import { wholeDay } from '../lib/format';
import { addDays, today } from '../lib/range';

const MOST = 36_500;

/** For how many days a site keeps what happened. Fewer than before have to be meant: what is older is lost. */
export function Kept({ site }: { site: Site }) {
  const [text, setText] = useState(String(site.retention_days));
  const days = Number(text);
  const loses = days > 0 && days <= MOST && (site.retention_days === 0 || days < site.retention_days);
  return (
    <>
      <label className="field">
        <span>Days to keep</span>
        <input
          name="retention_days"
          type="number"
          min={0}
          max={MOST}
          step={1}
          required
          value={text}
          onChange={(event) => setText(event.target.value)}
          aria-describedby="kept-help"
        />
        <small id="kept-help">
          0 keeps everything. What is older is forgotten, in events and in figures.
        </small>
      </label>
      {loses && (
        <label className="check">
          <input type="checkbox" required />
          <span>Forget for good what happened before {wholeDay(addDays(today(site.timezone), -days))}</span>
        </label>
      )}
    </>
  );
}
