/** Waits until a promise settles, but only for a time. The promise must not reject. */
export async function waitAtMost(settled: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timePassed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([settled, timePassed]);
  clearTimeout(timer);
}
