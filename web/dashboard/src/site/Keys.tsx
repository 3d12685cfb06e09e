import { Modal } from '@mantine/core';
import { PERIODS } from '../lib/range';
import { useReturn } from '../ui/useReturn';
import { KEYS } from './shortcuts';

/** What the keyboard does. */
export function Keys({ close }: { close: () => void }) {
  useReturn();
  const all = [...PERIODS.map(([, label, letter]) => [letter.toUpperCase(), label] as const), ...KEYS];
  return (
    <Modal
      opened
      onClose={close}
      title="Keys"
      closeButtonProps={{ 'aria-label': 'Close' }}
      lockScroll={false}
    >
      <dl className="keys">
        {all.map(([key, label]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
