import { useMantineColorScheme } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useSession } from '../session/data';

/** Who is looking, and in which light. */
export function Foot({ go }: { go?: () => void }) {
  const { data: session } = useSession();
  return (
    <div className="side-foot">
      {session?.state === 'signed_in' ? (
        <Link to="/account" className="account" onClick={go}>
          {session.person?.name || 'Account'}
        </Link>
      ) : (
        <span className="account">{session?.state === 'open' ? 'Open on this machine' : ''}</span>
      )}
      <SchemeButton />
    </div>
  );
}

export function SchemeButton() {
  // Without it Mantine writes a style into the page, which the policy forbids.
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const next = { auto: 'light', light: 'dark', dark: 'auto' } as const;
  const sign = { auto: '◐', light: '☀', dark: '☾' };
  return (
    <button
      type="button"
      className="plain scheme"
      aria-label={`Colours: ${colorScheme}. Change to ${next[colorScheme]}`}
      onClick={() => setColorScheme(next[colorScheme])}
    >
      <span aria-hidden="true">{sign[colorScheme]}</span>
    </button>
  );
}
