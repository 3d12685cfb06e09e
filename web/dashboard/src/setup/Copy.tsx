import { Button } from '@mantine/core';
import { useState } from 'react';
import { copy } from '../lib/clipboard';

/** A text to be taken elsewhere. */
export const Copyable = ({ text, className }: { text: string; className?: string }) => (
  <div className="snippet">
    <pre>
      <code className={className}>{text}</code>
    </pre>
    <Copy text={text} />
  </div>
);

/** Puts a text where it can be pasted from, and says so. */
function Copy({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const take = async () => {
    await copy(text);
    setCopied(true);
  };
  return (
    <Button variant="default" size="xs" onClick={take} onBlur={() => setCopied(false)}>
      {copied ? 'Copied' : 'Copy'}
    </Button>
  );
}
