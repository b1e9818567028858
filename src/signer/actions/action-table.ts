import type { Action, Protocol } from '../../protocol.js';
import type { Call } from './call-context.js';
import { recordNotification, recordNotifications } from './chunk-loaded.js';
import { answerInit } from './init.js';
import {
  signAllRequests,
  signPart,
  signAbort,
  signComplete,
  signHeadObject,
  signListParts,
} from './upload-signatures.js';

type ActionHandler<A extends Action> = (call: Call, body: unknown) => Promise<Protocol[A]['answer']>;

/** The handlers of the actions, by their name in the URL. An answer of null becomes 204. */
export const ACTIONS: { readonly [A in Action]: ActionHandler<A> } = {
  get_init_signature: answerInit,
  get_chunk_signature: signPart,
  get_list_signature: signListParts,
  get_end_signature: signComplete,
  get_delete_signature: signAbort,
  get_head_signature: signHeadObject,
  get_all_signatures: signAllRequests,
  chunk_loaded: recordNotification,
  chunks_loaded: recordNotifications,
};

export const isAction = (name: string): name is Action => Object.hasOwn(ACTIONS, name);
