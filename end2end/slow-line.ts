// A line to a database server that stands still in the middle of a long answer until it is let go. The example
// databases are small enough to be dumped between two looks; over this line a journey sees a run at work for as
// long as it looks.
import { createServer, connect, type AddressInfo, type Server as Listener, type Socket } from 'node:net';
import type { Server } from './servers';

export class SlowLine {
  private isHeld = true;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly listener: Listener,
    /** The server as one reaches it over this line. */
    readonly server: Server,
  ) {}

  /** A line to `server` on which each connection stops after so many bytes from the server. */
  static async to(server: Server, bytes: number): Promise<SlowLine> {
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const line = new SlowLine(listener, { ...server, port: (listener.address() as AddressInfo).port });
    listener.on('connection', (near) => line.carry(near, connect(server.port, server.host), bytes));
    return line;
  }

  private carry(near: Socket, far: Socket, bytes: number): void {
    let passed = 0;
    near.pipe(far);
    far.on('data', (data) => {
      near.write(data);
      passed += data.length;
      if (this.isHeld && passed > bytes) far.pause();
    });
    far.on('end', () => near.end());
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      this.sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => this.sockets.delete(socket));
    }
  }

  /** Lets everything through from now on. */
  letGo(): void {
    this.isHeld = false;
    for (const socket of this.sockets) socket.resume();
  }

  /** Cuts it. */
  close(): void {
    this.listener.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
