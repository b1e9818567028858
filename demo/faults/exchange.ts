import { request as sendRequest } from 'node:http';
import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { injectedHeaders } from './injected-response.js';
import type { InjectedResponse, RuledRequest, SingleFault, StoreResponse } from './rules.js';
import { Valve } from './valve.js';

/** One request as the proxy sees it; the proxy updates the record while the request runs. */
export interface SeenRequest extends RuledRequest {
  method: string;
  /** Path and query. */
  target: string;
  /** Bytes of the body that reached the proxy. */
  bytes: number;
  /** Status of the response; 0 until there is one. */
  status: number;
  /** Epoch milliseconds. */
  startedAt: number;
  /** When the first byte of the body arrived, in epoch milliseconds; null if none has arrived. */
  firstByteAt: number | null;
  /** When the proxy had passed on the store's whole response, in epoch milliseconds; null if it has not. */
  deliveredAt: number | null;
  /** How the request failed, by a rule, the proxy's mode, or a store that is down; null if it did not. */
  fault: SingleFault['do'] | null;
}

/** State that the exchanges of one proxy share. */
export interface ProxyContext {
  readonly target: URL;
  readonly agent: Agent;
  readonly valve: Valve;
  /** Whether each request gets its own connection. */
  readonly connectionPerRequest: boolean;
}

/** Handles the response of the store. */
type ResponseHandler = (response: IncomingMessage) => void;

/** One request to the store and its response, with the faults that apply. */
export class Exchange {
  readonly #context: ProxyContext;
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #seen: SeenRequest;

  constructor(context: ProxyContext, incoming: IncomingMessage, response: ServerResponse, seen: SeenRequest) {
    this.#context = context;
    this.#incoming = incoming;
    this.#response = response;
    this.#seen = seen;
  }

  /** Forwards the request, with a fault or without. */
  forwardWith(fault: SingleFault | null): void {
    const { valve } = this.#context;
    switch (fault?.do) {
      case 'reset':
        if (fault.afterBytes) return this.#forward({ limit: fault.afterBytes, atLimit: () => this.#reset() });
        return this.#reset();
      case 'silence':
        if (fault.when === 'after') return this.#forward({ onResponse: (response) => void response.resume() });
        return this.#discardBody(fault.afterBytes);
      case 'lose-reply':
        return this.#forward({ onResponse: (response) => void response.resume().once('end', () => this.#reset()) });
      case 'cut':
        return this.#forward({ onResponse: (response) => this.#cutResponse(response, fault.afterBytes) });
      case 'throttle':
        return this.#forward({ valve: new Valve(fault.rate) });
      case 'alter':
        void this.#alterBody(fault.alter);
        return;
      case 'delay':
        setTimeout(() => this.#forward({}), fault.ms);
        return;
      case 'answer':
        // the whole body is read first: otherwise the client may see a reset instead of the response
        this.#discardBody();
        this.#incoming.once('end', () => this.#sendInjected(fault));
        return;
      case 'answer-after':
        return this.#forward({
          onResponse: (response) => void response.resume().once('end', () => this.#sendInjected(fault)),
        });
      case 'edit':
        return this.#forward({
          onResponse: (response) => void this.#editResponse(response, (received) => fault.edit(received, this.#seen)),
        });
      default:
        return this.#forward({ valve });
    }
  }

  #reset(): void {
    this.#incoming.socket.resetAndDestroy();
  }

  #count(chunk: Buffer): void {
    this.#seen.firstByteAt ??= Date.now();
    this.#seen.bytes += chunk.length;
  }

  /** Reads and drops the body, or only its first bytes. */
  #discardBody(limit = Infinity): void {
    this.#incoming.on('data', (chunk: Buffer) => {
      this.#count(chunk);
      if (this.#seen.bytes >= limit) this.#incoming.pause();
    });
  }

  #sendInjected(injected: InjectedResponse): void {
    this.#seen.status = injected.status;
    const { body = '' } = injected;
    this.#writeHead(injected.status, undefined, [
      ...injectedHeaders(injected, this.#incoming.headers.origin),
      'Content-Length',
      String(Buffer.byteLength(body)),
    ]);
    this.#response.end(this.#incoming.method === 'HEAD' ? '' : body);
  }

  #writeHead(status: number, message: string | undefined, rawHeaders: string[]): void {
    if (!this.#context.connectionPerRequest) {
      this.#response.writeHead(status, message, rawHeaders);
      return;
    }
    const keptHeaders = rawHeaders.filter(
      (_, index) => !/^(?:connection|keep-alive)$/i.test(rawHeaders[index - (index % 2)]!),
    );
    this.#response.writeHead(status, message, [...keptHeaders, 'Connection', 'close']);
  }

  #passResponse(response: IncomingMessage): void {
    this.#writeHead(response.statusCode!, response.statusMessage, response.rawHeaders);
    response.pipe(this.#response);
    this.#response.once('finish', () => {
      this.#seen.deliveredAt = Date.now();
    });
  }

  #cutResponse(response: IncomingMessage, byteCount: number): void {
    this.#writeHead(response.statusCode!, response.statusMessage, response.rawHeaders);
    this.#response.flushHeaders();
    let bytesLeft = byteCount;
    response.on('data', (chunk: Buffer) => {
      if (bytesLeft > 0) this.#response.write(chunk.subarray(0, bytesLeft));
      bytesLeft -= chunk.length;
    });
    // at the end, because a response may be shorter than the limit
    response.once('end', () => this.#response.write('', () => setTimeout(() => this.#reset(), 50)));
  }

  async #editResponse(
    response: IncomingMessage,
    edit: (received: StoreResponse) => Partial<StoreResponse>,
  ): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const { statusCode: status, rawHeaders } = response;
    const received = { status: status!, rawHeaders, body: Buffer.concat(chunks).toString() };
    const edited = { ...received, ...edit(received) };
    this.#seen.status = edited.status;
    const keptHeaders = edited.rawHeaders.filter(
      (_, index, all) => !/^(?:content-length|transfer-encoding)$/i.test(all[index - (index % 2)]!),
    );
    this.#writeHead(edited.status, undefined, [
      ...keptHeaders,
      'Content-Length',
      String(Buffer.byteLength(edited.body)),
    ]);
    this.#response.end(edited.body);
    this.#response.once('finish', () => {
      this.#seen.deliveredAt = Date.now();
    });
  }

  async #alterBody(alter: (body: Buffer) => Buffer | Promise<Buffer>): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of this.#incoming) {
        this.#count(chunk as Buffer);
        chunks.push(chunk as Buffer);
      }
    } catch {
      return; // the client has closed the connection
    }
    const body = await alter(Buffer.concat(chunks));
    const headers = this.#incoming.rawHeaders.map((value, index, all) =>
      index % 2 && /^content-length$/i.test(all[index - 1]!) ? String(body.length) : value,
    );
    const outgoing = this.#openOutgoing(headers, (response) => this.#passResponse(response));
    outgoing.end(body);
  }

  #forward({
    valve = this.#context.valve,
    onResponse = (response) => this.#passResponse(response),
    limit = Infinity,
    atLimit,
  }: {
    valve?: Valve;
    onResponse?: ResponseHandler;
    limit?: number;
    atLimit?: () => void;
  }): void {
    this.#streamBody(this.#openOutgoing(this.#incoming.rawHeaders, onResponse), valve, limit, atLimit);
  }

  #openOutgoing(headers: string[], onResponse: ResponseHandler): ClientRequest {
    const { target, agent } = this.#context;
    const outgoing = sendRequest({
      host: target.hostname,
      port: target.port,
      method: this.#seen.method,
      path: this.#seen.target,
      headers,
      agent,
    });
    outgoing.on('response', (response) => {
      this.#seen.status = response.statusCode ?? 0;
      onResponse(response);
    });
    // The client must see the error as it would without the proxy: as a reset connection.
    outgoing.on('error', () => {
      // an error without a fault: the store is down, unless the client has closed the connection
      if (!this.#response.closed) this.#seen.fault ??= 'reset';
      this.#reset();
    });
    this.#response.on('close', () => {
      if (!this.#response.writableFinished) outgoing.destroy();
    });
    return outgoing;
  }

  #streamBody(outgoing: ClientRequest, valve: Valve, limit: number, atLimit?: () => void): void {
    const incoming = this.#incoming;
    /** Whether a chunk waits at the valve. The end then waits for it, because two timers may fire in any order. */
    let isHeld = false;
    let hasEnded = false;
    const applyFault = (): void => {
      outgoing.destroy();
      atLimit?.();
    };
    const write = (chunk: Buffer): void => {
      isHeld = false;
      if (outgoing.destroyed || outgoing.write(chunk)) incoming.resume();
      else {
        incoming.pause();
        outgoing.once('drain', () => incoming.resume());
      }
      if (hasEnded) outgoing.end();
    };
    incoming.on('data', (chunk: Buffer) => {
      this.#count(chunk);
      if (this.#seen.bytes >= limit) return applyFault();
      if (valve.isOpen) return write(chunk);
      isHeld = true;
      incoming.pause();
      valve.pass(chunk.length, () => write(chunk));
    });
    incoming.on('end', () => {
      // the fault applies also if the body is shorter than the limit
      if (limit < Infinity) return applyFault();
      hasEnded = true;
      if (isHeld) return;
      if (valve.isOpen) outgoing.end();
      else valve.pass(0, () => outgoing.end());
    });
  }
}
