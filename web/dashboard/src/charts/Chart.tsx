import { useComputedColorScheme } from '@mantine/core';
import type { EChartsCoreOption, EChartsType } from 'echarts/core';
import { useEffect, useRef, useState } from 'react';
import { useLook } from '../ui/look';
import { spaced } from './spaced';

const NAMES = ['ink', 'soft', 'line', 'accent', 'card', 'sunk', 'good', 'bad', 'warn'] as const;
const SERIES = 8;
/** How far two colours are apart that nobody takes for each other. */
const CLEAR = 90;

export type Colours = Record<(typeof NAMES)[number] | 'wash', string> & { series: string[] };

/** A colour as the canvas understands it, whatever the style sheet calls it. */
function resolved(expression: string): string {
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!probe) return '#888888';
  probe.fillStyle = expression;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue] = probe.getImageData(0, 0, 1, 1).data;
  return `rgb(${red}, ${green}, ${blue})`;
}

type Rgb = [number, number, number];

const rgb = (colour: string) => (colour.match(/\d+/g) ?? []).map(Number) as Rgb;
const apart = (one: Rgb, other: Rgb) => Math.hypot(...one.map((part, at) => part - (other[at] ?? 0)));

/** Colours of kinds, the accent first: those that an organisation's own could be taken for come last. */
function told(series: string[]): string[] {
  const [accent = '', ...others] = series;
  const own = rgb(resolved(accent));
  const clear = (colour: string) => apart(own, rgb(resolved(colour))) > CLEAR;
  return [accent, ...others.filter(clear), ...others.filter((colour) => !clear(colour))];
}

function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ...(Object.fromEntries(NAMES.map((name) => [name, of(name)])) as Record<(typeof NAMES)[number], string>),
    wash: resolved(of('wash')),
    series: told(Array.from({ length: SERIES }, (_, place) => of(`series-${place + 1}`))),
  };
}

interface Props {
  label: string;
  kind?: string;
  /** Must keep its identity while what it draws is the same. */
  option: (colours: Colours, width: number) => EChartsCoreOption;
  choose?: (name: string) => void;
  prepare?: () => Promise<void>;
  /** Pixels that it needs: where there are fewer, it is scrolled sideways. */
  least?: number;
}

/** A chart whose library is loaded when the first one is shown. Its figures stand in a table beside it. */
export function Chart({ label, kind = '', option, choose, prepare, least }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const latest = useRef({ choose, option });
  latest.current = { choose, option };
  const [missing, setMissing] = useState(false);
  const scheme = useComputedColorScheme();
  const accent = useLook().look?.accent;

  // biome-ignore lint/correctness/useExhaustiveDependencies: scheme and accent change what colours() reads
  useEffect(() => {
    let gone = false;
    (async () => {
      const parts = await Promise.all([import('./echarts'), prepare?.()]).catch(() => undefined);
      if (!parts) return setMissing(true);
      const [{ init }] = parts;
      if (gone || !element.current) return;
      if (!chart.current) {
        chart.current = init(element.current);
        chart.current.on('click', ({ name }) => latest.current.choose?.(name));
      }
      const { clientWidth } = element.current;
      chart.current.setOption(spaced(option(colours(), clientWidth), clientWidth), { notMerge: true });
      element.current.dataset.drawn = String(Number(element.current.dataset.drawn ?? 0) + 1);
    })();
    return () => {
      gone = true;
    };
  }, [option, prepare, scheme, accent]);

  useEffect(() => {
    const sizes = new ResizeObserver(([entry]) => {
      const width = entry?.contentRect.width;
      // A map without a size has no projection to draw with.
      if (!width || !chart.current) return;
      chart.current.resize();
      const { option } = latest.current;
      // Labels that there is room for now.
      chart.current.setOption(spaced(option(colours(), width), width), { notMerge: true });
    });
    if (element.current) sizes.observe(element.current);
    return () => {
      sizes.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);

  if (missing)
    return <p className={`chart ${kind} soft`}>The chart did not come. Its figures are in the table.</p>;
  const drawing = <div ref={element} className={`chart ${kind}`} role="img" aria-label={label} />;
  if (!least) return drawing;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="sideways" aria-label="The whole chart, to be scrolled" tabIndex={0}>
      <div style={{ minWidth: least }}>{drawing}</div>
    </section>
  );
}
