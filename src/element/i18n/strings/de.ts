import type { MuleStrings } from '../strings.js';

/** Every text in German. */
export const strings: MuleStrings = {
  label: 'Dateien hochladen',
  browse: 'Datei auswählen',
  browseMany: 'Dateien auswählen',
  browseFolder: 'Ordner auswählen',
  drop: 'oder hierher ziehen',
  dropMany: 'oder hierher ziehen',
  dropNow: 'Zum Hinzufügen loslassen',
  reading: {
    one: 'Ordner werden gelesen: bisher {count} Datei',
    other: 'Ordner werden gelesen: bisher {count} Dateien',
  },
  sizeRange: 'Mindestens {min}, höchstens {max} pro Datei',
  sizeMost: 'Höchstens {max} pro Datei',
  sizeLeast: 'Mindestens {min} pro Datei',
  acceptedTypes: 'Zulässig: {accept}',
  images: 'Bilder',
  videos: 'Videos',
  audio: 'Audio',
  filesMost: { one: 'Höchstens {count} Datei', other: 'Höchstens {count} Dateien' },

  queued: 'In der Warteschlange',
  held: 'Bereit zum Start',
  starting: 'Wird gestartet',
  uploading: 'Wird hochgeladen',
  paused: 'Pausiert',
  finishing: 'Wird abgeschlossen',
  complete: 'Hochgeladen',
  failed: 'Fehlgeschlagen',
  aborted: 'Abgebrochen',
  needsFile: 'Zum Fortsetzen die Datei erneut auswählen',
  needsPermission: '„Fortsetzen“ wählen und dem Browser erlauben, die Datei erneut zu lesen',
  found: 'Bei einem früheren Besuch nicht abgeschlossen',

  waiting: 'Wartet',
  waitingIn: 'Wartet – neuer Versuch in {time}',
  waitingNetwork: 'Sie sind offline – wird automatisch fortgesetzt',
  waitingConnection: 'Verbindung unterbrochen – wird automatisch fortgesetzt',
  waitingStore: 'Server ist ausgelastet – wird automatisch fortgesetzt',
  waitingStoreIn: 'Server ist ausgelastet – neuer Versuch in {time}',
  waitingSigner: 'Problem beim Server – wird automatisch fortgesetzt',
  waitingSignerIn: 'Problem beim Server – neuer Versuch in {time}',
  waitingAuthorization: 'Zum Fortsetzen bitte erneut anmelden',
  waitingTab: 'Wird in einem anderen Tab hochgeladen',
  waitingFile: 'Datei nicht lesbar – wird fortgesetzt, sobald sie lesbar ist',
  waitingEngine: 'Ein Teil der Seite konnte nicht geladen werden – wird automatisch erneut versucht',

  sizeOf: '{loaded} von {size}',
  retried: { one: '{count} neuer Versuch', other: '{count} neue Versuche' },
  partsStored: { one: '{done} von {count} Teil hochgeladen', other: '{done} von {count} Teilen hochgeladen' },
  timeLeft: 'noch {time}',

  start: 'Starten',
  pause: 'Pausieren',
  resume: 'Fortsetzen',
  abort: 'Abbrechen',
  retry: 'Erneut versuchen',
  choose: 'Datei erneut auswählen',
  continue: 'Fortsetzen',
  remove: 'Entfernen',
  startNamed: '{name} starten',
  pauseNamed: '{name} pausieren',
  resumeNamed: '{name} fortsetzen',
  abortNamed: '{name} abbrechen',
  retryNamed: '{name} erneut versuchen',
  continueNamed: '{name} fortsetzen',
  chooseNamed: 'Datei erneut auswählen: {name}',
  removeNamed: '{name} aus der Liste entfernen',
  startAll: 'Alle starten',
  pauseAll: 'Alle pausieren',
  resumeAll: 'Alle fortsetzen',
  retryAll: 'Fehlgeschlagene erneut versuchen',
  abortAll: 'Alle abbrechen',
  clearDone: 'Abgeschlossene entfernen',
  askAbort: 'Upload abbrechen? Was bisher hochgeladen wurde, wird gelöscht.',
  askAbortAll: {
    one: '{count} Upload abbrechen? Was davon bisher hochgeladen wurde, wird gelöscht.',
    other: '{count} Uploads abbrechen? Was davon bisher hochgeladen wurde, wird gelöscht.',
  },
  confirmAbort: { one: 'Upload abbrechen', other: 'Uploads abbrechen' },
  keepUploading: 'Weiter hochladen',
  askDiscard: {
    one: 'Upload verwerfen? Was bisher hochgeladen wurde, wird gelöscht.',
    other: '{count} Uploads verwerfen? Was davon bisher hochgeladen wurde, wird gelöscht.',
  },
  keep: 'Behalten',

  files: 'Dateien',
  summaryStored: { one: '{done} von {count} Datei hochgeladen', other: '{done} von {count} Dateien hochgeladen' },
  summaryAllStored: { one: '{count} Datei hochgeladen', other: 'Alle {count} Dateien hochgeladen' },
  summaryFailed: '{count} fehlgeschlagen',
  totalProgress: 'Alle Dateien',
  recoverFiles: {
    one: '{count} Upload von einem früheren Besuch ist nicht abgeschlossen. Wählen Sie die Datei erneut aus, um ihn fortzusetzen.',
    other:
      '{count} Uploads von einem früheren Besuch sind nicht abgeschlossen. Wählen Sie die Dateien erneut aus, um sie fortzusetzen.',
  },
  recoverReady: {
    one: '{count} Upload von einem früheren Besuch ist nicht abgeschlossen und kann fortgesetzt werden.',
    other: '{count} Uploads von einem früheren Besuch sind nicht abgeschlossen und können fortgesetzt werden.',
  },
  recoverFound: {
    one: '{count} Upload von einem früheren Besuch ist nicht abgeschlossen.',
    other:
      '{count} Uploads von einem früheren Besuch sind nicht abgeschlossen. Einige können sofort fortgesetzt werden, die anderen, wenn Sie ihre Dateien erneut auswählen.',
  },
  recoverResume: { one: 'Fortsetzen', other: 'Alle fortsetzen' },
  recoverDiscard: { one: 'Verwerfen', other: 'Alle verwerfen' },
  recoverChoose: { one: 'Datei auswählen', other: 'Dateien auswählen' },
  rejectedMore: {
    one: '{count} weitere Datei wurde nicht hinzugefügt',
    other: '{count} weitere Dateien wurden nicht hinzugefügt',
  },
  dismissMessages: 'Meldungen schließen',

  'reject-type': '„{name}“ wurde nicht hinzugefügt: Der Dateityp ist nicht zulässig. Zulässig: {accept}.',
  'reject-too-big': '„{name}“ wurde nicht hinzugefügt: Die Datei ist {size} groß, zulässig sind höchstens {max}.',
  'reject-too-small': '„{name}“ wurde nicht hinzugefügt: Die Datei ist nur {size} groß, nötig sind mindestens {min}.',
  'reject-too-many': {
    one: '„{name}“ wurde nicht hinzugefügt: höchstens {count} Datei.',
    other: '„{name}“ wurde nicht hinzugefügt: höchstens {count} Dateien.',
  },
  'reject-duplicate': '„{name}“ wurde nicht hinzugefügt: Die Datei steht schon in der Liste.',
  'reject-empty-name': 'Eine Datei wurde nicht hinzugefügt: Sie hat keinen Namen.',
  'reject-user-changed':
    'Eine Datei wurde nicht hochgeladen, weil jetzt jemand anderes angemeldet ist. Fügen Sie sie erneut hinzu.',
  'reject-unreadable':
    '„{name}“ wurde nicht hinzugefügt: Die Datei ist nicht lesbar. Prüfen Sie die Zugriffsrechte und fügen Sie sie erneut hinzu.',
  'reject-not-a-file': '{name} wurde nicht hinzugefügt: Das ist keine Datei.',

  'error-no-signer':
    '„{name}“ kann nicht hochgeladen werden, weil diese Seite dafür nicht eingerichtet ist. Wenden Sie sich an den Betreiber der Website.',
  'error-signer-refused':
    'Der Server nimmt „{name}“ nicht an. Versuchen Sie es erneut. Wenn das nicht hilft, wenden Sie sich an den Betreiber der Website.',
  'error-unauthorized': 'Sie sind nicht mehr angemeldet. Melden Sie sich an und versuchen Sie es mit „{name}“ erneut.',
  'error-store-refused':
    'Der Server nimmt „{name}“ nicht an. Versuchen Sie es erneut. Wenn das nicht hilft, wenden Sie sich an den Betreiber der Website.',
  'error-store-blocked':
    '„{name}“ kann nicht an den Server gesendet werden. Weitere Versuche folgen automatisch. Wenn diese Meldung bleibt, wenden Sie sich an den Betreiber der Website.',
  'error-signature-rejected':
    'Der Server nimmt „{name}“ nicht an. Versuchen Sie es erneut. Wenn das nicht hilft, wenden Sie sich an den Betreiber der Website.',
  'error-key-exists':
    'An der Stelle von „{name}“ gibt es bereits eine andere Datei. Benennen Sie Ihre Datei um und fügen Sie sie erneut hinzu.',
  'error-file-changed':
    '„{name}“ hat sich verändert, oder es wurde eine andere Datei ausgewählt. Wählen Sie „{name}“ erneut aus.',
  'error-file-unreadable': '„{name}“ ist nicht mehr lesbar. Wählen Sie die Datei erneut aus.',
  'error-integrity': '„{name}“ ist beschädigt angekommen. Versuchen Sie es erneut oder in einem anderen Netzwerk.',
  'error-too-many-retries':
    '„{name}“ wurde auch nach vielen Versuchen nicht hochgeladen. Prüfen Sie Ihre Verbindung und versuchen Sie es erneut.',
  'error-too-large': '„{name}“ ist zu groß, um hier hochgeladen zu werden.',
  'error-invalid-response':
    '„{name}“ wurde nicht hochgeladen, weil der Server ein Problem hat. Versuchen Sie es erneut. Wenn das nicht hilft, wenden Sie sich an den Betreiber der Website.',
  'error-engine-not-loaded':
    '„{name}“: Ein Teil der Seite konnte nicht geladen werden. Weitere Versuche folgen automatisch. Wenn diese Meldung bleibt, laden Sie die Seite neu.',
  'error-type': '„{name}“ hat keinen zulässigen Dateityp.',
  'error-too-big': '„{name}“ ist zu groß.',
  'error-too-small': '„{name}“ ist zu klein.',
  'error-empty-name': 'Die Datei hat keinen Namen.',

  saidStart: '{name} wird hochgeladen',
  saidStartMany: { one: '{count} Datei wird hochgeladen', other: '{count} Dateien werden hochgeladen' },
  saidProgress: '{percent} hochgeladen',
  saidPaused: 'Upload pausiert',
  saidComplete: '{name} wurde hochgeladen',
  saidCompleteMany: { one: '{count} Datei wurde hochgeladen', other: 'Alle {count} Dateien wurden hochgeladen' },
  saidFailed: '{name} wurde nicht hochgeladen: {message}',
  saidAborted: { one: '{name} wurde abgebrochen', other: '{count} Uploads wurden abgebrochen' },
  saidRecover: {
    one: '{count} nicht abgeschlossener Upload von einem früheren Besuch',
    other: '{count} nicht abgeschlossene Uploads von einem früheren Besuch',
  },

  valueMissing: 'Bitte laden Sie eine Datei hoch.',
  stillUploading: {
    one: 'Bitte warten Sie, bis der Upload abgeschlossen ist, oder brechen Sie ihn ab.',
    other: 'Bitte warten Sie, bis alle {count} Uploads abgeschlossen sind, oder brechen Sie sie ab.',
  },
  stillPaused: {
    one: 'Bitte setzen Sie den Upload fort, oder brechen Sie ihn ab.',
    other: 'Bitte setzen Sie die {count} Uploads fort, oder brechen Sie sie ab.',
  },
};
