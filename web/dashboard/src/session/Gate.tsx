import { Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import { Failure } from '../ui/Notice';
import { useSession } from './data';
import { Setup } from './Setup';
import { SignIn } from './SignIn';

interface Props {
  /** Whether who looks was inside before. */
  again: boolean;
  children: ReactNode;
}

/** Shows what is inside to whoever may read, and asks everybody else who they are. */
export function Gate({ again, children }: Props) {
  const { data, error, refetch } = useSession();
  if (error) return <Failure error={error} retry={refetch} />;
  if (!data) return <Skeleton height={300} role="status" aria-label="Loading" />;
  if (data.state === 'new') return <Setup />;
  if (data.state === 'signed_out') return <SignIn again={again} />;
  return children;
}
