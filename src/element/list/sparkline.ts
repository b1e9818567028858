/** Returns the SVG path of an area chart, 40 units by 10; the latest sample comes last. Empty for fewer than 3 samples. */
export function sparklinePath(samples: readonly number[]): string {
  const max = Math.max(...samples);
  if (samples.length < 3 || !(max > 0)) return '';
  const step = 40 / (samples.length - 1);
  const points = samples.map((speed, index) => `${(index * step).toFixed(1)} ${(10 - (speed / max) * 9).toFixed(1)}`);
  return `M0 10L${points.join('L')}V10z`;
}
