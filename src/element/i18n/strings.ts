/**
 * A visible text; plain data, so that a page can load it as JSON. Placeholders such as `{name}` are filled in. An object
 * holds the plural forms of the language, selected by `{count}`.
 */
export type Text = string | ({ readonly other: string } & Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>);

/** All texts that the element shows or announces, in English. */
export const strings = {
  label: 'File upload',
  browse: 'Choose a file',
  browseMany: 'Choose files',
  browseFolder: 'Choose a folder',
  drop: 'or drop it here',
  dropMany: 'or drop them here',
  dropNow: 'Drop to add',
  reading: { one: 'Reading folders: {count} file so far', other: 'Reading folders: {count} files so far' },
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
  needsPermission: 'Continue, and allow the browser to read the file again',
  found: 'Unfinished from an earlier visit',

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
  waitingEngine: 'A part of the page could not be loaded, goes on by itself',

  sizeOf: '{loaded} of {size}',
  retried: { one: '{count} retry', other: '{count} retries' },
  partsStored: { one: '{done} of {count} part stored', other: '{done} of {count} parts stored' },
  timeLeft: '{time} left',

  start: 'Start',
  pause: 'Pause',
  resume: 'Resume',
  abort: 'Abort',
  retry: 'Try again',
  choose: 'Choose the file again',
  continue: 'Continue',
  remove: 'Remove',
  startNamed: 'Start {name}',
  pauseNamed: 'Pause {name}',
  resumeNamed: 'Resume {name}',
  abortNamed: 'Abort {name}',
  retryNamed: 'Try {name} again',
  continueNamed: 'Continue {name}',
  chooseNamed: 'Choose the file again: {name}',
  removeNamed: 'Remove {name} from the list',
  startAll: 'Start all',
  pauseAll: 'Pause all',
  resumeAll: 'Resume all',
  retryAll: 'Try failed again',
  abortAll: 'Abort all',
  clearDone: 'Clear finished',
  askAbort: 'Abort it and delete the parts that are stored?',
  askAbortAll: {
    one: 'Abort {count} upload and delete what is stored of it?',
    other: 'Abort {count} uploads and delete what is stored of them?',
  },
  askDiscard: {
    one: 'Discard it and delete the parts that are stored?',
    other: 'Discard {count} uploads and delete what is stored of them?',
  },
  keep: 'Keep',

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
  recoverReady: {
    one: '{count} upload of an earlier visit is unfinished and can go on from where it stopped.',
    other: '{count} uploads of an earlier visit are unfinished and can go on from where they stopped.',
  },
  recoverFound: {
    one: '{count} upload of an earlier visit is unfinished.',
    other:
      '{count} uploads of an earlier visit are unfinished. Some can go on now, the others once you choose their files.',
  },
  recoverResume: { one: 'Resume', other: 'Resume all' },
  recoverDiscard: { one: 'Discard', other: 'Discard all' },
  recoverChoose: { one: 'Choose the file', other: 'Choose the files' },
  rejectedMore: { one: '{count} more file was not taken', other: '{count} more files were not taken' },
  dismissMessages: 'Dismiss messages',

  'reject-type': '“{name}” is not of an accepted type ({accept}).',
  'reject-too-big': '“{name}” has {size}; at most {max} are accepted.',
  'reject-too-small': '“{name}” has {size}; at least {min} are needed.',
  'reject-too-many': '“{name}” is one too many: the most is {count}.',
  'reject-duplicate': '“{name}” is in the list already.',
  'reject-empty-name': 'The file has no name.',
  'reject-user-changed': 'A file was not uploaded, because another user is signed in now. Add it again.',
  'reject-unreadable': '“{name}” was not added: it cannot be read. Check its permissions, then add it again.',
  'reject-not-a-file': '{message}',

  // English shows the engine's message, which has more detail. Translations describe the code.
  'error-no-signer': '{message}',
  'error-signer-refused': '{message}',
  'error-unauthorized': '{message}',
  'error-store-refused': '{message}',
  'error-store-blocked': '{message}',
  'error-signature-rejected': '{message}',
  'error-key-exists': '{message}',
  'error-file-changed': '{message}',
  'error-file-unreadable': '{message}',
  'error-integrity': '{message}',
  'error-too-many-retries': '{message}',
  'error-too-large': '{message}',
  'error-invalid-response': '{message}',
  'error-engine-not-loaded': '{message}',

  // Errors of the bundled signer. A page adds `error-<code>` for each code of its own signer.
  'error-type': '{message}',
  'error-too-big': '{message}',
  'error-too-small': '{message}',
  'error-empty-name': '{message}',

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

/**
 * All texts, by key; the `strings` property accepts some of them. A text with the key `error-<code>` replaces the
 * signer's message where the signer refuses an upload with that code.
 */
export type MuleStrings = Readonly<Record<keyof typeof strings, Text>> & {
  readonly [code: `error-${string}`]: Text | undefined;
};
