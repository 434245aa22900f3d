// Starts what all journeys share, once: a private MariaDB with both example databases, a second one to verify
// on, and an account of Holdfast's on each. Playwright runs the returned function at the end.
import { execFileSync, execSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const repository = join(import.meta.dirname, '..');
export const binaries = resolve(repository, process.env.CARGO_TARGET_DIR ?? 'target', 'debug');

/** A database server and the account that Holdfast uses there. */
export interface Server {
  host: string;
  port: number;
  user: string;
  password: string;
  socket: string;
}

/** What the journeys find in the environment variable JOURNEY_SERVERS. */
export interface Servers {
  source: Server;
  verification: Server;
}

export function servers(): Servers {
  return JSON.parse(process.env.JOURNEY_SERVERS!) as Servers;
}

/** A free port of this machine, looked for upwards from `from`. */
export function freePort(from: number): number {
  return Number(execFileSync(join(repository, '.ci/free-port'), [String(from)], { encoding: 'utf8' }));
}

/** Runs SQL as root on one of the private servers and returns its rows, columns separated by tabs. */
export function sql(server: Server, statement: string): string {
  return execFileSync('mariadb', ['--no-defaults', `--socket=${server.socket}`, '-uroot', '-N', '-e', statement], {
    encoding: 'utf8',
  }).trim();
}

/** Runs statements again and again, as an application would, until the returned function is called. */
export function load(server: Server, statements: string): () => void {
  const client = `mariadb --no-defaults --socket="${server.socket}" -uroot --force`;
  const pace = 'DO SLEEP(0.01);';
  const child = spawn('bash', ['-c', `yes "$0" | ${client} >/dev/null 2>&1`, `${statements} ${pace}`], {
    detached: true,
    stdio: 'ignore',
  });
  let isRunning = child.pid !== undefined;
  return () => {
    if (isRunning) process.kill(-child.pid!, 'SIGKILL');
    isRunning = false;
  };
}

function start(directory: string, from: number, id: number, grants: string): Server {
  const port = freePort(from);
  execFileSync(join(repository, '.ci/mariadb'), ['start', directory, String(port), String(id)], {
    stdio: 'inherit',
    // They are thrown away afterwards: nothing has to survive a power cut.
    env: { ...process.env, MARIADB_FLAGS: '--innodb-flush-method=nosync --sync-binlog=0' },
  });
  const server = { host: '127.0.0.1', port, user: 'holdfast', password: 'a journey', socket: join(directory, 'sock') };
  sql(server, `CREATE USER holdfast@'127.0.0.1' IDENTIFIED BY '${server.password}'; GRANT ${grants}`);
  return server;
}

export default function setUp(): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-journeys-'));
  const tearDown = () => {
    for (const name of ['source', 'verification']) {
      execFileSync(join(repository, '.ci/mariadb'), ['stop', join(directory, name)], { stdio: 'inherit' });
    }
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const source = start(
      join(directory, 'source'),
      14306,
      401,
      `SELECT, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES, RELOAD, PROCESS, BINLOG MONITOR, REPLICATION SLAVE,
       SHOW DATABASES ON *.* TO holdfast@'127.0.0.1'`,
    );
    const verification = start(
      join(directory, 'verification'),
      14316,
      402,
      `ALL PRIVILEGES ON *.* TO holdfast@'127.0.0.1' WITH GRANT OPTION`,
    );
    for (const database of ['grc2', 'tprm_integration']) {
      execSync(
        `set -o pipefail; "${binaries}/example-data" --database ${database} --family mariadb --scale 0.02 |
         mariadb --no-defaults --socket="${source.socket}" -uroot --binary-mode --default-character-set=utf8mb4`,
        { shell: '/bin/bash', stdio: 'inherit' },
      );
    }
    process.env.JOURNEY_SERVERS = JSON.stringify({ source, verification } satisfies Servers);
  } catch (error) {
    tearDown();
    throw error;
  }
  return tearDown;
}
