import { Button, Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Board, shareBoard, unshareBoard } from '../api/boards';
import { Field, Form } from '../session/Form';
import { Copyable } from '../setup/Copy';

/** What became of the link, with a password or without. */
const SAID = {
  Shared: (asks: boolean) => `Shared.${asks ? ' It asks for the password.' : ''}`,
  Saved: (asks: boolean) =>
    `Saved. The address is the same as before${asks ? ', and asks for a password' : ''}.`,
};

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** The page as a part of another one. */
const frameOf = (address: string, name: string) =>
  `<iframe src="${address}" title="${name.replace(/[&<>"]/g, (sign) => ESCAPES[sign] ?? sign)}" width="100%" height="800" loading="lazy"></iframe>`;

/** Shares a page by a link, with a password and in frames where that is wanted. */
export function Sharing({ board }: { board: Board }) {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [done, setDone] = useState<'Shared' | 'Saved'>();
  const again = () => client.invalidateQueries({ queryKey: ['board', board.id] });
  const stop = async () => {
    if (!confirm('Stop sharing? Whoever has the address sees nothing from then on.')) return;
    await unshareBoard(board.id);
    await again();
    setDone(undefined);
  };
  const address = board.link && `${location.origin}/shared/${board.link.token}`;
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setOpen(true)}>
        {board.link ? 'Shared' : 'Share'}
      </Button>
      <Modal
        opened={open}
        onClose={() => {
          setOpen(false);
          setDone(undefined);
        }}
        title="Share by a link"
        closeButtonProps={{ 'aria-label': 'Close' }}
        lockScroll={false}
      >
        {address && (
          <div className="field">
            <span>Whoever has this address sees the page and nothing else</span>
            <Copyable text={address} className="secret" />
            {board.link?.embed && (
              <>
                <span>Put this where another site is to show it</span>
                <Copyable text={frameOf(address, board.name)} />
              </>
            )}
            <Button size="xs" variant="default" onClick={stop}>
              Stop sharing
            </Button>
          </div>
        )}
        <Form
          title="Link"
          action={board.link ? 'Save' : 'Share'}
          submit={async ({ password = '', open, embed }) => {
            const asked = open === 'on' ? { password: '' } : password && { password };
            await shareBoard(board.id, { ...asked, embed: embed === 'on' });
            await again();
            setDone(board.link ? 'Saved' : 'Shared');
          }}
        >
          <Field name="password" label="Password" autoComplete="off">
            {board.link?.has_password
              ? 'There is one. Left empty, it stays as it is.'
              : 'Left empty, none is asked for.'}
          </Field>
          {board.link?.has_password && (
            <label className="check">
              <input type="checkbox" name="open" /> Ask for no password any more
            </label>
          )}
          <label className="check">
            <input type="checkbox" name="embed" defaultChecked={board.link?.embed} /> Other sites may show it
            in a frame
          </label>
        </Form>
        {done && board.link && (
          <p role="status" className="soft">
            {SAID[done](board.link.has_password)}
          </p>
        )}
      </Modal>
    </>
  );
}
