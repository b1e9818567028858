/** How a page is displayed. */
export interface DisplaySettings {
  /** CSS pixels. */
  width: number;
  height: number;
  /** Device pixels per CSS pixel. To zoom a page to 200 %, halve `width` and set 2. */
  scale?: number;
  print?: boolean;
  /** Media features by name, such as `prefers-color-scheme`. */
  features?: Record<string, string>;
}

/** The interface that each engine's protocol implements; `browser.ts` builds on it. */
export interface RawPage {
  /** Resolves when the page has loaded. */
  navigate(url: string): Promise<void>;
  reload(): Promise<void>;
  /** Runs the body of an async function and returns its string, if any. @throws Error with the page's error */
  run(body: string): Promise<string | undefined>;
  /** @param path selectors: each is looked up in the shadow root of the element that the one before selects */
  setFiles(path: readonly string[], files: readonly string[]): Promise<void>;
  /** Drops files on the middle of an element, as a user does; undefined if the engine's protocol does not support it. */
  drop?(path: readonly string[], files: readonly string[]): Promise<void>;
  /** Changes viewport, zoom and media features; if the engine supports it. */
  setDisplay?(settings: DisplaySettings): Promise<void>;
  /** The accessibility tree that assistive technology gets; if the engine's protocol has it. */
  accessibilityTree?(): Promise<AccessibleNode[]>;
  /** PNG of the viewport. */
  screenshot(): Promise<Buffer>;
  /** Switches the network off or on, if the engine supports it. */
  setOffline?(isOffline: boolean): Promise<void>;
  /** Bytes of live JavaScript objects; null if the engine does not report them. */
  heap(): Promise<number | null>;
  /** Closes the tab as a user does. */
  close(): Promise<void>;
  /** Kills the process that runs the page; if the engine supports it. */
  crash?(): Promise<void>;
  /** Freezes or resumes the page; if the engine supports it. */
  setFrozen?(isFrozen: boolean): Promise<void>;
}

/** One node of the accessibility tree; ignored nodes are left out. */
export interface AccessibleNode {
  role: string;
  name: string;
  /** Its text, or its progress. */
  value: string;
  description: string;
  /** Number of ancestors that are not left out. */
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
  /** Folder that is kept after the browser has ended. */
  profile: string;
  /** Further arguments of the browser's command line. */
  args: readonly string[];
  /** X display to open a window on; optional for this browser. */
  display?: string | undefined;
}

/** Returns a script expression for the element that `path` selects through shadow roots. */
export const elementExpression = (path: readonly string[]): string =>
  `${JSON.stringify(path)}.reduce((at, selector) => (at.shadowRoot ?? at).querySelector(selector), document)`;
