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
  acceptedTypes: 'Accepted: {accept}',
  images: 'images',
  videos: 'videos',
  audio: 'audio',
  filesMost: { one: 'At most {count} file', other: 'At most {count} files' },

  queued: 'Queued',
  held: 'Ready to start',
  starting: 'Starting',
  uploading: 'Uploading',
  paused: 'Paused',
  finishing: 'Finishing',
  complete: 'Uploaded',
  failed: 'Failed',
  aborted: 'Canceled',
  needsFile: 'Choose the file again to resume',
  needsPermission: 'Press Continue, and let the browser read the file again',
  found: 'Unfinished from an earlier visit',

  waiting: 'Waiting',
  waitingIn: 'Waiting; retries in {time}',
  waitingNetwork: 'You are offline; resumes automatically',
  waitingConnection: 'Connection lost; resumes automatically',
  waitingStore: 'The server is busy; resumes automatically',
  waitingStoreIn: 'The server is busy; retries in {time}',
  waitingSigner: 'The server has a problem; resumes automatically',
  waitingSignerIn: 'The server has a problem; retries in {time}',
  waitingAuthorization: 'Sign in again to resume',
  waitingTab: 'Uploading in another tab',
  waitingFile: 'The file cannot be read; resumes automatically',
  waitingEngine: 'Part of this page could not be loaded; retries automatically',

  sizeOf: '{loaded} of {size}',
  retried: { one: '{count} retry', other: '{count} retries' },
  partsStored: { one: '{done} of {count} part uploaded', other: '{done} of {count} parts uploaded' },
  timeLeft: '{time} left',

  start: 'Start',
  pause: 'Pause',
  resume: 'Resume',
  abort: 'Cancel',
  retry: 'Try again',
  choose: 'Choose the file again',
  continue: 'Continue',
  remove: 'Remove',
  startNamed: 'Start {name}',
  pauseNamed: 'Pause {name}',
  resumeNamed: 'Resume {name}',
  abortNamed: 'Cancel {name}',
  retryNamed: 'Try {name} again',
  continueNamed: 'Continue {name}',
  chooseNamed: 'Choose the file again: {name}',
  removeNamed: 'Remove {name} from the list',
  startAll: 'Start all',
  pauseAll: 'Pause all',
  resumeAll: 'Resume all',
  retryAll: 'Try failed again',
  abortAll: 'Cancel all',
  clearDone: 'Clear finished',
  askAbort: 'Cancel the upload? What has been uploaded so far will be deleted.',
  askAbortAll: {
    one: 'Cancel {count} upload? What has been uploaded so far will be deleted.',
    other: 'Cancel {count} uploads? What they have uploaded so far will be deleted.',
  },
  confirmAbort: { one: 'Cancel upload', other: 'Cancel uploads' },
  keepUploading: 'Keep uploading',
  askDiscard: {
    one: 'Discard the upload? What has been uploaded so far will be deleted.',
    other: 'Discard {count} uploads? What they have uploaded so far will be deleted.',
  },
  keep: 'Keep',

  files: 'Files',
  summaryStored: { one: '{done} of {count} file uploaded', other: '{done} of {count} files uploaded' },
  summaryAllStored: { one: '{count} file uploaded', other: 'All {count} files uploaded' },
  summaryFailed: '{count} failed',
  totalProgress: 'All files',
  recoverFiles: {
    one: '{count} unfinished upload from an earlier visit. Choose its file again to resume it.',
    other: '{count} unfinished uploads from an earlier visit. Choose their files again to resume them.',
  },
  recoverReady: {
    one: '{count} unfinished upload from an earlier visit can be resumed.',
    other: '{count} unfinished uploads from an earlier visit can be resumed.',
  },
  recoverFound: {
    one: '{count} unfinished upload from an earlier visit.',
    other: '{count} unfinished uploads from an earlier visit. Some need their files again.',
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

  // What the user can do. The technical reason is in the message of `mule-error`, for the people who run the site.
  'error-no-signer': 'The server has a problem with “{name}”. Try again, or contact the site’s owner.',
  'error-signer-refused': 'The server has a problem with “{name}”. Try again, or contact the site’s owner.',
  'error-unauthorized': 'Sign in again to upload “{name}”.',
  'error-store-refused': 'The server has a problem with “{name}”. Try again, or contact the site’s owner.',
  'error-store-blocked': 'The server has a problem with “{name}”. Try again, or contact the site’s owner.',
  'error-signature-rejected': 'The server has a problem with “{name}”. Try again, or contact the site’s owner.',
  'error-key-exists': '“{name}” exists already. Rename your file, then add it again.',
  'error-file-changed': '“{name}” has changed, or is another file. Choose the file again.',
  'error-file-unreadable': '“{name}” cannot be read. Choose the file again.',
  'error-integrity': '“{name}” was not uploaded. Check your connection, then try again.',
  'error-too-many-retries': '“{name}” was not uploaded. Check your connection, then try again.',
  'error-too-large': '“{name}” is too large.',
  'error-invalid-response': 'The server has a problem with “{name}”. Try again, or contact the site’s owner.',
  'error-engine-not-loaded': 'Reload the page if “{name}” does not resume.',

  // Refusals of the bundled signer, whose messages are for users. A page adds `error-<code>` for each code of its own
  // signer; without it, that signer's message is shown.
  'error-type': '{message}',
  'error-too-big': '{message}',
  'error-too-small': '{message}',
  'error-empty-name': '{message}',

  saidStart: 'Uploading {name}',
  saidStartMany: { one: 'Uploading {count} file', other: 'Uploading {count} files' },
  saidProgress: '{percent} uploaded',
  saidPaused: 'Upload paused',
  saidComplete: '{name} was uploaded',
  saidCompleteMany: { one: '{count} file uploaded', other: 'All {count} files uploaded' },
  saidFailed: '{name} failed: {message}',
  saidAborted: { one: '{name} was canceled', other: '{count} uploads were canceled' },
  saidRecover: {
    one: '{count} unfinished upload from an earlier visit',
    other: '{count} unfinished uploads from an earlier visit',
  },

  valueMissing: 'Please upload a file.',
  stillUploading: {
    one: 'Please wait for the upload, or cancel it.',
    other: 'Please wait for the {count} uploads, or cancel them.',
  },
  stillPaused: {
    one: 'Please resume the upload, or cancel it.',
    other: 'Please resume {count} uploads, or cancel them.',
  },
} satisfies Record<string, Text>;

/**
 * All texts, by key. The `strings` property accepts any number of them. A text with the key `error-<code>` replaces the
 * signer's message if the signer refuses an upload with that code.
 */
export type MuleStrings = Readonly<Record<keyof typeof strings, Text>> & {
  readonly [code: `error-${string}`]: Text | undefined;
};
