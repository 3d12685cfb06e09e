import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type Definition, type DefinitionKind, define, definitions, undefine } from '../api/reports';
import { useMay } from '../session/data';
import { Field, Form } from '../session/Form';

interface Props {
  kind: DefinitionKind;
  site: string;
  /** What would be saved; nothing where it is not complete. */
  definition: Record<string, unknown> | undefined;
  open: (saved: Definition) => void;
}

/** What was saved, and a name to save what is shown under. It is kept up to date from then on. */
export function Saved({ kind, site, definition, open }: Props) {
  const client = useQueryClient();
  const mayChange = useMay('write');
  const key = ['definitions', kind, site];
  const { data } = useQuery({ queryKey: key, queryFn: ({ signal }) => definitions(kind, site, signal) });
  const again = () => client.invalidateQueries({ queryKey: key });
  return (
    <>
      {data && data.length > 0 && (
        <ul className="saved" aria-label="Saved">
          {data.map((saved) => (
            <li key={saved.id}>
              <button type="button" className="chip" onClick={() => open(saved)}>
                {saved.name}
              </button>
              {mayChange && (
                <button
                  type="button"
                  className="plain"
                  aria-label={`Delete ${saved.name}`}
                  onClick={() => undefine(kind, saved.id).then(again)}
                >
                  ×
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {mayChange && definition && (
        <details>
          <summary>Save it</summary>
          <Form
            title="Save"
            action="Save"
            submit={async ({ name = '' }) => {
              await define(kind, { site_id: site, name, ...definition });
              await again();
            }}
          >
            <Field name="name" label="Name" required autoComplete="off" />
          </Form>
        </details>
      )}
    </>
  );
}
