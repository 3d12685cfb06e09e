import { Button, Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Board, shareBoard, unshareBoard } from '../api/boards';
import { Field, Form } from '../session/Form';

/** Shares a page by a link, with a password and in frames where that is wanted. */
export function Sharing({ board }: { board: Board }) {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const again = () => client.invalidateQueries({ queryKey: ['board', board.id] });
  const stop = async () => {
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
        onClose={() => setOpen(false)}
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
          action={board.link ? 'Change the link' : 'Share'}
          submit={async ({ password, embed }) => {
            await shareBoard(board.id, { ...(password && { password }), embed: embed === 'on' });
            await again();
          }}
        >
          <Field name="password" label="Password" autoComplete="off">
            {board.link?.has_password
              ? 'There is one. Left empty, it is taken away.'
              : 'Left empty, none is asked for.'}
          </Field>
          <label className="check">
            <input type="checkbox" name="embed" defaultChecked={board.link?.embed} /> Other sites may show it
            in a frame
          </label>
        </Form>
      </Modal>
    </>
  );
}
