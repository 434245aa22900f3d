// The worst day: the server that ran Holdfast is gone. What is left is the vault, the recovery key on paper, and
// the command that each backup's page shows.
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { addServer, backUp, protect, reloadUntil, signIn, waitForTheTest, watchToTheEnd } from './console';
import { expect, test } from './holdfast';
import { binaries, sql } from './servers';

test('brings a backup back with the vault and a key alone', async ({ page, holdfast }) => {
  const { source, verification } = holdfast.servers;
  await signIn(page, holdfast.addUser('platform-operator'));
  const paper = holdfast.secretFile('paper', holdfast.run('recovery-key', 'show'));
  await addServer(page, 'production', source);
  await waitForTheTest(page);
  await protect(page, 'grc2');
  await backUp(page, 'the last one');
  await watchToTheEnd(page, 'Completed', true);
  await page.getByRole('link', { name: 'Open the backup' }).click();
  await reloadUntil(page, page.locator('main .answer .big', { hasText: 'Restorable' }));
  const shown = (await page.locator('.code code', { hasText: 'holdfast-recover' }).textContent()) ?? '';

  const recover = (command: string, database: string): string => {
    const password = holdfast.secretFile('new-server', verification.password);
    const filled = command
      .replace('<server>', `${verification.host} --port ${verification.port} --tls off`)
      .replace('<account>', verification.user)
      .replace('<file>', password)
      .replace(/--database \S+/, `--database ${database}`);
    expect(filled).not.toMatch(/[<>]/);
    return execFileSync('bash', ['-c', filled], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${binaries}:${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  const state = join(holdfast.directory, 'state');
  const rows = (database: string) => `SELECT COUNT(*), MAX(id) FROM ${database}.risk_risk`;

  await test.step('the catalog is lost: the command runs as it was shown', async () => {
    await holdfast.stop('SIGKILL');
    for (const end of ['', '-wal', '-shm']) rmSync(join(state, `catalog.db${end}`), { force: true });
    recover(shown, 'grc2_recovered');
    expect(sql(verification, rows('grc2_recovered'))).toBe(sql(source, rows('grc2')));
    sql(verification, 'DROP DATABASE grc2_recovered');
  });

  await test.step('everything is lost but a copy of the vault and the paper', async () => {
    const vault = join(holdfast.directory, 'copy-of-the-vault');
    renameSync(join(state, 'vault'), vault);
    rmSync(state, { recursive: true });
    expect(existsSync(join(state, 'root.key'))).toBe(false);
    const command = shown.replace(/--vault \S+/, `--vault ${vault}`).replace(/--key-file \S+/, `--recovery-key-file ${paper}`);
    recover(command, 'grc2_from_paper');
    expect(sql(verification, rows('grc2_from_paper'))).toBe(sql(source, rows('grc2')));
    sql(verification, 'DROP DATABASE grc2_from_paper');
  });
});
