/** The tus project's server, with a store that discards the bytes. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { DataStore, Server, Upload } from '@tus/server';
import type { Valve } from '../../demo/faults/valve.js';

class DiscardingStore extends DataStore {
  readonly #uploads = new Map<string, Upload>();

  constructor(private readonly valve: Valve) {
    super();
    this.extensions = ['creation'];
  }

  override async create(upload: Upload): Promise<Upload> {
    upload.offset = 0;
    this.#uploads.set(upload.id, upload);
    return upload;
  }

  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    const upload = this.#uploads.get(id)!;
    upload.offset = offset;
    for await (const chunk of stream) {
      const { length } = chunk as Buffer;
      upload.offset += length;
      if (!this.valve.isOpen) await new Promise<void>((resolve) => this.valve.pass(length, resolve));
    }
    return upload.offset;
  }

  override async getUpload(id: string): Promise<Upload> {
    const { size, offset, metadata } = this.#uploads.get(id)!;
    return new Upload({ id, size, offset, metadata });
  }
}

/** Creates the handler of requests below `/tus`. @param valve limits the rate */
export function createTusServer(valve: Valve): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const server = new Server({ path: '/tus', datastore: new DiscardingStore(valve) });
  return (request, response) => server.handle(request, response);
}
