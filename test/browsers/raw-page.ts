/** How a page is looked at. */
export interface Look {
  /** CSS pixels. */
  width: number;
  height: number;
  /** Device pixels to one of CSS: a page zoomed to 200 % is half as wide, at 2. */
  scale?: number;
  print?: boolean;
  /** Media features by name, such as `prefers-color-scheme`. */
  features?: Record<string, string>;
}

/** What an engine's own protocol has to give; `page.ts` makes the rest of it. */
export interface RawPage {
  /** Resolves when the page has loaded. */
  navigate(url: string): Promise<void>;
  reload(): Promise<void>;
  /** Runs the body of an async function and gives the string it returns, if any. @throws Error with the page's words */
  run(body: string): Promise<string | undefined>;
  /** @param path selectors, each within the shadow root of the last one's element */
  setFiles(path: readonly string[], files: readonly string[]): Promise<void>;
  /** Drops files on the middle of an element, as a user does; missing where the engine's protocol cannot. */
  drop?(path: readonly string[], files: readonly string[]): Promise<void>;
  /** Shows the page as another screen or reader would have it; where the engine offers it. */
  look?(look: Look): Promise<void>;
  /** The accessibility tree as the engine gives it to assistive technology; where its protocol does. */
  accessibilityTree?(): Promise<AccessibleNode[]>;
  /** PNG of the viewport. */
  screenshot(): Promise<Buffer>;
  /** Takes the line away, or gives it back, where the engine offers it. */
  setOffline?(isOffline: boolean): Promise<void>;
  /** Bytes of live JavaScript objects; null where the engine does not tell. */
  heap(): Promise<number | null>;
  /** Shuts the tab as its user does. */
  close(): Promise<void>;
  /** Ends the process that runs the page; where the engine offers it. */
  crash?(): Promise<void>;
  /** Freezes the page, or thaws it; where the engine offers it. */
  setFrozen?(isFrozen: boolean): Promise<void>;
}

/** One node of the accessibility tree, those that are passed over left out. */
export interface AccessibleNode {
  role: string;
  name: string;
  /** What stands there, or how far it is. */
  value: string;
  /** Nodes above it that are not left out. */
  depth: number;
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
  /** X display to open a window on, where the browser can do without. */
  display?: string | undefined;
}

/** An expression that finds an element through shadow roots. */
export const finder = (path: readonly string[]): string =>
  `${JSON.stringify(path)}.reduce((at, selector) => (at.shadowRoot ?? at).querySelector(selector), document)`;
