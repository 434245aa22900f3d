// The `test` of every journey: it brings a Holdfast of its own, with an empty catalog, vault and keys in a
// directory that disappears afterwards, so that no journey sees what another left.
import { test as base, expect } from '@playwright/test';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaries, freePort, repository, servers, type Servers } from './servers';

export { expect };

/** Somebody who may sign in. */
export interface Person {
  email: string;
  password: string;
}

/** A running Holdfast. */
export class Holdfast {
  /** Where the browser finds it, without a slash at the end. */
  readonly url: string;
  private server?: ChildProcess;

  private constructor(
    /** Configuration, catalog, vault and keys lie here. */
    readonly directory: string,
    readonly port: number,
    /** The private database servers. */
    readonly servers: Servers,
  ) {
    this.url = `http://localhost:${port}`;
  }

  /** A fresh one, not yet started. */
  static create(): Holdfast {
    const directory = mkdtempSync(join(tmpdir(), 'holdfast-journey-'));
    const port = freePort(14400);
    const { source, verification } = servers();
    mkdirSync(join(directory, 'secrets'));
    writeFileSync(join(directory, 'secrets/verification'), verification.password, { mode: 0o600 });
    const settings = [directory, String(port), String(verification.port)];
    writeFileSync(join(directory, 'holdfast.toml'), execFileSync(join(repository, '.ci/holdfast-toml'), settings));
    return new Holdfast(directory, port, { source, verification });
  }

  /** Runs a command of the same binary on the same catalog and returns what it printed. */
  run(...parameters: string[]): string {
    return execFileSync(join(binaries, 'holdfast'), ['--config', this.path('holdfast.toml'), ...parameters], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Stores the recovery key, as whoever sets an installation up has to. */
  confirmRecoveryKey(): void {
    const key = this.secretFile('recovery-key', this.run('recovery-key', 'show').trim());
    this.run('recovery-key', 'confirm', '--file', key);
  }

  /** A file with a secret, for the commands that take one by file. */
  secretFile(name: string, secret: string): string {
    const file = this.path(`secrets/${name}`);
    writeFileSync(file, secret, { mode: 0o600 });
    return file;
  }

  /** Adds a user by the command line. */
  addUser(role: string, password = 'seven quiet otters row north'): Person {
    const email = `${role}@journey.example`;
    this.run('user', 'add', '--email', email, '--role', role, '--name', role, '--password-file', this.secretFile(role, password));
    return { email, password };
  }

  /** Starts the server and waits until it answers. */
  async start(): Promise<void> {
    this.run('migrate');
    const log = openSync(this.path('holdfast.log'), 'a');
    const server = spawn(
      join(binaries, 'holdfast'),
      ['--config', this.path('holdfast.toml'), 'serve'],
      { stdio: ['ignore', log, log] },
    );
    closeSync(log);
    this.server = server;
    await expect
      .poll(
        async () => {
          if (server.exitCode !== null) throw new Error(`Holdfast ended at its start:\n${this.log()}`);
          return fetch(`${this.url}/health`).then((answer) => answer.status, () => 0);
        },
        { message: 'Holdfast answers', timeout: 30_000 },
      )
      .toBe(200);
  }

  /** What the server has logged so far. */
  log(): string {
    return readFileSync(this.path('holdfast.log'), 'utf8');
  }

  /** The code that the server printed at its start, because nobody has set it up yet. */
  setUpCode(): string {
    return /Set-up code: (\S+)/.exec(this.log())?.[1] ?? '';
  }

  /** Ends the server, with SIGTERM unless told otherwise, and waits for its end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (!server || server.exitCode !== null) return;
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill(signal);
    await ended;
  }

  /** Removes everything it stored. */
  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private path(name: string): string {
    return join(this.directory, name);
  }
}

export const test = base.extend<{ holdfast: Holdfast }>({
  holdfast: async ({}, use, info) => {
    const holdfast = Holdfast.create();
    try {
      await holdfast.start();
      await use(holdfast);
    } finally {
      await holdfast.stop();
      if (info.status !== info.expectedStatus) {
        await info.attach('holdfast.log', { body: holdfast.log(), contentType: 'text/plain' });
      }
      holdfast.remove();
    }
  },
  baseURL: async ({ holdfast }, use) => use(holdfast.url),
});
