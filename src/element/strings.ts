/**
 * A visible text: plain data, so that a page can hand it over as JSON. `{name}` is filled in; an object holds
 * plural forms, chosen by `{count}` under the rules of the language.
 */
export type Text = string | ({ readonly other: string } & Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>);

/** What a text can speak of; numbers are written by the rules of the language. */
export type TextValues = Readonly<Record<string, string | number>>;

/** Every text that the element shows or speaks, in English. */
export const strings = {
  label: 'File upload',
  browse: 'Choose a file',
  browseMany: 'Choose files',
  browseFolder: 'Choose a folder',
  drop: 'or drop it here',
  dropMany: 'or drop them here',
  dropNow: 'Drop to add',
  sizeRange: 'At least {min}, at most {max} each',
  sizeMost: 'At most {max} each',
  sizeLeast: 'At least {min} each',

  queued: 'Waiting its turn',
  held: 'Ready to start',
  starting: 'Starting',
  uploading: 'Uploading',
  paused: 'Paused',
  finishing: 'Finishing',
  complete: 'Stored',
  failed: 'Failed',
  aborted: 'Aborted',
  needsFile: 'Choose the file again to go on',

  waiting: 'Waiting',
  waitingIn: 'Waiting, again in {time}',
  waitingNetwork: 'Offline, goes on by itself',
  waitingConnection: 'No connection to the store, goes on by itself',
  waitingStore: 'The store is busy, goes on by itself',
  waitingStoreIn: 'The store is busy, again in {time}',
  waitingSigner: 'No good answer from the server, goes on by itself',
  waitingSignerIn: 'No good answer from the server, again in {time}',
  waitingAuthorization: 'Sign in again to go on',
  waitingTab: 'Uploading in another tab',
  waitingFile: 'The file cannot be read, goes on when it can',

  sizeOf: '{loaded} of {size}',
  timeLeft: '{time} left',

  start: 'Start',
  pause: 'Pause',
  resume: 'Resume',
  abort: 'Abort',
  retry: 'Try again',
  choose: 'Choose the file again',
  remove: 'Remove',
  startNamed: 'Start {name}',
  pauseNamed: 'Pause {name}',
  resumeNamed: 'Resume {name}',
  abortNamed: 'Abort {name}',
  retryNamed: 'Try {name} again',
  chooseNamed: 'Choose the file again: {name}',
  removeNamed: 'Remove {name} from the list',
  startAll: 'Start all',
  pauseAll: 'Pause all',
  resumeAll: 'Resume all',
  clearDone: 'Clear finished',

  files: 'Files',
  summaryStored: { one: '{done} of {count} file stored', other: '{done} of {count} files stored' },
  summaryAllStored: { one: '{count} file stored', other: 'All {count} files stored' },
  summaryFailed: '{count} failed',
  totalProgress: 'All files',
  recoverFiles: {
    one: '{count} upload of an earlier visit is unfinished. Choose its file again and it goes on from where it stopped.',
    other:
      '{count} uploads of an earlier visit are unfinished. Choose their files again and they go on from where they stopped.',
  },
  recoverChoose: { one: 'Choose the file', other: 'Choose the files' },
  rejectedMore: { one: '{count} more file was not taken', other: '{count} more files were not taken' },
  dismissMessages: 'Dismiss messages',

  saidStart: 'Uploading {name}',
  saidStartMany: { one: 'Uploading {count} file', other: 'Uploading {count} files' },
  saidProgress: '{percent} uploaded',
  saidPaused: 'Upload paused',
  saidComplete: '{name} is stored',
  saidCompleteMany: { one: '{count} file is stored', other: 'All {count} files are stored' },
  saidFailed: '{name} failed: {message}',
  saidAborted: { one: '{name} is aborted', other: '{count} uploads are aborted' },
  saidRecover: {
    one: '{count} unfinished upload of an earlier visit',
    other: '{count} unfinished uploads of an earlier visit',
  },

  valueMissing: 'Please upload a file.',
  stillUploading: {
    one: 'Please wait until the upload is done, or abort it.',
    other: 'Please wait until all {count} uploads are done, or abort them.',
  },
  stillPaused: {
    one: 'Please resume the upload, or abort it.',
    other: 'Please resume the {count} uploads, or abort them.',
  },
} satisfies Record<string, Text>;

/** All texts by name; what the `strings` property takes in part. */
export type MuleStrings = Readonly<Record<keyof typeof strings, Text>>;

/**
 * Fills a text in.
 * @param write writes a number in the reader's language
 * @param locale whose plural rules choose the form; undefined for the page's default
 */
export function fill(text: Text, values: TextValues, write: (value: number) => string, locale?: string): string {
  const form = typeof text === 'string' ? text : (text[pluralOf(Number(values['count']), locale)] ?? text.other);
  return form.replace(/\{(\w+)\}/g, (placeholder, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? write(value) : (value ?? placeholder);
  });
}

const rules = new Map<string | undefined, Intl.PluralRules>();

function pluralOf(count: number, locale: string | undefined): Intl.LDMLPluralRule {
  let rule = rules.get(locale);
  if (!rule) rules.set(locale, (rule = new Intl.PluralRules(locale)));
  return rule.select(count);
}
