import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { type HeldRule, stepsPath } from '../api/alerts';
import { useReport } from '../reports/context';
import { useMay } from '../session/data';
import { Channels } from './Channels';
import { History } from './History';
import { STEPS } from './openings';
import { RuleForm } from './RuleForm';
import { Rules } from './Rules';
import { Undelivered } from './Undelivered';

/** What happens to alerts is pushed; the lists of them are asked for as something does. */
function useSteps(site: string) {
  const client = useQueryClient();
  useEffect(() => {
    const source = new EventSource(stepsPath(site));
    const again = () => {
      for (const list of ['rules', 'alert history']) client.invalidateQueries({ queryKey: [list, site] });
    };
    for (const kind of Object.keys(STEPS)) source.addEventListener(kind, again);
    return () => source.close();
  }, [client, site]);
}

/** What is watched, what happened, and who is told. */
export function AlertsPage() {
  const { site } = useReport();
  const mayChange = useMay('write');
  useSteps(site);
  const [changing, setChanging] = useState<HeldRule>();
  // What was kept leaves an empty form.
  const [kept, setKept] = useState(0);
  const done = () => {
    setChanging(undefined);
    setKept(kept + 1);
  };
  useEffect(() => {
    document.title = `Alerts · ${site}`;
  }, [site]);
  return (
    <>
      <div className="tools">
        <h1>Alerts</h1>
      </div>
      {mayChange && <Undelivered />}
      <div className="panels first">
        <Rules site={site} change={setChanging} />
        <History site={site} />
      </div>
      {mayChange && (
        <div className="panels">
          <RuleForm key={changing?.id ?? kept} rule={changing} done={done} />
          <Channels />
        </div>
      )}
    </>
  );
}
