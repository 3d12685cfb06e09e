import { Link } from '@tanstack/react-router';
import { useAnswer } from '../ui/data';
import { Nothing } from '../ui/Notice';
import { type SiteView, wholeOf } from './context';
import { totals } from './Summary';

/** Whether nothing ever came from a site. It is asked where its tiles say that nothing came lately. */
export function useSilence(view: SiteView): boolean {
  const { data } = useAnswer(totals(view));
  const [visitors] = data?.results[0]?.metrics ?? [];
  const isQuiet = data !== undefined && !visitors && view.filters.length === 0;
  const ever = useAnswer(isQuiet ? wholeOf(view.site) : null);
  return isQuiet && ever.data !== undefined && !ever.data.results[0]?.metrics[0];
}

/** What to do where nothing ever came. The page goes on by itself when something does. */
export const Waiting = ({ site }: { site: string }) => (
  <section className="card" aria-label="First event">
    <Nothing title={`Nothing has come from ${site} yet`}>
      <p role="status">
        <span className="dot waiting" />
        Waiting for the first event. It shows here by itself.
      </p>
      <Link to="/sites/$site/install" params={{ site }} className="button">
        Put the snippet into its pages
      </Link>
    </Nothing>
  </section>
);
