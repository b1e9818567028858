import type { MuleStrings } from '../strings.js';

/** Every text in French. */
export const strings: MuleStrings = {
  label: 'Envoi de fichiers',
  browse: 'Choisir un fichier',
  browseMany: 'Choisir des fichiers',
  browseFolder: 'Choisir un dossier',
  drop: 'ou le déposer ici',
  dropMany: 'ou les déposer ici',
  dropNow: 'Relâcher pour ajouter',
  reading: {
    one: 'Lecture des dossiers : {count} fichier jusqu’ici',
    other: 'Lecture des dossiers : {count} fichiers jusqu’ici',
  },
  sizeRange: 'De {min} à {max} par fichier',
  sizeMost: '{max} au plus par fichier',
  sizeLeast: '{min} au moins par fichier',
  acceptedTypes: 'Types acceptés : {accept}',
  images: 'images',
  videos: 'vidéos',
  audio: 'audio',
  filesMost: { one: '{count} fichier au plus', other: '{count} fichiers au plus' },

  queued: 'En file d’attente',
  held: 'Prêt à démarrer',
  starting: 'Démarrage',
  uploading: 'Envoi en cours',
  paused: 'En pause',
  finishing: 'Finalisation',
  complete: 'Envoyé',
  failed: 'Échec',
  aborted: 'Annulé',
  needsFile: 'Choisissez à nouveau le fichier pour reprendre',
  needsPermission: 'Appuyez sur « Continuer » et autorisez le navigateur à relire le fichier',
  found: 'Non terminé lors d’une visite précédente',

  waiting: 'En attente',
  waitingIn: 'En attente, nouvelle tentative dans {time}',
  waitingNetwork: 'Vous êtes hors ligne, reprise automatique',
  waitingConnection: 'Connexion perdue, reprise automatique',
  waitingStore: 'Le serveur est occupé, reprise automatique',
  waitingStoreIn: 'Le serveur est occupé, nouvelle tentative dans {time}',
  waitingSigner: 'Le serveur a un problème, reprise automatique',
  waitingSignerIn: 'Le serveur a un problème, nouvelle tentative dans {time}',
  waitingAuthorization: 'Reconnectez-vous pour reprendre',
  waitingTab: 'Envoi en cours dans un autre onglet',
  waitingFile: 'Le fichier est illisible, reprise dès qu’il sera lisible',
  waitingEngine: 'Une partie de la page n’a pas pu être chargée, nouvelle tentative automatique',

  sizeOf: '{loaded} sur {size}',
  retried: { one: '{count} nouvelle tentative', other: '{count} nouvelles tentatives' },
  partsStored: { one: '{done} partie sur {count} envoyée', other: '{done} parties sur {count} envoyées' },
  timeLeft: 'il reste {time}',

  start: 'Démarrer',
  pause: 'Mettre en pause',
  resume: 'Reprendre',
  abort: 'Annuler',
  retry: 'Réessayer',
  choose: 'Choisir à nouveau le fichier',
  continue: 'Continuer',
  remove: 'Retirer',
  startNamed: 'Démarrer {name}',
  pauseNamed: 'Mettre {name} en pause',
  resumeNamed: 'Reprendre {name}',
  abortNamed: 'Annuler {name}',
  retryNamed: 'Réessayer {name}',
  continueNamed: 'Continuer {name}',
  chooseNamed: 'Choisir à nouveau le fichier : {name}',
  removeNamed: 'Retirer {name} de la liste',
  startAll: 'Tout démarrer',
  pauseAll: 'Tout mettre en pause',
  resumeAll: 'Tout reprendre',
  retryAll: 'Réessayer les échecs',
  abortAll: 'Tout annuler',
  clearDone: 'Retirer les terminés',
  askAbort: 'Annuler l’envoi ? Ce qui a déjà été envoyé sera supprimé.',
  askAbortAll: {
    one: 'Annuler {count} envoi ? Ce qui en a déjà été envoyé sera supprimé.',
    other: 'Annuler {count} envois ? Ce qui en a déjà été envoyé sera supprimé.',
  },
  confirmAbort: { one: 'Annuler l’envoi', other: 'Annuler les envois' },
  keepUploading: 'Poursuivre l’envoi',
  askDiscard: {
    one: 'Abandonner l’envoi ? Ce qui a déjà été envoyé sera supprimé.',
    other: 'Abandonner {count} envois ? Ce qui en a déjà été envoyé sera supprimé.',
  },
  keep: 'Conserver',

  files: 'Fichiers',
  summaryStored: { one: '{done} fichier sur {count} envoyé', other: '{done} fichiers sur {count} envoyés' },
  summaryAllStored: { one: '{count} fichier envoyé', other: 'Les {count} fichiers ont été envoyés' },
  summaryFailed: { one: '{count} échec', other: '{count} échecs' },
  totalProgress: 'Tous les fichiers',
  recoverFiles: {
    one: '{count} envoi d’une visite précédente n’est pas terminé. Choisissez à nouveau son fichier pour le reprendre.',
    other:
      '{count} envois d’une visite précédente ne sont pas terminés. Choisissez à nouveau leurs fichiers pour les reprendre.',
  },
  recoverReady: {
    one: '{count} envoi d’une visite précédente n’est pas terminé et peut être repris.',
    other: '{count} envois d’une visite précédente ne sont pas terminés et peuvent être repris.',
  },
  recoverFound: {
    one: '{count} envoi d’une visite précédente n’est pas terminé.',
    other:
      '{count} envois d’une visite précédente ne sont pas terminés. Certains peuvent être repris maintenant, les autres quand vous aurez choisi à nouveau leurs fichiers.',
  },
  recoverResume: { one: 'Reprendre', other: 'Tout reprendre' },
  recoverDiscard: { one: 'Abandonner', other: 'Tout abandonner' },
  recoverChoose: { one: 'Choisir le fichier', other: 'Choisir les fichiers' },
  rejectedMore: {
    one: '{count} autre fichier n’a pas été ajouté',
    other: '{count} autres fichiers n’ont pas été ajoutés',
  },
  dismissMessages: 'Fermer les messages',

  'reject-type': '« {name} » n’a pas été ajouté : son type n’est pas accepté. Types acceptés : {accept}.',
  'reject-too-big': '« {name} » n’a pas été ajouté : sa taille est de {size}, le maximum est de {max}.',
  'reject-too-small': '« {name} » n’a pas été ajouté : sa taille est de {size}, le minimum est de {min}.',
  'reject-too-many': {
    one: '« {name} » n’a pas été ajouté : {count} fichier au plus.',
    other: '« {name} » n’a pas été ajouté : {count} fichiers au plus.',
  },
  'reject-duplicate': '« {name} » n’a pas été ajouté : il est déjà dans la liste.',
  'reject-empty-name': 'Un fichier n’a pas été ajouté : il n’a pas de nom.',
  'reject-user-changed':
    'Un fichier n’a pas été envoyé, car un autre utilisateur est maintenant connecté. Ajoutez-le à nouveau.',
  'reject-unreadable':
    '« {name} » n’a pas été ajouté : lecture impossible. Vérifiez ses autorisations, puis ajoutez-le à nouveau.',
  'reject-not-a-file': '{name} n’a pas été ajouté : ce n’est pas un fichier.',

  'error-no-signer':
    '« {name} » ne peut pas être envoyé, car cette page n’est pas configurée pour cela. Contactez les responsables du site.',
  'error-signer-refused':
    'Le serveur n’accepte pas « {name} ». Réessayez. Si le problème persiste, contactez les responsables du site.',
  'error-unauthorized': 'Votre session a expiré. Connectez-vous, puis réessayez avec « {name} ».',
  'error-store-refused':
    'Le serveur n’accepte pas « {name} ». Réessayez. Si le problème persiste, contactez les responsables du site.',
  'error-store-blocked':
    '« {name} » ne peut pas être transmis au serveur. Les tentatives continuent. Si ce message persiste, contactez les responsables du site.',
  'error-signature-rejected':
    'Le serveur n’accepte pas « {name} ». Réessayez. Si le problème persiste, contactez les responsables du site.',
  'error-key-exists':
    'Un autre fichier existe déjà à la place de « {name} ». Renommez votre fichier, puis ajoutez-le à nouveau.',
  'error-file-changed': '« {name} » a changé, ou un autre fichier a été choisi. Choisissez à nouveau « {name} ».',
  'error-file-unreadable': '« {name} » n’est plus lisible. Choisissez à nouveau le fichier.',
  'error-integrity': '« {name} » est arrivé endommagé. Réessayez, ou utilisez un autre réseau.',
  'error-too-many-retries':
    '« {name} » n’a pas été envoyé malgré de nombreuses tentatives. Vérifiez votre connexion, puis réessayez.',
  'error-too-large': '« {name} » est trop volumineux pour être envoyé ici.',
  'error-invalid-response':
    '« {name} » n’a pas été envoyé, car le serveur a un problème. Réessayez. Si le problème persiste, contactez les responsables du site.',
  'error-engine-not-loaded':
    '« {name} » : une partie de la page n’a pas pu être chargée. Les tentatives continuent. Si ce message persiste, rechargez la page.',
  'error-type': '« {name} » n’est pas d’un type accepté.',
  'error-too-big': '« {name} » est trop volumineux.',
  'error-too-small': '« {name} » est trop petit.',
  'error-empty-name': 'Le fichier n’a pas de nom.',

  saidStart: 'Envoi de {name}',
  saidStartMany: { one: 'Envoi de {count} fichier', other: 'Envoi de {count} fichiers' },
  saidProgress: '{percent} envoyés',
  saidPaused: 'Envoi en pause',
  saidComplete: '{name} a été envoyé',
  saidCompleteMany: { one: '{count} fichier a été envoyé', other: 'Les {count} fichiers ont été envoyés' },
  saidFailed: '{name} n’a pas été envoyé : {message}',
  saidAborted: { one: 'L’envoi de {name} a été annulé', other: '{count} envois ont été annulés' },
  saidRecover: {
    one: '{count} envoi non terminé d’une visite précédente',
    other: '{count} envois non terminés d’une visite précédente',
  },

  valueMissing: 'Veuillez envoyer un fichier.',
  stillUploading: {
    one: 'Veuillez attendre la fin de l’envoi, ou l’annuler.',
    other: 'Veuillez attendre la fin des {count} envois, ou les annuler.',
  },
  stillPaused: {
    one: 'Veuillez reprendre l’envoi, ou l’annuler.',
    other: 'Veuillez reprendre les {count} envois, ou les annuler.',
  },
};
