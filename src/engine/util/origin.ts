/** The URL that was parsed last: a request needs its origin several times. */
let last: { url: string; origin: string } | null = null;

/** Returns the origin of an absolute URL. @throws TypeError for any other */
export function originOf(url: string): string {
  if (last?.url !== url) last = { url, origin: new URL(url).origin };
  return last.origin;
}
