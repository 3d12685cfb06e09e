import type { Colours } from './Chart';

/** What all charts have: nothing moves by itself, and what is pointed at is told on the canvas. */
export const plain = (colours: Colours) => ({
  animation: false,
  color: colours.series,
  textStyle: { color: colours.ink },
  // Drawn on the canvas: the page's policy allows no inline styles.
  tooltip: {
    renderMode: 'richText',
    backgroundColor: colours.card,
    borderColor: colours.line,
    textStyle: { color: colours.ink },
  },
});

interface Axes {
  labels: string[];
  /** The times that the labels are of, as the server says them; without them they are taken for days. */
  times?: string[] | undefined;
  /** Whether the labels are names, of no time. */
  names?: boolean;
  /** How a figure is written beside the axis. */
  write?: (value: number) => string;
  /** Whether lines begin at the edge. */
  edge?: boolean;
  whole?: boolean;
}

/** Names below, figures beside. */
export const axes = (
  { labels, times = [], names = false, write, edge = false, whole = false }: Axes,
  colours: Colours,
) => ({
  grid: { left: 8, right: 12, top: 12, bottom: 4, containLabel: true },
  xAxis: {
    type: 'category',
    boundaryGap: !edge,
    data: labels,
    // Read by the chart, which knows how many labels there is room for.
    ...(!names && { times }),
    axisLabel: {
      color: colours.soft,
      hideOverlap: true,
    },
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { show: false },
  },
  yAxis: {
    type: 'value',
    splitNumber: 4,
    ...(whole && { minInterval: 1 }),
    axisLabel: { color: colours.soft, ...(write && { formatter: write }) },
    splitLine: { lineStyle: { color: colours.line } },
  },
});
