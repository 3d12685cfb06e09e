import { useComputedColorScheme } from '@mantine/core';
import type { EChartsCoreOption, EChartsType } from 'echarts/core';
import { useEffect, useRef } from 'react';

export interface Colours {
  ink: string;
  soft: string;
  line: string;
  accent: string;
  wash: string;
  card: string;
  good: string;
}

function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of('ink'),
    soft: of('soft'),
    line: of('line'),
    accent: of('accent'),
    wash: of('wash'),
    card: of('card'),
    good: of('good'),
  };
}

interface Props {
  label: string;
  kind?: string;
  /** Must keep its identity while what it draws is the same. */
  option: (colours: Colours) => EChartsCoreOption;
  choose?: (name: string) => void;
  prepare?: () => Promise<void>;
}

/** A chart whose library is loaded when the first one is shown. Its figures stand in a table beside it. */
export function Chart({ label, kind = '', option, choose, prepare }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const latest = useRef({ choose });
  latest.current = { choose };
  const scheme = useComputedColorScheme();

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme changes what colours() reads
  useEffect(() => {
    let gone = false;
    (async () => {
      const [{ init }] = await Promise.all([import('./echarts'), prepare?.()]);
      if (gone || !element.current) return;
      if (!chart.current) {
        chart.current = init(element.current);
        chart.current.on('click', ({ name }) => latest.current.choose?.(name));
      }
      chart.current.setOption(option(colours()), { notMerge: true });
    })();
    return () => {
      gone = true;
    };
  }, [option, prepare, scheme]);

  useEffect(() => {
    const sizes = new ResizeObserver(([entry]) => {
      // A map without a size has no projection to draw with.
      if (entry?.contentRect.width) chart.current?.resize();
    });
    if (element.current) sizes.observe(element.current);
    return () => {
      sizes.disconnect();
      chart.current?.dispose();
      chart.current = null;
    };
  }, []);

  return <div ref={element} className={`chart ${kind}`} role="img" aria-label={label} />;
}
