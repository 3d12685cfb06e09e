import { Modal } from '@mantine/core';
import { useState } from 'react';
import { CHARTS, type ChartKind, type Tile } from '../api/boards';
import { PERIODS } from '../lib/range';
import { useSession } from '../session/data';
import { Field, Form } from '../session/Form';
import { DIMENSIONS } from '../site/names';

/** Which dimensions a chart has: by time, by something else, or both. */
const BY: Record<ChartKind, { time: boolean; other: boolean }> = {
  line: { time: true, other: false },
  area: { time: true, other: false },
  bar: { time: true, other: false },
  stacked: { time: true, other: true },
  heatmap: { time: true, other: true },
  pie: { time: false, other: true },
  table: { time: false, other: true },
  map: { time: false, other: false },
  number: { time: false, other: false },
  text: { time: false, other: false },
};
/** Periods that the server knows by name. */
const KNOWN = new Set(['day', '24h', '7d', '28d', '30d', '91d', 'month', '6mo', '12mo', 'year', 'all']);
const STEPS = { 'time:hour': 'Hours', 'time:day': 'Days', 'time:week': 'Weeks', 'time:month': 'Months' };
const ROWS = 10;
const SERIES = 400;

interface Props {
  tile: Tile;
  title: string;
  done: (tile: Tile) => void;
  close: () => void;
}

/** Says what a tile shows. */
export function Builder({ tile, title, done, close }: Props) {
  const metrics = useSession().data?.metrics ?? [];
  const [chart, setChart] = useState(tile.chart);
  const dimensions = tile.query?.dimensions ?? [];
  const by = BY[chart];
  const submit = async (fields: Record<string, string>) => {
    const { title = '', text } = fields;
    const place = { x: tile.x, y: tile.y, w: tile.w, h: tile.h };
    done(
      chart === 'text'
        ? { ...place, title, chart, text }
        : { ...place, title, chart, query: asked(chart, fields) },
    );
  };
  const [operator = '', filtered = '', [value = ''] = []] = tile.query?.filters?.[0] ?? [];
  return (
    <Modal
      opened
      onClose={close}
      title={title}
      closeButtonProps={{ 'aria-label': 'Close' }}
      lockScroll={false}
    >
      <Form title="Tile" action="Take it" submit={submit}>
        <Field name="title" label="Title" defaultValue={tile.title} autoComplete="off" />
        <Choice
          name="chart"
          label="Shown as"
          value={chart}
          options={CHARTS}
          choose={(next) => setChart(next as ChartKind)}
        />
        {chart === 'text' ? (
          <label className="field">
            <span>Text</span>
            <textarea name="text" rows={5} defaultValue={tile.text} required />
          </label>
        ) : (
          <>
            <Choice
              name="metric"
              label="What is counted"
              value={tile.query?.metrics[0] ?? 'visitors'}
              options={Object.fromEntries(metrics.map((name) => [name, name.replaceAll('_', ' ')]))}
            />
            {by.time && (
              <Choice
                name="step"
                label="By time"
                value={dimensions.find((one) => one.startsWith('time:')) ?? 'time:day'}
                options={STEPS}
              />
            )}
            {by.other && (
              <Choice
                name="dimension"
                label="By"
                value={dimensions.find((one) => !one.startsWith('time:')) ?? 'visit:source'}
                options={DIMENSIONS}
              />
            )}
            <Choice
              name="period"
              label="Time"
              value={typeof tile.query?.date_range === 'string' ? tile.query.date_range : '30d'}
              options={Object.fromEntries(
                PERIODS.filter(([name]) => KNOWN.has(name)).map(([name, label]) => [name, label]),
              )}
            />
            <Choice
              name="filtered"
              label="Only where"
              value={operator === 'is' ? filtered : ''}
              options={{ '': 'everything', ...DIMENSIONS }}
            />
            <Field name="value" label="is" defaultValue={value} autoComplete="off" />
          </>
        )}
      </Form>
    </Modal>
  );
}

function asked(chart: ChartKind, fields: Record<string, string>): Tile['query'] {
  const { metric = 'visitors', step, dimension, period = '30d', filtered, value } = fields;
  const dimensions =
    chart === 'map' ? ['visit:country'] : [step, dimension].filter((one) => one !== undefined);
  return {
    metrics: [metric],
    date_range: period,
    dimensions,
    ...(filtered && value && { filters: [['is', filtered, [value]]] }),
    ...(step && { include: { time_labels: true } }),
    pagination: { limit: chart === 'pie' || chart === 'table' ? ROWS : SERIES, offset: 0 },
  };
}

interface ChoiceProps {
  name: string;
  label: string;
  value: string;
  options: Record<string, string>;
  choose?: (value: string) => void;
}

function Choice({ name, label, value, options, choose }: ChoiceProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <select
        name={name}
        {...(choose ? { value, onChange: (event) => choose(event.target.value) } : { defaultValue: value })}
      >
        {Object.entries(options).map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
