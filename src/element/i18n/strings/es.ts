import type { MuleStrings } from '../strings.js';

/** Every text in Spanish. */
export const strings: MuleStrings = {
  label: 'Subida de archivos',
  browse: 'Elegir un archivo',
  browseMany: 'Elegir archivos',
  browseFolder: 'Elegir una carpeta',
  drop: 'o soltarlo aquí',
  dropMany: 'o soltarlos aquí',
  dropNow: 'Soltar para añadir',
  reading: {
    one: 'Leyendo carpetas: {count} archivo hasta ahora',
    other: 'Leyendo carpetas: {count} archivos hasta ahora',
  },
  sizeRange: 'Entre {min} y {max} por archivo',
  sizeMost: 'Como máximo {max} por archivo',
  sizeLeast: 'Como mínimo {min} por archivo',

  queued: 'En cola',
  held: 'Listo para empezar',
  starting: 'Iniciando',
  uploading: 'Subiendo',
  paused: 'En pausa',
  finishing: 'Finalizando',
  complete: 'Subido',
  failed: 'Error al subir',
  aborted: 'Cancelado',
  needsFile: 'Vuelve a elegir el archivo para reanudar',
  needsPermission: 'Pulsa «Continuar» y permite que el navegador vuelva a leer el archivo',
  found: 'Quedó sin terminar en una visita anterior',

  waiting: 'En espera',
  waitingIn: 'En espera; nuevo intento en {time}',
  waitingNetwork: 'No tienes conexión; se reanudará automáticamente',
  waitingConnection: 'Se perdió la conexión; se reanudará automáticamente',
  waitingStore: 'El servidor está ocupado; se reanudará automáticamente',
  waitingStoreIn: 'El servidor está ocupado; nuevo intento en {time}',
  waitingSigner: 'El servidor tiene un problema; se reanudará automáticamente',
  waitingSignerIn: 'El servidor tiene un problema; nuevo intento en {time}',
  waitingAuthorization: 'Vuelve a iniciar sesión para reanudar',
  waitingTab: 'Se está subiendo en otra pestaña',
  waitingFile: 'No se puede leer el archivo; se reanudará cuando se pueda',
  waitingEngine: 'No se pudo cargar una parte de la página; se reintentará automáticamente',

  sizeOf: '{loaded} de {size}',
  retried: { one: '{count} reintento', other: '{count} reintentos' },
  partsStored: { one: '{done} de {count} parte subida', other: '{done} de {count} partes subidas' },
  timeLeft: 'quedan {time}',

  start: 'Iniciar',
  pause: 'Pausar',
  resume: 'Reanudar',
  abort: 'Cancelar',
  retry: 'Reintentar',
  choose: 'Volver a elegir el archivo',
  continue: 'Continuar',
  remove: 'Quitar',
  startNamed: 'Iniciar {name}',
  pauseNamed: 'Pausar {name}',
  resumeNamed: 'Reanudar {name}',
  abortNamed: 'Cancelar {name}',
  retryNamed: 'Reintentar {name}',
  continueNamed: 'Continuar {name}',
  chooseNamed: 'Volver a elegir el archivo: {name}',
  removeNamed: 'Quitar {name} de la lista',
  startAll: 'Iniciar todo',
  pauseAll: 'Pausar todo',
  resumeAll: 'Reanudar todo',
  retryAll: 'Reintentar los fallidos',
  abortAll: 'Cancelar todo',
  clearDone: 'Quitar los terminados',
  askAbort: '¿Cancelar la subida? Lo que ya se ha subido se eliminará.',
  askAbortAll: {
    one: '¿Cancelar {count} subida? Lo que ya se ha subido de ella se eliminará.',
    other: '¿Cancelar {count} subidas? Lo que ya se ha subido de ellas se eliminará.',
  },
  confirmAbort: { one: 'Cancelar la subida', other: 'Cancelar las subidas' },
  keepUploading: 'Seguir subiendo',
  askDiscard: {
    one: '¿Descartar la subida? Lo que ya se ha subido se eliminará.',
    other: '¿Descartar {count} subidas? Lo que ya se ha subido de ellas se eliminará.',
  },
  keep: 'Conservar',

  files: 'Archivos',
  summaryStored: { one: '{done} de {count} archivo subido', other: '{done} de {count} archivos subidos' },
  summaryAllStored: { one: '{count} archivo subido', other: 'Los {count} archivos se han subido' },
  summaryFailed: { one: '{count} ha fallado', other: '{count} han fallado' },
  totalProgress: 'Todos los archivos',
  recoverFiles: {
    one: '{count} subida de una visita anterior está sin terminar. Vuelve a elegir su archivo para reanudarla.',
    other: '{count} subidas de una visita anterior están sin terminar. Vuelve a elegir sus archivos para reanudarlas.',
  },
  recoverReady: {
    one: '{count} subida de una visita anterior está sin terminar y se puede reanudar.',
    other: '{count} subidas de una visita anterior están sin terminar y se pueden reanudar.',
  },
  recoverFound: {
    one: '{count} subida de una visita anterior está sin terminar.',
    other:
      '{count} subidas de una visita anterior están sin terminar. Algunas se pueden reanudar ya; las demás, cuando vuelvas a elegir sus archivos.',
  },
  recoverResume: { one: 'Reanudar', other: 'Reanudar todo' },
  recoverDiscard: { one: 'Descartar', other: 'Descartar todo' },
  recoverChoose: { one: 'Elegir el archivo', other: 'Elegir los archivos' },
  rejectedMore: { one: '{count} archivo más no se añadió', other: '{count} archivos más no se añadieron' },
  dismissMessages: 'Cerrar los mensajes',

  'reject-type': 'No se añadió «{name}»: su tipo no está permitido. Tipos permitidos: {accept}.',
  'reject-too-big': 'No se añadió «{name}»: ocupa {size} y el máximo es {max}.',
  'reject-too-small': 'No se añadió «{name}»: ocupa {size} y el mínimo es {min}.',
  'reject-too-many': {
    one: 'No se añadió «{name}»: el máximo es {count} archivo.',
    other: 'No se añadió «{name}»: el máximo es {count} archivos.',
  },
  'reject-duplicate': 'No se añadió «{name}»: ya está en la lista.',
  'reject-empty-name': 'No se añadió un archivo: no tiene nombre.',
  'reject-user-changed': 'Un archivo no se ha subido porque ahora hay otro usuario conectado. Vuelve a añadirlo.',
  'reject-unreadable': 'No se añadió «{name}»: no se puede leer. Comprueba los permisos y vuelve a añadirlo.',
  'reject-not-a-file': 'No se añadió {name}: no es un archivo.',

  'error-no-signer':
    'No se puede subir «{name}» porque esta página no está configurada para ello. Ponte en contacto con los responsables del sitio.',
  'error-signer-refused':
    'El servidor no acepta «{name}». Inténtalo de nuevo. Si no funciona, ponte en contacto con los responsables del sitio.',
  'error-unauthorized': 'Tu sesión ha caducado. Inicia sesión y vuelve a intentarlo con «{name}».',
  'error-store-refused':
    'El servidor no acepta «{name}». Inténtalo de nuevo. Si no funciona, ponte en contacto con los responsables del sitio.',
  'error-store-blocked':
    'No se puede enviar «{name}» al servidor. Se sigue intentando. Si este mensaje no desaparece, ponte en contacto con los responsables del sitio.',
  'error-signature-rejected':
    'El servidor no acepta «{name}». Inténtalo de nuevo. Si no funciona, ponte en contacto con los responsables del sitio.',
  'error-key-exists':
    'Ya hay otro archivo en el lugar de «{name}». Cambia el nombre de tu archivo y vuelve a añadirlo.',
  'error-file-changed': '«{name}» ha cambiado o se ha elegido otro archivo. Vuelve a elegir «{name}».',
  'error-file-unreadable': '«{name}» ya no se puede leer. Vuelve a elegir el archivo.',
  'error-integrity': '«{name}» ha llegado dañado. Inténtalo de nuevo o usa otra red.',
  'error-too-many-retries':
    'No se ha podido subir «{name}» tras muchos intentos. Comprueba tu conexión e inténtalo de nuevo.',
  'error-too-large': '«{name}» es demasiado grande para subirlo aquí.',
  'error-invalid-response':
    'No se ha subido «{name}» porque el servidor tiene un problema. Inténtalo de nuevo. Si no funciona, ponte en contacto con los responsables del sitio.',
  'error-engine-not-loaded':
    '«{name}»: no se pudo cargar una parte de la página. Se sigue intentando. Si este mensaje no desaparece, vuelve a cargar la página.',
  'error-type': '«{name}» no es de un tipo admitido.',
  'error-too-big': '«{name}» es demasiado grande.',
  'error-too-small': '«{name}» es demasiado pequeño.',
  'error-empty-name': 'El archivo no tiene nombre.',

  saidStart: 'Subiendo {name}',
  saidStartMany: { one: 'Subiendo {count} archivo', other: 'Subiendo {count} archivos' },
  saidProgress: '{percent} subido',
  saidPaused: 'Subida en pausa',
  saidComplete: 'Se ha subido {name}',
  saidCompleteMany: { one: 'Se ha subido {count} archivo', other: 'Se han subido los {count} archivos' },
  saidFailed: 'No se ha subido {name}: {message}',
  saidAborted: { one: 'Se ha cancelado {name}', other: 'Se han cancelado {count} subidas' },
  saidRecover: {
    one: '{count} subida sin terminar de una visita anterior',
    other: '{count} subidas sin terminar de una visita anterior',
  },

  valueMissing: 'Por favor, sube un archivo.',
  stillUploading: {
    one: 'Espera a que termine la subida o cancélala.',
    other: 'Espera a que terminen las {count} subidas o cancélalas.',
  },
  stillPaused: {
    one: 'Reanuda la subida o cancélala.',
    other: 'Reanuda las {count} subidas o cancélalas.',
  },
};
