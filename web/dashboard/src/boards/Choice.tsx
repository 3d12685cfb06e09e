interface Props {
  name: string;
  label: string;
  value: string;
  options: Record<string, string>;
  choose?: (value: string) => void;
}

/** One of several, in a form. */
export function Choice({ name, label, value, options, choose }: Props) {
  return (
    <label className="field">
      <span>{label}</span>
      <select
        name={name}
        {...(choose ? { value, onChange: (event) => choose(event.target.value) } : { defaultValue: value })}
      >
        {Object.entries(options).map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
