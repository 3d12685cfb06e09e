import { countryName, figure } from '../lib/format';
import { plain } from './base';
import type { Colours } from './Chart';

export interface Areas {
  /** A map that was registered. */
  map: string;
  /** Codes and counts. */
  rows: [string, number][];
  /** What is counted. */
  metric?: string;
  name?: (code: string) => string;
}

/** Parts of a map coloured by their counts. */
export function areas({ map, rows, metric = 'visitors', name = countryName }: Areas, colours: Colours) {
  const base = plain(colours);
  return {
    ...base,
    tooltip: {
      ...base.tooltip,
      formatter: (pointed: { name: string }) =>
        `${name(pointed.name)}: ${figure(metric, rows.find(([code]) => code === pointed.name)?.[1] ?? 0)}`,
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
      map,
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
