// Programs do by the API what people do in the console: the two examples that users copy from, run as they stand.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { addServer, confirmMap, protect, signIn, waitForTheTest } from './console';
import { expect, test } from './holdfast';
import { repository } from './servers';

const execute = promisify(execFile);

test('lets programs back a tenant up with a token that a person made', async ({ page, holdfast }) => {
  holdfast.addUser('platform-operator'); // every installation has one
  await signIn(page, holdfast.addUser('tenant-admin'));
  await addServer(page, 'production', holdfast.servers.source);
  await waitForTheTest(page);
  await protect(page, 'grc2');
  await confirmMap(page);

  const token = await test.step('a person makes a token that may do exactly this', async () => {
    await page.goto('/profile/tokens');
    await page.getByLabel('Name', { exact: true }).fill('nightly');
    for (const scope of ['StartBackup', 'ReadSources', 'ReadBackups', 'VerifyBackup']) {
      await page.locator(`input[name=scopes][value=${scope}]`).check();
    }
    await page.getByRole('button', { name: 'Make this token' }).click();
    const shown = (await page.locator('.handover code').textContent()) ?? '';
    expect(shown).toMatch(/^hf_[a-z0-9]{58}$/);
    return holdfast.secretFile('token', shown);
  });
  const run = (program: string, ...words: string[]) =>
    execute(join(repository, 'end2end/api', program), words, {
      env: { ...process.env, HOLDFAST_URL: holdfast.url, HOLDFAST_TOKEN_FILE: token },
      timeout: 90_000,
    });

  await test.step('curl backs a database up', async () => {
    const { stdout } = await run('holdfast.sh', 'grc2');
    expect(JSON.parse(stdout).run).toMatchObject({ kind: 'backup', state: 'completed', label: 'from a script' });
  });

  await test.step('Python backs one tenant up, and has the backup proven', async () => {
    const { stdout } = await run('holdfast.py', '7', '--label', 'before the migration');
    expect(stdout).toMatch(/^grc2: backup [0-9a-f-]{36} is proven$/m);
    expect(stdout).toMatch(/^tenant 7 is held by 2 backups, [12] of them proven$/m);
    await page.goto('/backups?label=before+the+migration');
    await expect(page.getByRole('table')).toContainText('before the migration');
  });

  await test.step('what it may not, it is told in words', async () => {
    const refused = await run('holdfast.py', '4711').then(
      () => '',
      (error: { stderr: string }) => error.stderr,
    );
    expect(refused).toContain('(request ');
  });
});
