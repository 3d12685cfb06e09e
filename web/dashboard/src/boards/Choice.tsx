import type { ReactNode } from 'react';

interface Props {
  name: string;
  label: string;
  value: string;
  options: Record<string, string>;
  choose?: (value: string) => void;
  /** A word of help. */
  children?: ReactNode;
}

/** One of several, in a form. A value that is not offered stays until somebody chooses another. */
export function Choice({ name, label, value, options, choose, children }: Props) {
  const all = value in options ? options : { [value]: value, ...options };
  return (
    <label className="field">
      <span>{label}</span>
      <select
        name={name}
        {...(choose ? { value, onChange: (event) => choose(event.target.value) } : { defaultValue: value })}
      >
        {Object.entries(all).map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
      {children && <small>{children}</small>}
    </label>
  );
}
