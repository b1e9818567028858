/**
 * Finds words that the project's style replaces, in the names and comments of src, demo, scripts and test.
 *
 *   npx tsx scripts/words.ts            check; part of `npm run check`
 *   npx tsx scripts/words.ts --write    records the counts in words-allowed.json, unless their sum has grown; needed
 *                                       after words were removed or files moved
 *   npx tsx scripts/words.ts --report   lists every find, and the 20 longest names of src
 *
 * `words-allowed.json` holds how many such words each file may have. Its numbers may only go down.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { ROOT, isMain } from './programs.js';

const FOLDERS = ['src', 'demo', 'scripts', 'test'];
const COUNTS_FILE = path.join(ROOT, 'scripts', 'words-allowed.json');
/** This file, which contains the words. */
const SELF = 'scripts/words.ts';
const LONGEST_NAMES = 20;

/** Replacements for words that neither names nor comments may contain. */
const REPLACEMENTS_BY_WORD: Readonly<Record<string, string>> = {
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

/** Banned names and beginnings of names, with replacements. */
const BANNED_NAMES: readonly (readonly [RegExp, string])[] = [
  [/^(?:MOST|SOON|LATE|LOW|NEWEST|ONE_CRY)(?:_|$)/, 'MAX_…, LOW_WATERMARK, …_MS, EWMA_WEIGHT'],
  [/^(?:line(?:Memory|Cut|Lost)|LineMemory)$/, 'ThroughputEstimator, onConnectionLost'],
  [/^(?:standAside|lookAgain|hear|say|tell|means)$/, 'a verb for what it does: pause, rerun, onOutput, print, report'],
];

/** Phrases that comments may not contain, with replacements. */
const BANNED_PHRASES: readonly (readonly [RegExp, string])[] = [
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

/** Names that use a banned word in its usual sense. */
const ALLOWED_NAMES = /in_?flight|^LOW_WATERMARK|^LATE_TIMER_MS$/i;
/** Standard terms that contain a banned word. */
const ALLOWED_PHRASES = /\bin flight\b/gi;

interface BannedWord {
  file: string;
  line: number;
  /** The name, or the word or phrase of a comment. */
  found: string;
  /** What to write instead. */
  replacement: string;
}

/** Splits a name at camelCase, underscores and digits. */
const wordsOf = (name: string): string[] =>
  name.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g)?.map((word) => word.toLowerCase()) ?? [];

/** Returns what to write instead of a name; null for an allowed one. */
function findInName(name: string): string | null {
  if (ALLOWED_NAMES.test(name)) return null;
  const word = wordsOf(name).find((part) => Object.hasOwn(REPLACEMENTS_BY_WORD, part));
  if (word) return REPLACEMENTS_BY_WORD[word]!;
  return BANNED_NAMES.find(([pattern]) => pattern.test(name.replace(/^#/, '')))?.[1] ?? null;
}

function findInComment(comment: string): [found: string, replacement: string][] {
  const text = comment.replace(ALLOWED_PHRASES, '');
  const words = [...text.matchAll(/[A-Za-z]+/g)].map(([word]) => word.toLowerCase());
  const phrases = BANNED_PHRASES.flatMap(([pattern, replacement]) =>
    [...text.replace(/\s*\n\s*(?:\*|\/\/)\s*/g, ' ').matchAll(new RegExp(pattern, 'gi'))].map(
      ([found]): [string, string] => [found, replacement],
    ),
  );
  return [
    ...words
      .filter((word) => Object.hasOwn(REPLACEMENTS_BY_WORD, word))
      .map((word): [string, string] => [word, REPLACEMENTS_BY_WORD[word]!]),
    ...phrases,
  ];
}

interface Source {
  file: string;
  /** The line of the first occurrence, by name. */
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
  return {
    file,
    names,
    comments: [...comments].map(([position, comment]) => ({ line: lineOf(position), text: comment })),
  };
}

/** Returns the banned words of a file in the order of lines: a name once, a word of a comment at each occurrence. */
export function findWords({ file, names, comments }: Source): BannedWord[] {
  const inNames = [...names].flatMap(([found, line]) => {
    const replacement = findInName(found);
    return replacement === null ? [] : { file, line, found, replacement };
  });
  const inComments = comments.flatMap(({ line, text }) =>
    findInComment(text).map(([found, replacement]) => ({ file, line, found, replacement })),
  );
  return [...inNames, ...inComments].sort((one, other) => one.line - other.line);
}

const readAllSources = (): Source[] =>
  FOLDERS.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => path.posix.join(folder, file.split(path.sep).join('/')))
      .filter((file) => file.endsWith('.ts') && file !== SELF && !file.includes('/node_modules/'))
      .sort()
      .map((file) => readSource(file, readFileSync(path.join(ROOT, file), 'utf8'))),
  );

type Counts = Record<string, number>;

const countByFile = (finds: readonly BannedWord[]): Counts => {
  const counts: Counts = {};
  for (const { file } of finds) counts[file] = (counts[file] ?? 0) + 1;
  return counts;
};

const total = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/**
 * Compares the number of finds in each file with the allowed number.
 * @returns instructions for the developer; none if all numbers are equal
 */
export function compareWords(finds: readonly BannedWord[], allowed: Counts): string[] {
  const counts = countByFile(finds);
  const files = [...new Set([...Object.keys(counts), ...Object.keys(allowed)])].sort();
  const allowedCount = (file: string): number => allowed[file] ?? 0;
  const count = (file: string): number => counts[file] ?? 0;
  const above = files
    .filter((file) => count(file) > allowedCount(file))
    .map((file) => {
      const fileFinds = finds.filter((find) => find.file === file);
      const lines = fileFinds.map(({ line, found, replacement }) => `  ${line}: “${found}”; write: ${replacement}`);
      const head = `${file}: ${count(file)} finds, ${allowedCount(file)} allowed. Replace the new ones:`;
      return [head, ...lines].join('\n');
    });
  const below = files
    .filter((file) => count(file) < allowedCount(file))
    .map((file) => `  ${file}: ${count(file)} of ${allowedCount(file)}`);
  if (below.length === 0) return above;
  const head = 'Fewer finds than allowed; run npx tsx scripts/words.ts --write to record the new numbers:';
  return [...above, [head, ...below].join('\n')];
}

const readAllowed = (): Counts =>
  existsSync(COUNTS_FILE) ? (JSON.parse(readFileSync(COUNTS_FILE, 'utf8')) as Counts) : {};

/** @throws Error if a file has more finds, or fewer, than are allowed */
export function checkWords(): void {
  const finds = readAllSources().flatMap(findWords);
  const messages = compareWords(finds, readAllowed());
  for (const message of messages) console.error(message);
  console.log(`${finds.length} words to replace`);
  if (messages.length > 0) throw new Error('words-allowed.json does not match');
}

function writeAllowed(): void {
  const counts = countByFile(readAllSources().flatMap(findWords));
  const previousTotal = existsSync(COUNTS_FILE) ? total(readAllowed()) : Infinity;
  if (total(counts) > previousTotal)
    throw new Error(`${total(counts)} words to replace, ${previousTotal} before: remove the new ones`);
  writeFileSync(COUNTS_FILE, `${JSON.stringify(counts, null, 2)}\n`);
  console.log(`${total(counts)} words to replace in ${Object.keys(counts).length} files`);
}

function report(): void {
  const sources = readAllSources();
  for (const { file, line, found, replacement } of sources.flatMap(findWords))
    console.log(`${file}:${line}: ${found} → ${replacement}`);
  const names = new Set(
    sources.filter(({ file }) => file.startsWith('src/')).flatMap((source) => [...source.names.keys()]),
  );
  const longest = [...names]
    .sort((one, other) => other.length - one.length || (one < other ? -1 : 1))
    .slice(0, LONGEST_NAMES);
  console.log(`\nThe ${LONGEST_NAMES} longest names of src:\n${longest.join('\n')}`);
}

if (isMain(import.meta)) {
  const { values } = parseArgs({ options: { write: { type: 'boolean' }, report: { type: 'boolean' } } });
  if (values.report) report();
  else if (values.write) writeAllowed();
  else checkWords();
}
