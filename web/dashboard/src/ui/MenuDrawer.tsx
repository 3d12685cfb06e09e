import { Drawer } from '@mantine/core';
import { Foot } from './Foot';
import { Nav } from './Nav';

/** The list of pages where there is no room for it beside them. */
export function MenuDrawer({ site, close }: { site: string; close: () => void }) {
  return (
    <Drawer
      opened
      onClose={close}
      title="Pages"
      size={280}
      closeButtonProps={{ 'aria-label': 'Close' }}
      lockScroll={false}
    >
      <div className="side">
        <Nav site={site} go={close} />
        <Foot go={close} />
      </div>
    </Drawer>
  );
}
