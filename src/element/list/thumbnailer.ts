/** Pixels of a side; twice what is shown, for dense screens. */
const SIDE = 80;
/** Bytes above which an image is left alone: it has to be decoded whole. */
const LARGEST_IMAGE = 30e6;
/** Of a video only its head and one frame are read. */
const LARGEST_VIDEO = 4e9;
/** Milliseconds after which a video is given up. */
const PATIENCE = 10_000;

/** Whether the page's security policy keeps videos from being read: asking again would only fill its reports. */
let isVideoBarred = false;

/**
 * Makes a small picture of an image or a video. A canvas, since a strict page shows no `blob:` URLs.
 * @returns null where the file is neither, too large, or of a format that the browser does not know
 */
export async function thumbnailOf(file: File): Promise<HTMLCanvasElement | null> {
  const kind = file.type.split('/')[0];
  try {
    if (kind === 'image' && file.size <= LARGEST_IMAGE) return await ofImage(file);
    if (kind === 'video' && file.size <= LARGEST_VIDEO && !isVideoBarred) return await ofVideo(file);
  } catch {
    // damaged, or of a format that the browser does not know: the sign for any file will do
  }
  return null;
}

/** Decoded and made small by the browser's own threads. */
async function ofImage(file: File): Promise<HTMLCanvasElement> {
  const bitmap = await createImageBitmap(file, { resizeWidth: SIDE * 2, resizeQuality: 'medium' });
  try {
    return draw(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

async function ofVideo(file: File): Promise<HTMLCanvasElement> {
  const url = URL.createObjectURL(file);
  const video = document.createElement('video');
  const bar = ({ blockedURI }: SecurityPolicyViolationEvent): void => {
    isVideoBarred ||= blockedURI.startsWith('blob');
  };
  document.addEventListener('securitypolicyviolation', bar);
  try {
    video.muted = true;
    video.preload = 'auto';
    video.src = url;
    await heard(video, 'loadeddata');
    // the first frame is often black
    video.currentTime = Math.min(1, video.duration / 10 || 0);
    await heard(video, 'seeked');
    return draw(video, video.videoWidth, video.videoHeight);
  } finally {
    document.removeEventListener('securitypolicyviolation', bar);
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(url);
  }
}

function heard(video: HTMLVideoElement, type: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = new AbortController();
    const settle = (act: () => void) => (): void => {
      end.abort();
      act();
    };
    const timer = setTimeout(
      settle(() => reject(new Error(`no ${type}`))),
      PATIENCE,
    );
    end.signal.addEventListener('abort', () => clearTimeout(timer));
    video.addEventListener(type, settle(resolve), { signal: end.signal });
    video.addEventListener(
      'error',
      settle(() => reject(new Error('not a video that the browser knows'))),
      { signal: end.signal },
    );
  });
}

/** Fills the square; what is too wide or too high is cut on both sides. */
function draw(image: CanvasImageSource, width: number, height: number): HTMLCanvasElement {
  if (!width || !height) throw new Error('an image without a size');
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE;
  const side = Math.min(width, height);
  canvas.getContext('2d')!.drawImage(image, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE);
  return canvas;
}
