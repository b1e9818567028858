import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/**
 * Ports below the range that systems use for outgoing connections, so that no other process takes a port while it is
 * closed here.
 * https://www.rfc-editor.org/rfc/rfc6335#section-6
 */
const FIRST_PORT = 20_000;
const PORT_COUNT = 10_000;
const MAX_ATTEMPTS = 50;
/** Delay between two attempts to listen on the port again. */
const RETRY_INTERVAL_MS = 20;

/** A listening port that can be closed, so that connections are refused, and opened again. */
export class ListeningPort {
  readonly #onSocket: (socket: Socket) => void;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;
  #isOpen = true;

  private constructor(onSocket: (socket: Socket) => void) {
    this.#onSocket = onSocket;
  }

  /** @param port 0 selects any free port @throws Error if the port is not available */
  static async open(port: number, onSocket: (socket: Socket) => void): Promise<ListeningPort> {
    const listeningPort = new ListeningPort(onSocket);
    for (let attempt = 1; ; attempt++) {
      try {
        listeningPort.#server = await listeningPort.#listen(
          port || FIRST_PORT + Math.floor(Math.random() * PORT_COUNT),
        );
        listeningPort.#port = (listeningPort.#server.address() as AddressInfo).port;
        return listeningPort;
      } catch (error) {
        if (port || attempt === MAX_ATTEMPTS || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
  }

  get port(): number {
    return this.#port;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resets every connection. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Refuses new connections. */
  close(): void {
    this.#isOpen = false;
    this.#server?.close();
    this.#server = null;
  }

  /** Accepts connections again. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    void this.#reopen();
  }

  async #reopen(): Promise<void> {
    while (this.#isOpen && !this.#server) {
      try {
        const server = await this.#listen(this.#port);
        if (this.#isOpen && !this.#server) this.#server = server;
        else server.close();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_INTERVAL_MS));
      }
    }
  }

  #listen(port: number): Promise<Server> {
    return new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true }, (socket) => {
        this.#sockets.add(socket);
        // a connection that the browser closes is not an error
        socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
        this.#onSocket(socket);
      });
      server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server));
    });
  }
}
