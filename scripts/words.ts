/**
 * Looks for the words that our style replaces, in the names and comments of src, demo, scripts and test.
 *
 *   npx tsx scripts/words.ts            check; part of `npm run check`
 *   npx tsx scripts/words.ts --write    records the counts in words-allowed.json, unless their sum has grown; also after
 *                                       files were moved
 *   npx tsx scripts/words.ts --report   lists every find, and the 20 longest names of src
 *
 * `words-allowed.json` holds how many finds each file had; its numbers may only go down, until the file is empty.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { ROOT, isMain } from './programs.js';

const FOLDERS = ['src', 'demo', 'scripts', 'test'];
const ALLOWED = path.join(ROOT, 'scripts', 'words-allowed.json');
const SELF = 'scripts/words.ts';
const LONGEST = 20;

/** Words of names, and of comments too: what to write instead. */
const NAME_WORDS: Readonly<Record<string, string>> = {
  aftermath: 'what it finds: findExistingObject',
  carrier: 'client, sender',
  complain: 'report, error',
  complaint: 'error',
  complaints: 'errors',
  crying: 'congested',
  desk: 'batcher, service',
  detour: 'RestartRequired, resolveRestart',
  detours: 'RestartRequired, resolveRestart',
  flight: 'request, inFlight',
  flights: 'requests, inFlight',
  fly: 'send',
  flying: 'inFlight',
  foresee: 'precompute, prefetch',
  foreseen: 'precomputed, prefetched',
  gossip: 'notify, announce',
  hurry: 'the event: onWakeFromSleep',
  insist: 'retry',
  judge: 'classify, record',
  keeper: 'writer, store',
  lane: 'slot; concurrency',
  lanes: 'slots; concurrency',
  lease: 'session, grant, lock',
  linger: 'delay, …DelayMs',
  lore: 'format, history',
  nap: 'sleep, CancellableSleep',
  news: 'progress, report, message',
  notebook: 'KeyValueStore',
  nudge: 'retryNow',
  park: 'wait, pause',
  patience: 'timeout, …TimeoutMs',
  roster: 'list, UploadList',
  scene: 'the name of the input',
  shelf: 'FileStore',
  told: 'reported, announced, isFinal, remote…',
  trial: 'attempt',
  trials: 'attempts',
  twin: 'duplicate',
  twins: 'duplicates',
  verdict: 'action, result',
  whoever: 'the caller, the user',
};

/** Names, or beginnings of names, that are banned as they stand. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/^(?:MOST|SOON|LATE|LOW|NEWEST|ONE_CRY)(?:_|$)/, 'MAX_…, LOW_WATERMARK, …_MS, EWMA_WEIGHT'],
  [/^(?:line(?:Memory|Cut|Lost)|LineMemory)$/, 'ThroughputEstimator, onConnectionLost'],
  [/^(?:standAside|lookAgain|hear|say|tell|means)$/, 'a verb for what it does: pause, rerun, onOutput, print, report'],
];

/** Phrases of comments. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\bafresh\b|\banew\b/, 'again, from the start'],
  [/\b(?:ask|asks|asked) after\b/, 'query, request'],
  [/\bfor ever\b/, 'indefinitely, without limit'],
  [
    /\b(?:give|gives|given|by) leave\b|\bleave to (?:read|write|act|upload|use)\b|\bsigner’s leave\b/,
    'permit, permission',
  ],
  [/\b(?:go|goes|going|gone|went) on (?:with|without|by|where|from|at|after|in)\b/, 'continue, resume'],
  [/\b(?:hear|hears|heard) of\b/, 'is notified of, receives'],
  [/\bin vain\b/, 'without success'],
  [/\blet(?:s)? be\b|\bleft be\b|\blet go\b/, 'left alone, ignored, released'],
  [/\bline (?:is|was) (?:cut|lost|gone|back)\b|\b(?:on|over|off) the line\b/, 'connection, network'],
  [/\blook(?:s|ed)? after\b/, 'handles, maintains'],
  [/\b(?:take|takes|took|taken|taking) in\b/, 'accept, receive, store'],
  [/\b(?:tell|tells)\b/, 'return, report, show'],
  [
    /\b(?:after|at least|at most|for|one in|only|until) so (?:long|many|often)\b/,
    'a number with its name: after this time',
  ],
  // a first and a later visit are terms of page speed
  [/(?<!\b(?:first|later|each|which|selected) |--)\bvisits?\b/, 'page load, session'],
  [/\bwhat (?:became|becomes) of\b/, 'the outcome of'],
  [/\bwhat is\b(?! not\b)/, 'a concrete noun: the stored parts, the setting'],
];

/** Names with such a word in its usual sense. */
const EXEMPT = /in_?flight|^LOW_WATERMARK|^LATE_TIMER_MS$/i;
/** Standard terms that contain such a word; comments may have them. */
const EXEMPT_PHRASES = /\bin flight\b/gi;

interface Find {
  file: string;
  line: number;
  /** The name, or the words of the comment. */
  found: string;
  write: string;
}

/** Splits a name at camelCase, underscores and digits. */
const wordsOf = (name: string): string[] =>
  name.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g)?.map((word) => word.toLowerCase()) ?? [];

function findInName(name: string): string | null {
  if (EXEMPT.test(name)) return null;
  const word = wordsOf(name).find((one) => Object.hasOwn(NAME_WORDS, one));
  if (word) return NAME_WORDS[word]!;
  return NAMES.find(([pattern]) => pattern.test(name.replace(/^#/, '')))?.[1] ?? null;
}

function findInComment(comment: string): [found: string, write: string][] {
  const text = comment.replace(EXEMPT_PHRASES, '');
  const words = [...text.matchAll(/[A-Za-z]+/g)].map(([word]) => word.toLowerCase());
  const phrases = PHRASES.flatMap(([pattern, write]) =>
    [...text.replace(/\s*\n\s*(?:\*|\/\/)\s*/g, ' ').matchAll(new RegExp(pattern, 'gi'))].map(
      ([found]): [string, string] => [found, write],
    ),
  );
  return [
    ...words
      .filter((word) => Object.hasOwn(NAME_WORDS, word))
      .map((word): [string, string] => [word, NAME_WORDS[word]!]),
    ...phrases,
  ];
}

interface Source {
  file: string;
  /** Each name, with the line where it stands first. */
  names: Map<string, number>;
  comments: { line: number; text: string }[];
}

/** Reads the names and comments of a TypeScript file. */
export function readSource(file: string, text: string): Source {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
  const names = new Map<string, number>();
  const comments = new Map<number, string>();
  const addComments = (ranges: readonly ts.CommentRange[] | undefined): void => {
    for (const { pos, end } of ranges ?? []) comments.set(pos, text.slice(pos, end));
  };
  const read = (node: ts.Node): void => {
    if ((ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) && !names.has(node.text))
      names.set(node.text, lineOf(node.getStart(source)));
    if (ts.isJSDoc(node)) return;
    addComments(ts.getLeadingCommentRanges(text, node.getFullStart()));
    addComments(ts.getTrailingCommentRanges(text, node.getEnd()));
    for (const child of node.getChildren(source)) read(child);
  };
  read(source);
  return { file, names, comments: [...comments].map(([at, words]) => ({ line: lineOf(at), text: words })) };
}

/** Returns every banned word of a file: each name once, each place of a comment. */
export function findWords({ file, names, comments }: Source): Find[] {
  const inNames = [...names].flatMap(([found, line]) => {
    const write = findInName(found);
    return write === null ? [] : { file, line, found, write };
  });
  const inComments = comments.flatMap(({ line, text }) =>
    findInComment(text).map(([found, write]) => ({ file, line, found, write })),
  );
  return [...inNames, ...inComments].sort((one, other) => one.line - other.line);
}

const readAll = (): Source[] =>
  FOLDERS.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => path.posix.join(folder, file.split(path.sep).join('/')))
      .filter((file) => file.endsWith('.ts') && file !== SELF && !file.includes('/node_modules/'))
      .sort()
      .map((file) => readSource(file, readFileSync(path.join(ROOT, file), 'utf8'))),
  );

type Counts = Record<string, number>;

const countByFile = (finds: readonly Find[]): Counts => {
  const counts: Counts = {};
  for (const { file } of finds) counts[file] = (counts[file] ?? 0) + 1;
  return counts;
};

const total = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/**
 * Compares the finds with what is allowed.
 * @returns messages with what to do; none if nothing differs
 */
export function compareWords(finds: readonly Find[], allowed: Counts): string[] {
  const counts = countByFile(finds);
  const files = [...new Set([...Object.keys(counts), ...Object.keys(allowed)])].sort();
  const most = (file: string): number => allowed[file] ?? 0;
  const count = (file: string): number => counts[file] ?? 0;
  const above = files
    .filter((file) => count(file) > most(file))
    .map((file) => {
      const own = finds.filter((find) => find.file === file);
      const lines = own.map(({ line, found, write }) => `  ${line}: “${found}”; write: ${write}`);
      const head = `${file}: ${count(file)} finds, ${most(file)} allowed. Replace the new ones:`;
      return [head, ...lines].join('\n');
    });
  const below = files
    .filter((file) => count(file) < most(file))
    .map((file) => `  ${file}: ${count(file)} of ${most(file)}`);
  if (below.length === 0) return above;
  const head = 'Fewer finds than allowed; run npx tsx scripts/words.ts --write to record that:';
  return [...above, [head, ...below].join('\n')];
}

const readAllowed = (): Counts => (existsSync(ALLOWED) ? (JSON.parse(readFileSync(ALLOWED, 'utf8')) as Counts) : {});

/** @throws Error if a file has more finds, or fewer, than are allowed */
export function checkWords(): void {
  const finds = readAll().flatMap(findWords);
  const messages = compareWords(finds, readAllowed());
  for (const message of messages) console.error(message);
  console.log(`${finds.length} words to replace`);
  if (messages.length > 0) throw new Error('words-allowed.json does not match');
}

function writeAllowed(): void {
  const counts = countByFile(readAll().flatMap(findWords));
  const before = existsSync(ALLOWED) ? total(readAllowed()) : Infinity;
  if (total(counts) > before)
    throw new Error(`${total(counts)} words to replace, ${before} before: it may only shrink`);
  writeFileSync(ALLOWED, `${JSON.stringify(counts, null, 2)}\n`);
  console.log(`${total(counts)} words to replace in ${Object.keys(counts).length} files`);
}

function report(): void {
  const sources = readAll();
  for (const { file, line, found, write } of sources.flatMap(findWords))
    console.log(`${file}:${line}: ${found} → ${write}`);
  const names = new Set(
    sources.filter(({ file }) => file.startsWith('src/')).flatMap((source) => [...source.names.keys()]),
  );
  const longest = [...names]
    .sort((one, other) => other.length - one.length || (one < other ? -1 : 1))
    .slice(0, LONGEST);
  console.log(`\nThe ${LONGEST} longest names of src:\n${longest.join('\n')}`);
}

if (isMain(import.meta)) {
  const { values } = parseArgs({ options: { write: { type: 'boolean' }, report: { type: 'boolean' } } });
  if (values.report) report();
  else if (values.write) writeAllowed();
  else checkWords();
}
