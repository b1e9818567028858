import type { Action, Protocol } from '../../protocol.js';
import type { Call } from './call-context.js';
import { recordNotice } from './chunk-loaded.js';
import { init } from './init.js';
import {
  signPartWindow,
  signPart,
  signAbort,
  signComplete,
  signHeadObject,
  signListParts,
} from './upload-signatures.js';

type Perform<A extends Action> = (call: Call, body: unknown) => Promise<Protocol[A]['answer']>;

/** Every action by its name in the URL; null for an answer is 204. */
export const ACTIONS: { readonly [A in Action]: Perform<A> } = {
  get_init_signature: init,
  get_chunk_signature: signPart,
  get_list_signature: signListParts,
  get_end_signature: signComplete,
  get_delete_signature: signAbort,
  get_head_signature: signHeadObject,
  get_all_signatures: signPartWindow,
  chunk_loaded: recordNotice,
};

export const isAction = (name: string): name is Action => Object.hasOwn(ACTIONS, name);
