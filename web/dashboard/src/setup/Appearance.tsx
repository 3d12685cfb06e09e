import { useQueryClient } from '@tanstack/react-query';
import { type ChangeEvent, useEffect, useRef, useState } from 'react';
import { changeLook, LOGO, type Look } from '../api/look';
import { contrast, readable } from '../lib/colour';
import { useMay } from '../session/data';
import { Field, Form } from '../session/Form';
import { ForOwner } from '../session/ForOwner';
import { useLook } from '../ui/look';
import { Nothing } from '../ui/Notice';

/** What the server takes for a logo. */
const PICTURES = ['image/png', 'image/jpeg', 'image/webp', 'image/svg+xml'];
const MOST_KB = 200;

const OURS = '#4f46e5';
const SUGGESTED = ['#4f46e5', '#0d8f6f', '#0a6fb3', '#b4452c', '#c0327a', '#7c3aed', '#3f4656'];

/** The organisation's name, colour and logo, on every page and for everybody. */
export function Appearance() {
  const { look } = useLook();
  const may = useMay('admin');
  useEffect(() => {
    document.title = 'Appearance · OpenTrace';
  }, []);
  if (!may)
    return (
      <Nothing title="You cannot change the appearance">
        <ForOwner />
      </Nothing>
    );
  return look && <Fields look={look} />;
}

/** Why a file cannot be the logo, where it cannot. */
function faultOf({ type, size }: File): string | undefined {
  if (!PICTURES.includes(type)) return 'The logo is a picture: a PNG, JPEG, WebP or SVG.';
  const kilobytes = Math.ceil(size / 1024);
  if (kilobytes > MOST_KB) return `This picture has ${kilobytes} kB. A logo has ${MOST_KB} at most.`;
}

function Fields({ look }: { look: Look }) {
  const client = useQueryClient();
  const [accent, setAccent] = useState(look.accent || OURS);
  const [logo, setLogo] = useState<string>();
  const [saved, setSaved] = useState(false);
  const [fault, setFault] = useState<string>();
  const field = useRef<HTMLInputElement>(null);
  const picture = logo ?? (look.has_logo ? LOGO : '');
  /** Takes no file, or no longer the one that was chosen. */
  const refuse = (why?: string) => {
    setSaved(false);
    setFault(why);
    setLogo(undefined);
    if (field.current) field.current.value = '';
  };
  const read = ({ target }: ChangeEvent<HTMLInputElement>) => {
    const [file] = target.files ?? [];
    if (!file) return;
    setSaved(false);
    const why = faultOf(file);
    if (why) return refuse(why);
    setFault(undefined);
    const reader = new FileReader();
    reader.onload = () => setLogo(String(reader.result));
    reader.readAsDataURL(file);
  };
  return (
    <Form
      title="Appearance"
      action="Save"
      submit={async ({ name = '' }) => {
        setSaved(false);
        const chosen = accent === OURS ? '' : accent;
        const kept = await changeLook({ name, accent: chosen, ...(logo !== undefined && { logo }) });
        setSaved(true);
        client.setQueryData(['look'], kept);
      }}
    >
      <p>What stands above every page, the form to sign in, and pages that are shared.</p>
      <Field name="name" label="Name" defaultValue={look.name} placeholder="OpenTrace" autoComplete="off" />
      <div className="field">
        <span>Colour</span>
        <div className="tools">
          <input
            type="color"
            aria-label="Colour"
            value={accent}
            onChange={(event) => setAccent(event.target.value)}
          />
          {SUGGESTED.map((colour) => (
            <button
              key={colour}
              type="button"
              className="swatch"
              aria-label={colour === OURS ? 'The usual colour' : `Colour ${colour}`}
              aria-pressed={colour === accent}
              onClick={() => setAccent(colour)}
            >
              <svg viewBox="0 0 22 22" width="22" height="22" aria-hidden="true">
                <circle cx="11" cy="11" r="10" fill={colour} />
              </svg>
            </button>
          ))}
        </div>
        {contrast(accent, '#ffffff') < 4.5 && (
          <small>
            It is too light to be read on white, so {readable(accent, '#ffffff')} is shown there instead.
          </small>
        )}
      </div>
      <label className="field">
        <span>Logo</span>
        <input
          ref={field}
          type="file"
          accept={PICTURES.join()}
          aria-describedby="logo-help"
          onChange={read}
        />
        <small id="logo-help">PNG, JPEG, WebP or SVG, at most {MOST_KB} kB; shown 26 pixels high.</small>
      </label>
      {fault && (
        <p className="problem" role="alert">
          {fault}
        </p>
      )}
      {picture && (
        <div className="tools">
          <span className="brand">
            <img
              src={picture}
              alt="The logo"
              onError={() => logo && refuse('This file holds no picture that can be shown.')}
            />
          </span>
          <button
            type="button"
            className="plain"
            onClick={() => {
              refuse();
              setLogo('');
            }}
          >
            Remove the logo
          </button>
        </div>
      )}
      {saved && <p role="status">Saved.</p>}
    </Form>
  );
}
