import { Button } from '@mantine/core';
import type { FunnelQuery } from '../api/reports';
import { shortened } from '../charts/short';
import { useAnswer } from '../ui/data';
import { type ReportView, useEventNames } from './context';
import { asked, type FunnelAsk, isPage, MOST, ORDERS, readSaved, type Step, WINDOWS } from './funnelAsk';
import { Saved } from './Saved';

const PAGES = 100;
/** Letters of a page's address that a list shows. */
const LONGEST = 36;

interface Props {
  view: ReportView;
  ask: FunnelAsk;
  change: (part: Partial<FunnelAsk>) => void;
}

/** The steps of a funnel, to be put together. */
export function FunnelSteps({ view, ask: { steps, window, order }, change }: Props) {
  const names = useEventNames(view);
  const pages = usePages(view);
  const set = (index: number, step: Step | undefined) =>
    change({ steps: step === undefined ? steps.toSpliced(index, 1) : steps.with(index, step) });
  const move = (index: number) =>
    change({ steps: steps.toSpliced(index, 1).toSpliced(index - 1, 0, steps[index] ?? '') });
  return (
    <section className="card" aria-label="Steps">
      <h2>Steps</h2>
      <ol className="steps">
        {steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place
          <li key={index}>
            <StepSelect
              label={`Step ${index + 1}`}
              value={step}
              names={names}
              pages={pages}
              choose={(next) => set(index, next)}
            />
            <button
              type="button"
              className="plain"
              aria-label={`Move step ${index + 1} up`}
              disabled={index === 0}
              onClick={() => move(index)}
            >
              ↑
            </button>
            <button
              type="button"
              className="plain"
              aria-label={`Remove step ${index + 1}`}
              onClick={() => set(index, undefined)}
            >
              ×
            </button>
          </li>
        ))}
      </ol>
      <div className="tools">
        <Button
          size="xs"
          variant="default"
          disabled={steps.length >= MOST}
          onClick={() =>
            change({ steps: [...steps, names.find((name) => !steps.includes(name)) ?? 'pageview'] })
          }
        >
          Add a step
        </Button>
        <select
          aria-label="Within"
          value={window}
          onChange={(event) => change({ window: event.target.value })}
        >
          {Object.entries(WINDOWS).map(([name, label]) => (
            <option key={name} value={name}>{`within ${label}`}</option>
          ))}
        </select>
        <select
          aria-label="Order"
          value={order}
          onChange={(event) => change({ order: event.target.value as FunnelQuery['order'] })}
        >
          {Object.entries(ORDERS).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <Saved
        kind="funnels"
        site={view.site}
        definition={steps.length > 1 ? { steps: steps.map(asked), window, order } : undefined}
        open={(saved) => change(readSaved(saved))}
      />
    </section>
  );
}

function usePages({ site, range }: ReportView): string[] {
  const { data } = useAnswer({
    site_id: site,
    metrics: ['visitors'],
    date_range: range,
    dimensions: ['event:page'],
    pagination: { limit: PAGES, offset: 0 },
  });
  return data?.results.map((row) => row.dimensions[0] ?? '').filter(isPage) ?? [];
}

interface StepSelectProps {
  label: string;
  value: Step;
  names: string[];
  pages: string[];
  choose: (step: Step) => void;
}

function StepSelect({ label, value, names, pages, choose }: StepSelectProps) {
  const group = (title: string, all: string[], mine: boolean) => (
    <optgroup label={title}>
      {[...new Set(mine ? [value, ...all] : all)].map((name) => (
        <option key={name} value={name}>
          {shortened(name, LONGEST)}
        </option>
      ))}
    </optgroup>
  );
  return (
    <select aria-label={label} title={value} value={value} onChange={(event) => choose(event.target.value)}>
      {group('Events', names, !isPage(value))}
      {group('Pages', pages, isPage(value))}
    </select>
  );
}
