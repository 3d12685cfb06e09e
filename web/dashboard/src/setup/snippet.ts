/** How the tracker is asked for; the names are those of its attributes. */
export interface Wanted {
  hash: boolean;
  dnt: boolean;
  neutral: boolean;
  noscript: boolean;
  vitals: boolean;
  errors: boolean;
  forms: boolean;
}

const EXTENSIONS = ['vitals', 'errors', 'forms'] as const;

/** The lines a site puts into the head of its pages. */
export function snippet(origin: string, site: string, folder: string, wanted: Wanted): string {
  const base = wanted.neutral ? `${origin}/${folder}` : `${origin}/js`;
  const extensions = EXTENSIONS.filter((name) => wanted[name]);
  const attributes = [
    `data-site="${site}"`,
    wanted.neutral && `data-api="${base}/e"`,
    wanted.hash && 'data-hash="true"',
    wanted.dnt && 'data-dnt="true"',
    extensions.length > 0 && `data-extensions="${extensions.join(' ')}"`,
    `src="${base}/${wanted.neutral ? 's' : 'opentrace'}.js"`,
  ];
  const script = `<script defer ${attributes.filter(Boolean).join(' ')}></script>`;
  if (!wanted.noscript) return script;
  const picture = `${base}/${wanted.neutral ? 'p' : 'pixel'}.gif?site=${encodeURIComponent(site)}`;
  return `${script}\n<noscript><img src="${picture}" alt="" referrerpolicy="no-referrer-when-downgrade"></noscript>`;
}
