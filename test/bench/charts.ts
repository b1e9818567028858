/** Draws charts as SVG, in colours that are readable on light and dark pages. */
import type { Growth } from './growth.js';
import { MIB } from './scenarios.js';

const TEXT_COLOUR = '#57606a';
const ELEMENT_COLOUR = '#0a7d33';
const OTHERS_COLOUR = '#8c959f';
const GRID_COLOUR = '#d0d7de';

const escapeXml = (content: string): string =>
  content.replace(/[<>&]/g, (character) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[character]!);

const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escapeXml(content)}</text>`;

const svg = (width: number, height: number, body: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="${TEXT_COLOUR}">\n${body.join('\n')}\n</svg>\n`;

export interface RatioGroup {
  title: string;
  bars: { title: string; ratio: number | null }[];
}

const CHART_WIDTH = 760;
const LABEL_WIDTH = 230;
const BAR_HEIGHT = 14;

/** Draws the time of each client as a bar: its ratio to the limit “four PUTs at a time”, on a logarithmic scale. */
export function ratioChart(groups: readonly RatioGroup[]): string {
  const maxRatio = Math.max(2, ...groups.flatMap(({ bars }) => bars.map(({ ratio }) => ratio ?? 0)));
  const minRatio = 0.25;
  const x = (ratio: number): number =>
    LABEL_WIDTH
    + (Math.log(Math.max(ratio, minRatio) / minRatio) / Math.log(maxRatio / minRatio))
      * (CHART_WIDTH - LABEL_WIDTH - 60);
  const body: string[] = [];
  let y = 20;
  for (const { title, bars } of groups) {
    body.push(text(0, y, title, 'font-weight="600"'));
    for (const { title: client, ratio } of bars) {
      y += BAR_HEIGHT + 4;
      const isOurs = client.includes('mule-upload');
      body.push(text(LABEL_WIDTH - 8, y, client, `text-anchor="end"${isOurs ? ' font-weight="600"' : ''}`));
      if (ratio === null) {
        body.push(text(LABEL_WIDTH + 4, y, 'does not finish', 'font-style="italic"'));
        continue;
      }
      const width = x(ratio) - LABEL_WIDTH;
      body.push(
        `<rect x="${LABEL_WIDTH}" y="${y - BAR_HEIGHT + 3}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="2" fill="${isOurs ? ELEMENT_COLOUR : OTHERS_COLOUR}"/>`,
        text(x(ratio) + 4, y, ratio.toFixed(2)),
      );
    }
    y += 30;
  }
  body.push(
    `<line x1="${x(1).toFixed(1)}" x2="${x(1).toFixed(1)}" y1="26" y2="${y - 22}" stroke="${TEXT_COLOUR}" stroke-dasharray="3 3"/>`,
    text(x(1), y - 8, 'four PUTs', 'text-anchor="middle"'),
  );
  return svg(CHART_WIDTH, y, body);
}

/** Draws time and memory by number of files and parts; both axes are logarithmic. */
export function growthChart(growth: readonly Growth[]): string {
  const panels = [
    { title: 'time, seconds', valueOf: ({ time }: Growth) => time / 1_000, range: [0.1, 1_000] },
    { title: 'page memory over idle, MiB', valueOf: ({ memory }: Growth) => memory / MIB, range: [0.1, 1_000] },
  ] as const;
  const body = panels.flatMap(({ title, valueOf, range: [low, high] }, index) => {
    const left = 50 + index * 370;
    const x = (count: number): number => left + (Math.log10(count) / 4) * 290;
    const y = (value: number): number => 220 - (Math.log10(Math.max(value, low) / low) / Math.log10(high / low)) * 190;
    const ticks = [1, 10, 100, 1_000, 10_000];
    const marks = [0.1, 1, 10, 100, 1_000];
    return [
      text(left, 16, title, 'font-weight="600"'),
      ...ticks.map((tick) => text(x(tick), 238, tick.toLocaleString('en'), 'text-anchor="middle"')),
      ...marks.flatMap((mark) => [
        `<line x1="${left}" x2="${left + 290}" y1="${y(mark)}" y2="${y(mark)}" stroke="${GRID_COLOUR}"/>`,
        text(left - 6, y(mark) + 4, String(mark), 'text-anchor="end"'),
      ]),
      ...(['files', 'parts'] as const).flatMap((what) => {
        const points = growth.filter((one) => one.what === what);
        if (!points.length) return [];
        const colour = what === 'files' ? ELEMENT_COLOUR : TEXT_COLOUR;
        const path = points.map((one) => `${x(one.count).toFixed(1)},${y(valueOf(one)).toFixed(1)}`);
        const last = points.at(-1)!;
        return [
          `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
          ...path.map(
            (point) => `<circle cx="${point.split(',')[0]}" cy="${point.split(',')[1]}" r="3" fill="${colour}"/>`,
          ),
          text(x(last.count) + 6, y(valueOf(last)) + 4, what),
        ];
      }),
    ];
  });
  return svg(CHART_WIDTH, 250, body);
}
