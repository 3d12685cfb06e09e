import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { createBoard } from '../api/boards';
import { useLive } from '../live/useLive';
import { readyRoute } from '../router';
import { useMay } from '../session/data';
import { useFresh } from '../site/fresh';
import { Failure, Nothing } from '../ui/Notice';
import { Asking } from './Asking';
import { Grid } from './Grid';
import { TEMPLATES } from './templates';

/** A template with the figures of the site: to look at, and to make one's own. */
export function ReadyPage() {
  const { site, name } = readyRoute.useParams();
  const client = useQueryClient();
  const navigate = useNavigate();
  const mayChange = useMay('write');
  const [problem, setProblem] = useState<Error>();
  useFresh(useLive(site).figures, true, true);
  useEffect(() => {
    document.title = `${name} · ${site}`;
  }, [name, site]);
  const tiles = TEMPLATES[name];
  if (!tiles?.length)
    return (
      <Nothing title="There is no such dashboard">
        <Link to="/sites/$site/dashboards" params={{ site }}>
          All dashboards
        </Link>
      </Nothing>
    );
  const take = async () => {
    try {
      const { id } = await createBoard(site, { name, tiles });
      await client.invalidateQueries({ queryKey: ['boards', site] });
      await navigate({ to: '/sites/$site/dashboards/$id', params: { site, id } });
    } catch (error) {
      setProblem(error as Error);
    }
  };
  return (
    <>
      <div className="tools">
        <h1>{name}</h1>
        <span className="grow" />
        {mayChange && (
          <Button size="xs" onClick={take}>
            Make it your own
          </Button>
        )}
      </div>
      {problem && <Failure error={problem} retry={take} />}
      <Grid tiles={tiles}>{(tile) => <Asking site={site} tile={tile} />}</Grid>
    </>
  );
}
