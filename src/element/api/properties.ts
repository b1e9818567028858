import { LitElement } from 'lit';
import { property } from 'lit/decorators.js';
import type { AdmissionRules, HeadersOption, SignFunction, UploaderOptions } from '../../engine/api/types.js';
import { MAX_PART_SIZE, MIN_PART_SIZE } from '../../limits.js';
import type { Action } from '../../protocol.js';
import { keywordReader, numberReader, sizeReader, toConverter } from './attributes.js';

const readCredentials = keywordReader('credentials', ['same-origin', 'include', 'omit'], 'same-origin');
const readChecksum = keywordReader('checksum', ['auto', 'none', 'crc64nvme', 'crc32c', 'crc32', 'sha256'], 'auto');
const readRecover = keywordReader('recover', ['auto', 'ask', 'choose', 'off'], 'auto');
const readFormValue = keywordReader('form-value', ['key', 'receipt'], 'key');
const readPicker = keywordReader('picker', ['auto', 'input'], 'auto');
const readMaxSize = sizeReader('max-size', null);
const readMinSize = sizeReader('min-size', null);
const readMaxFiles = numberReader('max-files', null, { minimum: 1, isInteger: true });
const readPartSize = sizeReader('part-size', 'auto', MIN_PART_SIZE, MAX_PART_SIZE);
const readConcurrency = numberReader('concurrency', 'auto', { minimum: 1, isInteger: true });
const readMaxRetries = numberReader('max-retries', null, { minimum: 0, isInteger: true });
const readStallTimeout = numberReader('stall-timeout', 30, { minimum: 1 });
const readBandwidthLimit = sizeReader('bandwidth-limit', null, 1);

const URL_PROPERTIES = {
  get_init_signature: 'initSignatureUrl',
  get_chunk_signature: 'chunkSignatureUrl',
  get_list_signature: 'listSignatureUrl',
  get_end_signature: 'endSignatureUrl',
  get_delete_signature: 'deleteSignatureUrl',
  get_head_signature: 'headSignatureUrl',
  get_all_signatures: 'allSignaturesUrl',
  chunk_loaded: 'chunkLoadedUrl',
  chunks_loaded: 'chunksLoadedUrl',
} as const satisfies Record<Action, string>;

/**
 * The properties and attributes of the element. A property returns the value that was assigned, even if that is invalid.
 * An invalid value logs a warning when the options are read, and the default applies. Properties that native controls
 * have too, such as `disabled`, are reflected synchronously, as in native controls.
 */
export abstract class UploadProperties extends LitElement {
  abstract get form(): HTMLFormElement | null;

  /** Accepted file types, as on `<input type="file">`: extensions and MIME types, separated by commas. */
  @property({ noAccessor: true })
  get accept(): string {
    return this.getAttribute('accept') ?? '';
  }
  set accept(value: string) {
    this.#reflect('accept', value);
  }

  /** Camera that a phone opens: `user` or `environment`, as on `<input type="file">`. */
  @property({ noAccessor: true })
  get capture(): string {
    return this.getAttribute('capture') ?? '';
  }
  set capture(value: string) {
    this.#reflect('capture', value);
  }

  /** Name of the form entries. Without a name, nothing is submitted. */
  @property({ noAccessor: true })
  get name(): string {
    return this.getAttribute('name') ?? '';
  }
  set name(value: string) {
    this.#reflect('name', value);
  }

  /** Accepts more than one file. */
  @property({ type: Boolean, noAccessor: true })
  get multiple(): boolean {
    return this.hasAttribute('multiple');
  }
  set multiple(value: boolean) {
    this.#reflect('multiple', Boolean(value));
  }

  /** Prevents the user from adding files. Uploads in progress continue. */
  @property({ type: Boolean, noAccessor: true })
  get disabled(): boolean {
    return this.hasAttribute('disabled');
  }
  set disabled(value: boolean) {
    this.#reflect('disabled', Boolean(value));
  }

  /** Makes the element invalid until an upload is complete. */
  @property({ type: Boolean, noAccessor: true })
  get required(): boolean {
    return this.hasAttribute('required');
  }
  set required(value: boolean) {
    this.#reflect('required', Boolean(value));
  }

  /** Base URL of the signer; each action is `{signer}/{action}`. */
  @property() signer = '';
  /** URL of the action `get_init_signature`. Overrides `signer` for this action; the other action URLs do so too. */
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
  /** URL of the action `chunk_loaded`. An empty string turns these calls off. */
  @property({ attribute: 'chunk-loaded-url' }) chunkLoadedUrl: string | null = null;
  /** URL of the action `chunks_loaded`. An empty string sends one `chunk_loaded` for each upload instead. */
  @property({ attribute: 'chunks-loaded-url' }) chunksLoadedUrl: string | null = null;
  /** Credentials mode of signer calls: `same-origin`, `include` or `omit`. Calls to S3 never carry credentials. */
  @property({ converter: toConverter(readCredentials) }) credentials: 'same-origin' | 'include' | 'omit' =
    'same-origin';
  /** Headers of signer calls, or a function, possibly async, that returns them. */
  @property({ attribute: false }) headers: HeadersOption | undefined;
  /** JSON value sent with each `get_init_signature` call. */
  @property({ attribute: false }) params: unknown;
  /** Function that signs requests, in place of HTTP calls to a signer. */
  @property({ attribute: false }) sign: SignFunction | undefined;

  /** Makes the picker choose a folder. */
  @property({ type: Boolean }) directory = false;
  /** Maximum file size: bytes, or a size such as `2GB`. */
  @property({ attribute: 'max-size', converter: toConverter(readMaxSize) }) maxSize: number | string | null = null;
  /** Minimum file size: bytes, or a size such as `1kB`. */
  @property({ attribute: 'min-size', converter: toConverter(readMinSize) }) minSize: number | string | null = null;
  /** Maximum number of listed files, including objects stored earlier (`value`). */
  @property({ attribute: 'max-files', converter: toConverter(readMaxFiles) }) maxFiles: number | null = null;
  /** Disables drag and drop. */
  @property({ type: Boolean, attribute: 'no-drop' }) noDrop = false;
  /** Disables paste. */
  @property({ type: Boolean, attribute: 'no-paste' }) noPaste = false;
  /** CSS selector of a larger drop area, such as `body`. */
  @property({ attribute: 'drop-target' }) dropTarget: string | null = null;
  /** Shows no thumbnails of images and videos. */
  @property({ type: Boolean, attribute: 'no-thumbnails' }) noThumbnails = false;
  /** Shows plain progress bars instead of bars with a segment for each part. */
  @property({ type: Boolean, attribute: 'no-part-map' }) noPartMap = false;
  /**
   * File picker. `auto` uses file handles where the browser has them (Chromium): after a reload, files need not be
   * chosen again. `input` always uses a file input.
   */
  @property({ converter: toConverter(readPicker) }) picker: 'auto' | 'input' = 'auto';

  /** Queues added files until `start()` is called. */
  @property({ type: Boolean, attribute: 'no-autostart' }) noAutostart = false;
  /** Preferred part size, 5 MiB to 5 GiB, or `auto`. The signer decides. */
  @property({ attribute: 'part-size', converter: toConverter(readPartSize) }) partSize: number | string = 'auto';
  /** Maximum number of requests in flight, over all uploads, or `auto`. */
  @property({ converter: toConverter(readConcurrency) }) concurrency: number | string = 'auto';
  /** Number of failures of one request after which its upload fails; null for no limit. */
  @property({ attribute: 'max-retries', converter: toConverter(readMaxRetries) }) maxRetries: number | null = null;
  /** Seconds without any progress after which a request is aborted and retried. */
  @property({ attribute: 'stall-timeout', converter: toConverter(readStallTimeout) }) stallTimeout: number = 30;
  /** Maximum bytes per second, over all uploads; null for no limit. */
  @property({ attribute: 'bandwidth-limit', converter: toConverter(readBandwidthLimit) }) bandwidthLimit:
    number | string | null = null;
  /** Checksum algorithm: `auto`, `crc64nvme`, `crc32c`, `crc32`, `sha256` or `none`. */
  @property({ converter: toConverter(readChecksum) }) checksum:
    'auto' | 'none' | 'crc64nvme' | 'crc32c' | 'crc32' | 'sha256' = 'auto';
  /**
   * What happens to unfinished uploads of an earlier page load. `auto` resumes them as soon as their file can be read.
   * `ask` lists them and waits for a click. `choose` resumes them when their file is chosen again. `off` stores nothing
   * for resuming.
   */
  @property({ converter: toConverter(readRecover) }) recover: 'auto' | 'ask' | 'choose' | 'off' = 'auto';
  /**
   * Separates the unfinished uploads of one destination or user from those of another. Defaults to the signer's URL.
   * A change removes all uploads of the former scope from this page.
   */
  @property() scope: string | null = null;
  /**
   * Identifies this control: an unfinished upload is resumed only in the control with the same key. Defaults to a key
   * made of the form, `name` and `id`. Set it if several elements of a page have the same form, `name` and `id`.
   */
  @property({ attribute: 'recovery-key' }) recoveryKey: string | null = null;
  /** Preferred key of the object; with several files, its prefix. The signer decides. */
  @property({ attribute: 'object-key' }) objectKey: string | null = null;
  /** Preferred content type of the object. The signer decides. */
  @property({ attribute: 'content-type' }) contentType: string | null = null;
  /** Preferred canned ACL of the object. The signer decides. */
  @property() acl: string | null = null;
  /** What a form submits for each upload: the object's `key`, or the `receipt` that the signer has sealed. */
  @property({ attribute: 'form-value', converter: toConverter(readFormValue) }) formValue: 'key' | 'receipt' = 'key';
  /** Submits the form when all uploads are complete, as Enter in a text field does. */
  @property({ type: Boolean, attribute: 'submit-when-done' }) submitWhenDone = false;
  /** Keeps the screen on while uploading. */
  @property({ type: Boolean, attribute: 'keep-awake' }) keepAwake = false;
  /** Disables the `beforeunload` dialog while uploading. */
  @property({ type: Boolean, attribute: 'no-leave-warning' }) noLeaveWarning = false;

  // Lit calls the setters too, with null for a removed attribute.
  #reflect(attribute: string, value: string | boolean | null | undefined): void {
    // frameworks assign undefined for a property that is no longer set
    if (value === null || value === undefined || typeof value === 'boolean')
      this.toggleAttribute(attribute, Boolean(value));
    else if (this.getAttribute(attribute) !== String(value)) this.setAttribute(attribute, String(value));
    this.requestUpdate(attribute, undefined);
  }
}

/** Whether to open the picker that returns file handles. That picker offers neither folders nor the camera. */
export const shouldPickHandles = (host: UploadProperties): boolean =>
  readPicker(host.picker) === 'auto' && !host.directory && !host.capture;

/** Returns what a form submits for each upload. */
export const formValueOf = (host: UploadProperties): 'key' | 'receipt' => readFormValue(host.formValue);

/** Returns the limits on files; sizes in bytes. */
export const limitsOf = (
  host: UploadProperties,
): { maxSize: number | null; minSize: number | null; maxFiles: number | null } => ({
  maxSize: readMaxSize(host.maxSize),
  minSize: readMinSize(host.minSize),
  maxFiles: readMaxFiles(host.maxFiles),
});

/** Returns the rules that unfinished uploads must meet to be listed again, and failed ones to be retried. */
function rulesOf(host: UploadProperties): AdmissionRules {
  const { maxSize, minSize, maxFiles } = limitsOf(host);
  return {
    accept: host.accept,
    maxSize: maxSize ?? Infinity,
    minSize: minSize ?? 0,
    maxFiles: maxFiles ?? Infinity,
  };
}

/** Converts the element's properties into the engine's options. */
export function optionsOf(host: UploadProperties): UploaderOptions {
  const urls: Partial<Record<Action, string>> = {};
  for (const [action, name] of Object.entries(URL_PROPERTIES) as [Action, (typeof URL_PROPERTIES)[Action]][]) {
    const url = host[name];
    if (typeof url === 'string') urls[action] = url;
  }
  return {
    signer: host.signer,
    urls,
    credentials: readCredentials(host.credentials),
    headers: host.headers ?? undefined,
    params: host.params,
    sign: host.sign ?? undefined,
    autostart: !host.noAutostart,
    partSize: readPartSize(host.partSize),
    concurrency: readConcurrency(host.concurrency),
    maxRetries: readMaxRetries(host.maxRetries) ?? Infinity,
    stallTimeout: readStallTimeout(host.stallTimeout),
    bandwidthLimit: readBandwidthLimit(host.bandwidthLimit) ?? Infinity,
    checksum: readChecksum(host.checksum),
    recover: readRecover(host.recover),
    scope: String(host.scope ?? ''),
    rules: rulesOf(host),
    objectKey: host.objectKey ?? '',
    contentType: host.contentType ?? '',
    acl: host.acl ?? '',
    keepAwake: host.keepAwake,
    leaveWarning: !host.noLeaveWarning,
  };
}
