import { LitElement } from 'lit';
import { property } from 'lit/decorators.js';
import type { AdmissionRules, HeadersOption, SignFunction, UploaderOptions } from '../../engine/api/types.js';
import { MAX_PART_SIZE, MIN_PART_SIZE } from '../../limits.js';
import type { Action } from '../../protocol.js';
import { converter, number, oneOf, size } from './attributes.js';

const CREDENTIALS = oneOf('credentials', ['same-origin', 'include', 'omit'], 'same-origin');
const CHECKSUM = oneOf('checksum', ['auto', 'none', 'crc64nvme', 'crc32c', 'crc32', 'sha256'], 'auto');
const RECOVER = oneOf('recover', ['auto', 'ask', 'choose', 'off'], 'auto');
const FORM_VALUE = oneOf('form-value', ['key', 'receipt'], 'key');
const PICKER = oneOf('picker', ['auto', 'input'], 'auto');
const MAX_SIZE = size('max-size', null);
const MIN_SIZE = size('min-size', null);
const MAX_FILES = number('max-files', null, { minimum: 1, whole: true });
const PART_SIZE = size('part-size', 'auto', MIN_PART_SIZE, MAX_PART_SIZE);
const CONCURRENCY = number('concurrency', 'auto', { minimum: 1, whole: true });
const MAX_RETRIES = number('max-retries', null, { minimum: 0, whole: true });
const STALL_TIMEOUT = number('stall-timeout', 30, { minimum: 1 });
const BANDWIDTH_LIMIT = size('bandwidth-limit', null, 1);

const URL_PROPERTIES = {
  get_init_signature: 'initSignatureUrl',
  get_chunk_signature: 'chunkSignatureUrl',
  get_list_signature: 'listSignatureUrl',
  get_end_signature: 'endSignatureUrl',
  get_delete_signature: 'deleteSignatureUrl',
  get_head_signature: 'headSignatureUrl',
  get_all_signatures: 'allSignaturesUrl',
  chunk_loaded: 'chunkLoadedUrl',
} as const satisfies Record<Action, string>;

/**
 * What an author sets on the element. Properties keep what they were given; a bad value warns when it is read out,
 * and the default holds. Names that native controls reflect are reflected, as there: at once.
 */
export abstract class UploadProperties extends LitElement {
  abstract get form(): HTMLFormElement | null;

  /** File types to pick, as on `<input type="file">`: extensions and MIME types, comma separated. */
  @property({ noAccessor: true })
  get accept(): string {
    return this.getAttribute('accept') ?? '';
  }
  set accept(value: string) {
    this.#reflect('accept', value);
  }

  /** The camera that a phone opens: `user` or `environment`, as on `<input type="file">`. */
  @property({ noAccessor: true })
  get capture(): string {
    return this.getAttribute('capture') ?? '';
  }
  set capture(value: string) {
    this.#reflect('capture', value);
  }

  /** Name of the form entries; without it nothing is submitted. */
  @property({ noAccessor: true })
  get name(): string {
    return this.getAttribute('name') ?? '';
  }
  set name(value: string) {
    this.#reflect('name', value);
  }

  /** Takes more than one file. */
  @property({ type: Boolean, noAccessor: true })
  get multiple(): boolean {
    return this.hasAttribute('multiple');
  }
  set multiple(value: boolean) {
    this.#reflect('multiple', Boolean(value));
  }

  /** Stops picking; running uploads go on. */
  @property({ type: Boolean, noAccessor: true })
  get disabled(): boolean {
    return this.hasAttribute('disabled');
  }
  set disabled(value: boolean) {
    this.#reflect('disabled', Boolean(value));
  }

  /** Makes the form wait for a completed upload. */
  @property({ type: Boolean, noAccessor: true })
  get required(): boolean {
    return this.hasAttribute('required');
  }
  set required(value: boolean) {
    this.#reflect('required', Boolean(value));
  }

  /** Base URL of the signer; each action is `{signer}/{action}`. */
  @property() signer = '';
  /** URL of the action `get_init_signature`; wins over `signer`, as do the next seven. */
  @property({ attribute: 'init-signature-url' }) initSignatureUrl: string | null = null;
  /** URL of the action `get_chunk_signature`. */
  @property({ attribute: 'chunk-signature-url' }) chunkSignatureUrl: string | null = null;
  /** URL of the action `get_list_signature`. */
  @property({ attribute: 'list-signature-url' }) listSignatureUrl: string | null = null;
  /** URL of the action `get_end_signature`. */
  @property({ attribute: 'end-signature-url' }) endSignatureUrl: string | null = null;
  /** URL of the action `get_delete_signature`. */
  @property({ attribute: 'delete-signature-url' }) deleteSignatureUrl: string | null = null;
  /** URL of the action `get_head_signature`. */
  @property({ attribute: 'head-signature-url' }) headSignatureUrl: string | null = null;
  /** URL of the action `get_all_signatures`. */
  @property({ attribute: 'all-signatures-url' }) allSignaturesUrl: string | null = null;
  /** URL of the action `chunk_loaded`; an empty one turns the notices off. */
  @property({ attribute: 'chunk-loaded-url' }) chunkLoadedUrl: string | null = null;
  /** Fetch credentials for the signer, never for the store: `same-origin`, `include` or `omit`. */
  @property({ converter: converter(CREDENTIALS) }) credentials: 'same-origin' | 'include' | 'omit' = 'same-origin';
  /** Headers of signer calls, or an (async) function that gives them. */
  @property({ attribute: false }) headers: HeadersOption | undefined;
  /** JSON sent with every `get_init_signature`. */
  @property({ attribute: false }) params: unknown;
  /** Stands in for HTTP between the element and a signer. */
  @property({ attribute: false }) sign: SignFunction | undefined;

  /** The picker picks a folder. */
  @property({ type: Boolean }) directory = false;
  /** Largest file taken: bytes, or a size such as `2GB`. */
  @property({ attribute: 'max-size', converter: converter(MAX_SIZE) }) maxSize: number | string | null = null;
  /** Smallest file taken: bytes, or a size such as `1kB`. */
  @property({ attribute: 'min-size', converter: converter(MIN_SIZE) }) minSize: number | string | null = null;
  /** Most files listed at a time. */
  @property({ attribute: 'max-files', converter: converter(MAX_FILES) }) maxFiles: number | null = null;
  /** Turns dropping off. */
  @property({ type: Boolean, attribute: 'no-drop' }) noDrop = false;
  /** Turns pasting off. */
  @property({ type: Boolean, attribute: 'no-paste' }) noPaste = false;
  /** CSS selector of a larger drop area, such as `body`. */
  @property({ attribute: 'drop-target' }) dropTarget: string | null = null;
  /** Makes no small pictures of images and videos. */
  @property({ type: Boolean, attribute: 'no-thumbnails' }) noThumbnails = false;
  /**
   * `auto`: file handles where the browser has them (Chromium), so that files need no choosing in the next visit;
   * `input`: always the file input.
   */
  @property({ converter: converter(PICKER) }) picker: 'auto' | 'input' = 'auto';

  /** Holds added files until `start()`. */
  @property({ type: Boolean, attribute: 'no-autostart' }) noAutostart = false;
  /** Wish for bytes per part, 5 MiB to 5 GiB, or `auto`; the signer's answer wins. */
  @property({ attribute: 'part-size', converter: converter(PART_SIZE) }) partSize: number | string = 'auto';
  /** Requests in flight over the whole element, or `auto`. */
  @property({ converter: converter(CONCURRENCY) }) concurrency: number | string = 'auto';
  /** Gives up on a part after so many failures; null: never. */
  @property({ attribute: 'max-retries', converter: converter(MAX_RETRIES) }) maxRetries: number | null = null;
  /** Seconds without a byte either way before a request is dropped and tried again. */
  @property({ attribute: 'stall-timeout', converter: converter(STALL_TIMEOUT) }) stallTimeout: number = 30;
  /** Bytes per second over the element; null: no limit. */
  @property({ attribute: 'bandwidth-limit', converter: converter(BANDWIDTH_LIMIT) }) bandwidthLimit:
    number | string | null = null;
  /** Checksum algorithm: `auto`, `crc64nvme`, `crc32c`, `crc32`, `sha256` or `none`. */
  @property({ converter: converter(CHECKSUM) }) checksum:
    'auto' | 'none' | 'crc64nvme' | 'crc32c' | 'crc32' | 'sha256' = 'auto';
  /**
   * Unfinished uploads of earlier visits: `auto` resumes them as soon as their file can be read, `ask` lists them and
   * waits for a click, `choose` resumes them when their file is chosen again, `off` stores nothing.
   */
  @property({ converter: converter(RECOVER) }) recover: 'auto' | 'ask' | 'choose' | 'off' = 'auto';
  /**
   * Keeps one destination's, or one user's, unfinished uploads apart from another's; the signer's URL by default. A
   * change ends every upload of the former scope in this page.
   */
  @property() scope: string | null = null;
  /**
   * Names this control: an unfinished upload comes back in the control with the same name, and nowhere else. By default
   * its form, `name` and `id` name it. Set it where several elements of a page have the same.
   */
  @property({ attribute: 'recovery-key' }) recoveryKey: string | null = null;
  /** Wish for the object's key; a prefix when several files are picked. */
  @property({ attribute: 'object-key' }) objectKey: string | null = null;
  /** Wish for the object's content type. */
  @property({ attribute: 'content-type' }) contentType: string | null = null;
  /** Wish for the object's canned ACL. */
  @property() acl: string | null = null;
  /** What a form submits for each upload: `key`, or the signer's sealed `receipt`. */
  @property({ attribute: 'form-value', converter: converter(FORM_VALUE) }) formValue: 'key' | 'receipt' = 'key';
  /** Submits the form by itself once all uploads are stored, as Enter in a text field does. */
  @property({ type: Boolean, attribute: 'submit-when-done' }) submitWhenDone = false;
  /** Holds a screen wake lock while uploading. */
  @property({ type: Boolean, attribute: 'keep-awake' }) keepAwake = false;
  /** Asks no `beforeunload` question while uploading. */
  @property({ type: Boolean, attribute: 'no-leave-warning' }) noLeaveWarning = false;

  // Lit comes here too, with null for an attribute that was removed.
  #reflect(attribute: string, value: string | boolean | null): void {
    if (value === null || typeof value === 'boolean') this.toggleAttribute(attribute, Boolean(value));
    else if (this.getAttribute(attribute) !== String(value)) this.setAttribute(attribute, String(value));
    this.requestUpdate(attribute, undefined);
  }
}

/** Whether files are picked by handles: no folders, and no camera. */
export const wantsHandles = (host: UploadProperties): boolean =>
  PICKER(host.picker) === 'auto' && !host.directory && !host.capture;

/** Gives what a form submits for each upload. */
export const formValueOf = (host: UploadProperties): 'key' | 'receipt' => FORM_VALUE(host.formValue);

/** Gives the limits on what is taken in, in bytes. */
export const limitsOf = (
  host: UploadProperties,
): { maxSize: number | null; minSize: number | null; maxFiles: number | null } => ({
  maxSize: MAX_SIZE(host.maxSize),
  minSize: MIN_SIZE(host.minSize),
  maxFiles: MAX_FILES(host.maxFiles),
});

/** What unfinished uploads must satisfy to be listed again. */
function rulesOf(host: UploadProperties): AdmissionRules {
  const { maxSize, minSize } = limitsOf(host);
  return { accept: host.accept, maxSize: maxSize ?? Infinity, minSize: minSize ?? 0 };
}

/** Turns the element's properties into the engine's options; what is not set is left to the engine's defaults. */
export function optionsOf(host: UploadProperties): UploaderOptions {
  const urls: Partial<Record<Action, string>> = {};
  for (const [action, name] of Object.entries(URL_PROPERTIES) as [Action, (typeof URL_PROPERTIES)[Action]][]) {
    const url = host[name];
    if (typeof url === 'string') urls[action] = url;
  }
  return {
    signer: host.signer,
    urls,
    credentials: CREDENTIALS(host.credentials),
    headers: host.headers ?? undefined,
    params: host.params,
    sign: host.sign ?? undefined,
    autostart: !host.noAutostart,
    partSize: PART_SIZE(host.partSize),
    concurrency: CONCURRENCY(host.concurrency),
    maxRetries: MAX_RETRIES(host.maxRetries) ?? Infinity,
    stallTimeout: STALL_TIMEOUT(host.stallTimeout),
    bandwidthLimit: BANDWIDTH_LIMIT(host.bandwidthLimit) ?? Infinity,
    checksum: CHECKSUM(host.checksum),
    recover: RECOVER(host.recover),
    scope: String(host.scope ?? ''),
    rules: rulesOf(host),
    objectKey: host.objectKey ?? '',
    contentType: host.contentType ?? '',
    acl: host.acl ?? '',
    keepAwake: host.keepAwake,
    leaveWarning: !host.noLeaveWarning,
  };
}
