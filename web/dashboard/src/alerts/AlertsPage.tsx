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
import { useRules } from './useRules';

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
  const [chosen, setChosen] = useState<HeldRule>();
  const held = useRules(site).data;
  // One that is gone by now, here or elsewhere, cannot be changed.
  const changing = held?.some(({ id }) => id === chosen?.id) ? chosen : undefined;
  // What was kept leaves an empty form.
  const [kept, setKept] = useState(0);
  const done = () => {
    setChosen(undefined);
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
        {/* A copy: asked for again, the form is led to again. */}
        <Rules site={site} change={(rule) => setChosen({ ...rule })} />
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
