import { useState } from 'react';
import { CHARTS, type ChartKind, type Tile, type TileQuery } from '../api/boards';
import { metricName, rangeText } from '../lib/format';
import { PERIODS } from '../lib/range';
import { useSession } from '../session/data';
import { Field, Form } from '../session/Form';
import { DIMENSIONS, named, PROPERTY } from '../site/names';
import { useMeasures } from '../site/useMeasures';
import { useProperties } from '../site/useProperties';
import { ValueField } from '../site/Values';
import { drawnAs, isAddable, isAdding, notAdded, whyNot } from './addable';
import { asked, BETWEEN, linesOf, NEEDS, simple } from './asked';
import { Choice } from './Choice';

/** Periods that the server knows by name. */
const KNOWN = new Set(['day', '24h', '7d', '28d', '30d', '91d', 'month', '6mo', '12mo', 'year', 'all']);
const STEPS = { 'time:hour': 'Hours', 'time:day': 'Days', 'time:week': 'Weeks', 'time:month': 'Months' };
const WINDOWS = { '30m': '30 minutes', '1d': 'a day', '7d': '7 days', '30d': '30 days' };
const DEPTHS = { 2: '2 pages', 3: '3 pages', 4: '4 pages', 5: '5 pages', 6: '6 pages' };
const COHORTS = { day: 'Days', week: 'Weeks', month: 'Months' };

interface Props {
  site: string;
  tile: Tile;
  done: (tile: Tile) => void;
}

/** Says what a tile shows. */
export function Builder({ site, tile, done }: Props) {
  const [wanted, setWanted] = useState(tile.chart);
  // What it counts stays among them where it is gone by now: nothing takes its place without a word.
  const [metric, setMetric] = useState(tile.query?.metrics?.[0] ?? 'visitors');
  const averages = notAdded(useMeasures(site));
  const addable = isAddable(metric) && !averages.has(metric);
  const chart = drawnAs(wanted, addable || !NEEDS[wanted].metric);
  const unfit = NEEDS[chart].metric && !addable;
  const charts = Object.entries(CHARTS).filter(([name]) => !unfit || !isAdding(name));
  const submit = async (fields: Record<string, string>) => {
    const { title = '', text } = fields;
    if (fields.filtered && !fields.value)
      throw new Error(
        `Say which ${named(fields.filtered).toLowerCase()} it is about, or choose “everything”.`,
      );
    const place = { x: tile.x, y: tile.y, w: tile.w, h: tile.h };
    done(
      chart === 'text'
        ? { ...place, title, chart, text }
        : { ...place, title, chart, query: asked(chart, fields, tile.query) },
    );
  };
  return (
    <Form title="Tile" action="Take it" submit={submit}>
      <Field name="title" label="Title" defaultValue={tile.title} autoComplete="off" />
      <Choice
        name="chart"
        label="Shown as"
        value={chart}
        options={Object.fromEntries(charts)}
        choose={(next) => setWanted(next as ChartKind)}
      >
        {unfit && `No stacked bars and no pie: ${whyNot(metric)}.`}
      </Choice>
      {chart === 'text' ? (
        <Text name="text" label="Text" value={tile.text ?? ''} />
      ) : (
        <Asked site={site} chart={chart} query={tile.query} metric={metric} choose={setMetric} />
      )}
    </Form>
  );
}

interface AskedProps {
  site: string;
  chart: ChartKind;
  query: TileQuery | undefined;
  metric: string;
  choose: (metric: string) => void;
}

/** The fields of a chart's question, as they are now. */
function Asked({ site, chart, query, metric, choose }: AskedProps) {
  const every = useSession().data?.metrics ?? [];
  const metrics = [...new Set([...every, ...useMeasures(site).map(({ name }) => name), metric])];
  const properties = (useProperties(site).data ?? []).map(({ name }) => [`${PROPERTY}${name}`, name]);
  const attributes: Record<string, string> = { ...DIMENSIONS, ...Object.fromEntries(properties) };
  const needs = NEEDS[chart];
  const dimensions = query?.dimensions ?? [];
  const { filtered, value } = simple(query);
  const [by, setBy] = useState(filtered);
  const range = query?.date_range;
  return (
    <>
      {needs.metric && (
        <Choice
          name="metric"
          label="What is counted"
          value={metric}
          options={Object.fromEntries(metrics.map((name) => [name, metricName(name)]))}
          choose={choose}
        />
      )}
      {needs.along && (
        <Choice
          name="step"
          label="By"
          value={dimensions[0] ?? 'time:day'}
          options={{ ...STEPS, ...attributes }}
        />
      )}
      {needs.time && (
        <Choice
          name="step"
          label="By time"
          value={dimensions.find((one) => one.startsWith('time:')) ?? 'time:day'}
          options={STEPS}
        />
      )}
      {needs.other && (
        <Choice
          name="dimension"
          label="By"
          value={dimensions.find((one) => !one.startsWith('time:')) ?? 'visit:source'}
          options={attributes}
        />
      )}
      {needs.each && (
        <Choice
          name="dimension"
          label="A line for each"
          value={dimensions.find((one) => !one.startsWith('time:')) ?? ''}
          options={{ '': 'no: one for all', ...attributes }}
        />
      )}
      {needs.steps && (
        <>
          <Text name="steps" label="Steps" value={linesOf(query?.steps)}>
            One per line: a page as /pricing, or the name of an event.
          </Text>
          <Choice name="window" label="Within" value={query?.window ?? '7d'} options={WINDOWS} />
        </>
      )}
      {needs.depth && (
        <Choice
          name="depth"
          label="Steps from page to page"
          value={String(query?.depth ?? 4)}
          options={DEPTHS}
        />
      )}
      {needs.events && (
        <>
          <Field
            name="start_event"
            label="Those who did"
            defaultValue={query?.start_event ?? 'pageview'}
            required
          />
          <Field
            name="return_event"
            label="And came back for"
            defaultValue={query?.return_event ?? 'pageview'}
            required
          />
          <Choice name="by" label="By" value={query?.period ?? 'week'} options={COHORTS} />
        </>
      )}
      <Choice
        name="period"
        label="Time"
        value={Array.isArray(range) ? range.join(BETWEEN) : (range ?? '30d')}
        options={{
          // Days come from files; those of a tile stay while nobody chooses another time.
          ...(Array.isArray(range) && { [range.join(BETWEEN)]: rangeText(range) }),
          ...Object.fromEntries(PERIODS.filter(([name]) => KNOWN.has(name))),
        }}
      />
      <div className="pair">
        <Choice
          name="filtered"
          label="Only where"
          value={by}
          options={{ '': 'everything', ...attributes }}
          choose={setBy}
        />
        {by && (
          <div className="field">
            <span aria-hidden="true">is</span>
            <ValueField
              key={by}
              site={site}
              name="value"
              label="is"
              dimension={by}
              value={by === filtered ? value : ''}
            />
          </div>
        )}
      </div>
    </>
  );
}

interface TextProps {
  name: string;
  label: string;
  value: string;
  children?: React.ReactNode;
}

function Text({ name, label, value, children }: TextProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <textarea name={name} rows={5} defaultValue={value} required />
      {children && <small>{children}</small>}
    </label>
  );
}
