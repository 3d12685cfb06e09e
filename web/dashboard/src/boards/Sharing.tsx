import { Button, Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Board, shareBoard, unshareBoard } from '../api/boards';
import { Field, Form } from '../session/Form';

/** Shares a page by a link, with a password and in frames where that is wanted. */
export function Sharing({ board }: { board: Board }) {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const [saved, setSaved] = useState(false);
  const again = () => client.invalidateQueries({ queryKey: ['board', board.id] });
  const stop = async () => {
    if (!confirm('Stop sharing? Whoever has the address sees nothing from then on.')) return;
    await unshareBoard(board.id);
    await again();
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
          setSaved(false);
        }}
        title="Share by a link"
        closeButtonProps={{ 'aria-label': 'Close' }}
        lockScroll={false}
      >
        {address && (
          <div className="field">
            <span>Whoever has this address sees the page and nothing else</span>
            <code className="secret">{address}</code>
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
            setSaved(true);
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
        {saved && board.link && (
          <p role="status" className="soft">
            Saved. The address is the same as before{board.link.has_password && ', and asks for a password'}.
          </p>
        )}
      </Modal>
    </>
  );
}
