import { useCallback } from 'react';
import { countryName, figure } from '../lib/format';
import { Chart, type Colours } from './Chart';

const prepare = () => import('./world').then(() => undefined);

export function WorldMap({ rows, choose }: { rows: [string, number][]; choose?: (code: string) => void }) {
  const option = useCallback(
    (colours: Colours) => ({
      animation: false,
      tooltip: {
        // Drawn on the canvas: the page's policy allows no inline styles.
        renderMode: 'richText',
        formatter: ({ name }: { name: string }) =>
          `${countryName(name)}: ${figure('visitors', rows.find(([code]) => code === name)?.[1] ?? 0)}`,
      },
      visualMap: {
        show: false,
        min: 0,
        // A square root lets small countries be seen beside one large one.
        max: Math.max(1, ...rows.map(([, count]) => Math.sqrt(count))),
        dimension: 0,
        inRange: { color: [colours.wash, colours.accent] },
      },
      series: [
        {
          type: 'map',
          map: 'world',
          left: 0,
          right: 0,
          top: 0,
          bottom: 0,
          preserveAspect: 'contain',
          selectedMode: false,
          label: { show: false },
          emphasis: { label: { show: false }, itemStyle: { areaColor: colours.accent } },
          itemStyle: { areaColor: colours.line, borderColor: colours.card },
          data: rows.map(([name, count]) => ({ name, value: Math.sqrt(count) })),
        },
      ],
    }),
    [rows],
  );
  return <Chart label="Visitors by country" kind="map" option={option} prepare={prepare} choose={choose} />;
}
