/**
 * Minifies the CDN files once more: Terser finds what Vite's own minifier leaves, about 2 % of their compressed size. The
 * source maps stay correct.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { minify } from 'terser';

/** Minifies every script of a folder in place. */
export async function minifyScripts(folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.js'));
  await Promise.all(files.map((file) => minifyScript(path.join(folder, file))));
}

async function minifyScript(file: string): Promise<void> {
  const { code, map } = await minify(await readFile(file, 'utf8'), {
    module: true,
    ecma: 2020,
    sourceMap: {
      content: await readFile(`${file}.map`, 'utf8'),
      includeSources: true,
      filename: path.basename(file),
      url: `${path.basename(file)}.map`,
    },
  });
  await writeFile(file, `${code}\n`);
  await writeFile(`${file}.map`, map as string);
}
