import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/**
 * Below the ports that systems use for outgoing connections: no other process takes one while it is shut.
 * https://www.rfc-editor.org/rfc/rfc6335#section-6
 */
const FIRST_PORT = 20_000;
const PORTS = 10_000;
const TRIES = 50;
/** Milliseconds between two attempts to get the port back. */
const TRY_AGAIN = 20;

/** One port of this machine that can be shut, so that connections are refused, and opened again. */
export class Line {
  readonly #onSocket: (socket: Socket) => void;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;
  #isWanted = true;

  private constructor(onSocket: (socket: Socket) => void) {
    this.#onSocket = onSocket;
  }

  /** @param port 0: any free one @throws Error if the port is not available */
  static async open(port: number, onSocket: (socket: Socket) => void): Promise<Line> {
    const line = new Line(onSocket);
    for (let tries = 1; ; tries++) {
      try {
        line.#server = await line.#listen(port || FIRST_PORT + Math.floor(Math.random() * PORTS));
        line.#port = (line.#server.address() as AddressInfo).port;
        return line;
      } catch (error) {
        if (port || tries === TRIES || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
  }

  get port(): number {
    return this.#port;
  }

  get isOpen(): boolean {
    return this.#isWanted;
  }

  /** Resets every connection. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Refuses new connections. */
  shut(): void {
    this.#isWanted = false;
    this.#server?.close();
    this.#server = null;
  }

  /** Accepts connections again. */
  open(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    void this.#reopen();
  }

  async #reopen(): Promise<void> {
    while (this.#isWanted && !this.#server) {
      try {
        const server = await this.#listen(this.#port);
        if (this.#isWanted && !this.#server) this.#server = server;
        else server.close();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN));
      }
    }
  }

  #listen(port: number): Promise<Server> {
    return new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true }, (socket) => {
        this.#sockets.add(socket);
        // a browser that closes the connection is not a failure of ours
        socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
        this.#onSocket(socket);
      });
      server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server));
    });
  }
}
