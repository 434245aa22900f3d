// A server too large to be read row by row: its files are copied, proven by a private server, continued by what changed
// since, and brought back by the command that the page shows, without Holdfast.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { addServer, reloadUntil, signIn, waitForTheTest, watchToTheEnd } from './console';
import { expect, test } from './holdfast';
import { binaries } from './servers';

const isInstalled = ['/usr/bin/mariadb-backup', '/usr/bin/mariabackup'].some((path) => existsSync(path));

test('protects a whole server and brings its files back', async ({ page, holdfast }) => {
  test.skip(!isInstalled, 'mariadb-backup is not installed here');
  test.slow();
  const { source } = holdfast.servers;
  const answer = (word: string) => page.locator('main .answer .big', { hasText: word });
  await signIn(page, holdfast.addUser('platform-operator'));
  await addServer(page, 'production', source);
  await waitForTheTest(page);

  await test.step('the test has found that the files can be copied', async () => {
    const panel = page.locator('#whole');
    await expect(panel).toContainText('mariadb-backup');
    await expect(panel).toContainText('No single database or tenant can be restored from it');
    await panel.getByRole('button', { name: 'Protect the whole server' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('server production');
    await expect(page.locator('#schedule-changes')).toContainText('0 2 * * 1-6');
  });
  const server = page.url();

  const backUp = async (how: string) => {
    await page.goto(server);
    await page.getByLabel(how).check();
    await page.getByRole('button', { name: 'Back up the whole server now' }).click();
    await expect(page).toHaveURL(/\/runs\//);
    await watchToTheEnd(page, 'Completed', true);
    await page.getByRole('link', { name: 'Open the backup' }).click();
    await reloadUntil(page, answer('Restorable'));
  };

  await test.step('everything is copied, then what changed since, and both are proven', async () => {
    await backUp('Everything');
    await expect(page.locator('#chain')).toContainText('(this one)');
    await backUp('What changed since the newest backup');
    await expect(page.locator('#chain').getByRole('row')).toHaveCount(3);
    await expect(page.locator('#evidence')).toContainText('tables equal');
    await expect(page.getByRole('link', { name: 'Export as .sql.gz' })).toHaveCount(0);
  });

  await test.step('the command that the page shows leaves a data directory, without Holdfast', async () => {
    const shown = (await page.locator('.code code', { hasText: 'holdfast-recover' }).textContent()) ?? '';
    const to = join(holdfast.directory, 'new-server');
    const filled = shown.replace('<empty directory>', to);
    expect(filled).not.toMatch(/[<>]/);
    await holdfast.stop('SIGKILL');
    const said = execFileSync('bash', ['-c', filled], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${binaries}:${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(said).toContain('from 2 backups');
    expect(existsSync(join(to, 'grc2'))).toBe(true);
    expect(existsSync(join(to, 'HOLDFAST-RESTORE-INCOMPLETE'))).toBe(false);
  });
});
