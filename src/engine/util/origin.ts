/** The result of the last call. Cached, because a request needs the origin of its URL several times. */
let lastResult: { url: string; origin: string } | null = null;

/** Returns the origin of an absolute URL. @throws TypeError for any other */
export function originOf(url: string): string {
  if (lastResult?.url !== url) lastResult = { url, origin: new URL(url).origin };
  return lastResult.origin;
}
