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

  queued: 'Queued',
  held: 'Ready to start',
  starting: 'Starting',
  uploading: 'Uploading',
  paused: 'Paused',
  finishing: 'Finishing',
  complete: 'Stored',
  failed: 'Failed',
  aborted: 'Aborted',
  needsFile: 'Choose the file again to resume',
  needsPermission: 'Press Continue, and allow the browser to read the file again',
  found: 'Unfinished from an earlier visit',

  waiting: 'Waiting',
  waitingIn: 'Waiting; retries in {time}',
  waitingNetwork: 'Offline; resumes automatically',
  waitingConnection: 'No connection to the storage; resumes automatically',
  waitingStore: 'The storage is busy; resumes automatically',
  waitingStoreIn: 'The storage is busy; retries in {time}',
  waitingSigner: 'The server does not respond correctly; resumes automatically',
  waitingSignerIn: 'The server does not respond correctly; retries in {time}',
  waitingAuthorization: 'Sign in again to resume',
  waitingTab: 'Uploading in another tab',
  waitingFile: 'The file cannot be read; resumes when it can',
  waitingEngine: 'Part of this page could not be loaded; retries automatically',

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
  askAbort: 'Abort the upload and delete its stored parts?',
  askAbortAll: {
    one: 'Abort {count} upload and delete its stored parts?',
    other: 'Abort {count} uploads and delete their stored parts?',
  },
  askDiscard: {
    one: 'Discard the upload and delete its stored parts?',
    other: 'Discard {count} uploads and delete their stored parts?',
  },
  keep: 'Keep',

  files: 'Files',
  summaryStored: { one: '{done} of {count} file stored', other: '{done} of {count} files stored' },
  summaryAllStored: { one: '{count} file stored', other: 'All {count} files stored' },
  summaryFailed: '{count} failed',
  totalProgress: 'All files',
  recoverFiles: {
    one: '{count} upload from an earlier visit is unfinished. Choose its file again to resume it.',
    other: '{count} uploads from an earlier visit are unfinished. Choose their files again to resume them.',
  },
  recoverReady: {
    one: '{count} upload from an earlier visit is unfinished and can be resumed.',
    other: '{count} uploads from an earlier visit are unfinished and can be resumed.',
  },
  recoverFound: {
    one: '{count} upload from an earlier visit is unfinished.',
    other:
      '{count} uploads from an earlier visit are unfinished. Some can be resumed now, the others when you choose their files again.',
  },
  recoverResume: { one: 'Resume', other: 'Resume all' },
  recoverDiscard: { one: 'Discard', other: 'Discard all' },
  recoverChoose: { one: 'Choose the file', other: 'Choose the files' },
  rejectedMore: { one: '{count} more file was not added', other: '{count} more files were not added' },
  dismissMessages: 'Dismiss messages',

  'reject-type': '“{name}” was not added: its type is not accepted. Accepted types: {accept}.',
  'reject-too-big': '“{name}” was not added: its size is {size}; the maximum is {max}.',
  'reject-too-small': '“{name}” was not added: its size is {size}; the minimum is {min}.',
  'reject-too-many': {
    one: '“{name}” was not added: the limit is {count} file.',
    other: '“{name}” was not added: the limit is {count} files.',
  },
  'reject-duplicate': '“{name}” was not added: it is already in the list.',
  'reject-empty-name': 'A file was not added: it has no name.',
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
  saidAborted: { one: '{name} was aborted', other: '{count} uploads were aborted' },
  saidRecover: {
    one: '{count} unfinished upload from an earlier visit',
    other: '{count} unfinished uploads from an earlier visit',
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
 * All texts, by key. The `strings` property accepts any number of them. A text with the key `error-<code>` replaces the
 * signer's message if the signer refuses an upload with that code.
 */
export type MuleStrings = Readonly<Record<keyof typeof strings, Text>> & {
  readonly [code: `error-${string}`]: Text | undefined;
};
