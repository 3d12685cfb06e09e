import { change } from '../lib/format';

interface Props {
  metric: string;
  value: number | null | undefined;
  old: number | null | undefined;
}

/** How much more or less something is than it was. */
export function Change({ metric, value, old }: Props) {
  // A space keeps the tile's height until the figures are there.
  if (typeof value !== 'number' || typeof old !== 'number') return <span className="nochange">&nbsp;</span>;
  const more = value >= old;
  // Not the figures but what is shown of them: nobody should see a rise of 0%.
  const same = value === old || Math.abs(value - old) < 0.0005 * Math.abs(old);
  const better = metric === 'bounce_rate' ? !more : more;
  return (
    <span className={same ? 'nochange' : better ? 'up' : 'down'}>
      {same ? '=' : more ? '↑' : '↓'} {old === 0 && !same ? 'from none' : change(value, old)}
    </span>
  );
}
