import { useCallback } from 'react';
import type { Step } from '../api/types';
import { Chart, type Colours } from '../charts/Chart';
import { bucket, figure } from '../lib/format';

const GRAIN = 'time:minute';

/** Pageviews of each minute; the one that has begun is paler. */
export function Minutes({ steps }: { steps: Step[] }) {
  const option = useCallback((colours: Colours) => bars(steps, colours), [steps]);
  return (
    <>
      <Chart label="Pageviews by the minute; the same figures are in the table below" option={option} />
      <details className="twin">
        <summary>The minutes as a table</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <section aria-label="Figures of the minutes" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Minute</th>
                <th scope="col">Visitors</th>
                <th scope="col">Pageviews</th>
              </tr>
            </thead>
            <tbody>
              {steps.map(({ time, visitors, pageviews }) => (
                <tr key={time}>
                  <th scope="row">{bucket(time, GRAIN)}</th>
                  <td>{figure('visitors', visitors)}</td>
                  <td>{figure('pageviews', pageviews)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </>
  );
}

function bars(steps: Step[], colours: Colours) {
  const last = steps.length - 1;
  return {
    animation: false,
    grid: { left: 8, right: 12, top: 12, bottom: 4, containLabel: true },
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText',
      backgroundColor: colours.card,
      borderColor: colours.line,
      textStyle: { color: colours.ink },
      formatter: ([point]: { dataIndex: number }[]) => {
        const step = steps[point?.dataIndex ?? 0];
        return step
          ? `${bucket(step.time, GRAIN)}\n${figure('pageviews', step.pageviews)} pageviews\n${figure('visitors', step.visitors)} visitors`
          : '';
      },
    },
    xAxis: {
      type: 'category',
      data: steps.map(({ time }) => bucket(time, GRAIN)),
      axisLabel: { color: colours.soft, hideOverlap: true },
      axisLine: { lineStyle: { color: colours.line } },
      axisTick: { show: false },
    },
    yAxis: {
      type: 'value',
      minInterval: 1,
      splitNumber: 4,
      axisLabel: { color: colours.soft },
      splitLine: { lineStyle: { color: colours.line } },
    },
    series: [
      {
        type: 'bar',
        barCategoryGap: '20%',
        data: steps.map(({ pageviews }, index) => ({
          value: pageviews,
          itemStyle: {
            color: colours.accent,
            opacity: index === last ? 0.45 : 1,
            borderRadius: [3, 3, 0, 0],
          },
        })),
      },
    ],
  };
}
