import { countryName, figure } from '../lib/format';
import type { Colours } from './Chart';

/** Countries coloured by their counts. */
export function countries(rows: [string, number][], colours: Colours) {
  return {
    animation: false,
    tooltip: {
      // Drawn on the canvas: the page's policy allows no inline styles.
      renderMode: 'richText',
      formatter: ({ name }: { name: string }) =>
        `${countryName(name)}: ${figure('visitors', rows.find(([code]) => code === name)?.[1] ?? 0)}`,
    },
    visualMap: {
      show: false,
      seriesIndex: 0,
      min: 0,
      // A square root lets small countries be seen beside one large one.
      max: Math.max(1, ...rows.map(([, count]) => Math.sqrt(count))),
      dimension: 0,
      inRange: { color: [colours.wash, colours.accent] },
    },
    geo: {
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
    },
    series: [
      {
        type: 'map',
        geoIndex: 0,
        data: rows.map(([name, count]) => ({ name, value: Math.sqrt(count) })),
      },
    ],
  };
}
