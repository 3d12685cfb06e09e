import { useCallback } from 'react';
import type { Step } from '../api/types';
import { axes, plain } from '../charts/base';
import type { Colours } from '../charts/Chart';
import { Figure } from '../charts/Figure';
import { bucket, figure } from '../lib/format';
import type { Column } from '../ui/DataTable';
import { type Corrections, useCorrections } from './useCorrections';

const GRAIN = 'time:minute';

/** Pageviews of each minute; the one that has begun is paler, and one that was corrected is marked. */
export function Minutes({ steps }: { steps: Step[] }) {
  const corrected = useCorrections(steps);
  const says = JSON.stringify([steps, [...corrected]]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `says` stands for what is drawn
  const option = useCallback((colours: Colours) => bars(steps, corrected, colours), [says]);
  const columns: Column<Step>[] = [
    { name: 'Minute', cell: ({ time }) => bucket(time, GRAIN) },
    { name: 'Visitors', cell: ({ visitors }) => figure('visitors', visitors) },
    { name: 'Pageviews', cell: ({ pageviews }) => figure('pageviews', pageviews) },
    { name: 'Corrected', cell: ({ time }) => said(corrected.get(time)) },
  ];
  return (
    <Figure
      name="minutes"
      label="Pageviews by the minute"
      option={option}
      columns={columns}
      rows={steps}
      id={({ time }) => time}
    >
      {corrected.size > 0 && (
        <p className="marks" role="status">
          <span className="badge warn">corrected</span>
          {[...corrected].map(([time, before]) => `${bucket(time, GRAIN)} ${said(before)}`).join(', ')}
        </p>
      )}
    </Figure>
  );
}

const said = (before: number | undefined) =>
  before === undefined ? '' : `was ${figure('pageviews', before)}`;

function bars(steps: Step[], corrected: Corrections, colours: Colours) {
  const last = steps.length - 1;
  const base = plain(colours);
  return {
    ...base,
    ...axes(
      {
        labels: steps.map(({ time }) => bucket(time, GRAIN)),
        times: steps.map(({ time }) => time),
        whole: true,
      },
      colours,
    ),
    tooltip: {
      ...base.tooltip,
      trigger: 'axis',
      formatter: ([point]: { dataIndex: number }[]) => {
        const step = steps[point?.dataIndex ?? 0];
        if (!step) return '';
        const before = corrected.get(step.time);
        return [
          bucket(step.time, GRAIN),
          `${figure('pageviews', step.pageviews)} pageviews`,
          `${figure('visitors', step.visitors)} visitors`,
          ...(before === undefined ? [] : [`corrected, ${said(before)}`]),
        ].join('\n');
      },
    },
    series: [
      {
        type: 'bar',
        barCategoryGap: '20%',
        data: steps.map(({ time, pageviews }, index) => ({
          value: pageviews,
          itemStyle: {
            color: corrected.has(time) ? colours.warn : colours.accent,
            opacity: index === last ? 0.45 : 1,
            borderRadius: [3, 3, 0, 0],
          },
        })),
      },
    ],
  };
}
