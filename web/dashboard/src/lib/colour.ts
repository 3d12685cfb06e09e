/** Makes any colour one that can be read on a page. */

const LEAST_CONTRAST = 4.6;
const STEPS = 40;

type Rgb = [number, number, number];

const parse = (hex: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as Rgb;
const write = (rgb: Rgb) => `#${rgb.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`;

/** Relative luminance by WCAG 2.2. */
function luminance(rgb: Rgb): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export function contrast(one: string, other: string): number {
  const [a, b] = [luminance(parse(one)), luminance(parse(other))];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** The colour, as much darker or lighter as it takes to be read on all of these grounds. */
export function readable(hex: string, ...grounds: string[]): string {
  const from = parse(hex);
  const dark = luminance(parse(grounds[0] ?? '#ffffff')) < 0.2;
  const to = dark ? 255 : 0;
  for (let step = 0; step <= STEPS; step++) {
    const mixed = write(from.map((part) => part + ((to - part) * step) / STEPS) as Rgb);
    if (grounds.every((ground) => contrast(mixed, ground) >= LEAST_CONTRAST)) return mixed;
  }
  return dark ? '#ffffff' : '#000000';
}
