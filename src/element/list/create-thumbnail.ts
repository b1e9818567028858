/** Twice the shown size, for high-density screens. */
const SIDE_PX = 80;
/** An image has to be decoded completely. */
const MAX_IMAGE_BYTES = 30e6;
/** Only the header and one frame of a video are read. */
const MAX_VIDEO_BYTES = 4e9;
const VIDEO_TIMEOUT_MS = 10_000;

/**
 * Whether the page's content security policy blocks `blob:` videos. Then no other video is tried: each attempt would send
 * a violation report.
 */
let areVideosBlocked = false;

/**
 * Creates a thumbnail of an image or a video; a canvas, because a strict content security policy blocks `blob:` images.
 * @returns null if the file is no image or video, too large, damaged, or of a format that the browser does not support
 */
export async function createThumbnail(file: File): Promise<HTMLCanvasElement | null> {
  const kind = file.type.split('/')[0];
  try {
    if (kind === 'image' && file.size <= MAX_IMAGE_BYTES) return await thumbnailOfImage(file);
    if (kind === 'video' && file.size <= MAX_VIDEO_BYTES && !areVideosBlocked) return await thumbnailOfVideo(file);
  } catch {
    // damaged, or of an unsupported format
  }
  return null;
}

/** Decodes and scales the image off the main thread. */
async function thumbnailOfImage(file: File): Promise<HTMLCanvasElement> {
  const bitmap = await createImageBitmap(file, { resizeWidth: SIDE_PX * 2, resizeQuality: 'medium' });
  try {
    return drawSquare(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

async function thumbnailOfVideo(file: File): Promise<HTMLCanvasElement> {
  const url = URL.createObjectURL(file);
  const video = document.createElement('video');
  const onViolation = ({ blockedURI, effectiveDirective }: SecurityPolicyViolationEvent): void => {
    if (areVideosBlocked || effectiveDirective !== 'media-src' || !blockedURI.startsWith('blob')) return;
    areVideosBlocked = true;
    console.warn(
      'mule-upload: thumbnails of videos need "media-src blob:" in the Content-Security-Policy; no-thumbnails turns them off.',
    );
  };
  document.addEventListener('securitypolicyviolation', onViolation);
  try {
    video.muted = true;
    video.preload = 'auto';
    video.src = url;
    await waitForEvent(video, 'loadeddata');
    // the first frame is often black
    video.currentTime = Math.min(1, video.duration / 10 || 0);
    await waitForEvent(video, 'seeked');
    return drawSquare(video, video.videoWidth, video.videoHeight);
  } finally {
    document.removeEventListener('securitypolicyviolation', onViolation);
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(url);
  }
}

function waitForEvent(video: HTMLVideoElement, type: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const listeners = new AbortController();
    const settleBy = (resolveOrReject: () => void) => (): void => {
      listeners.abort();
      resolveOrReject();
    };
    const timer = setTimeout(
      settleBy(() => reject(new Error(`no ${type}`))),
      VIDEO_TIMEOUT_MS,
    );
    listeners.signal.addEventListener('abort', () => clearTimeout(timer));
    video.addEventListener(type, settleBy(resolve), { signal: listeners.signal });
    video.addEventListener(
      'error',
      settleBy(() => reject(new Error('unsupported video'))),
      { signal: listeners.signal },
    );
  });
}

/** Draws the middle of an image into a square. */
function drawSquare(image: CanvasImageSource, width: number, height: number): HTMLCanvasElement {
  if (!width || !height) throw new Error('empty image');
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE_PX;
  const side = Math.min(width, height);
  canvas
    .getContext('2d')!
    .drawImage(image, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE_PX, SIDE_PX);
  return canvas;
}
