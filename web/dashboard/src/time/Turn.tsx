interface Props {
  label: string;
  sign: string;
  turn: () => void;
  disabled?: boolean;
}

/** A sign that leads to another time. */
export function Turn({ label, sign, turn, disabled }: Props) {
  return (
    <button type="button" className="plain" aria-label={label} disabled={disabled} onClick={turn}>
      {sign}
    </button>
  );
}
