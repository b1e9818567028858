/** What an engine's own protocol has to give; `page.ts` makes the rest of it. */
export interface RawPage {
  /** Resolves when the page has loaded. */
  navigate(url: string): Promise<void>;
  reload(): Promise<void>;
  /** Runs the body of an async function and gives the string it returns, if any. @throws Error with the page's words */
  run(body: string): Promise<string | undefined>;
  /** @param path selectors, each within the shadow root of the last one's element */
  setFiles(path: readonly string[], files: readonly string[]): Promise<void>;
  /** PNG of the viewport. */
  screenshot(): Promise<Buffer>;
  /** Bytes of live JavaScript objects; null where the engine does not tell. */
  heap(): Promise<number | null>;
}

/** A started browser of one engine with one page. */
export interface RawBrowser {
  readonly version: string;
  readonly pid: number;
  readonly page: RawPage;
  newPage(): Promise<RawPage>;
  close(): Promise<void>;
  kill(): Promise<void>;
}

export interface LaunchOptions {
  /** Folder that outlives the browser. */
  profile: string;
  /** Further arguments of the browser's command line. */
  args: readonly string[];
}

/** An expression that finds an element through shadow roots. */
export const finder = (path: readonly string[]): string =>
  `${JSON.stringify(path)}.reduce((at, selector) => (at.shadowRoot ?? at).querySelector(selector), document)`;
