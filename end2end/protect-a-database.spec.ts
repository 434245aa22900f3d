// The journey everything is for: from a server's password to a proven backup, a restored database and a file that
// the stock client loads. Once with the live view and once without any JavaScript.
import { execSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { addServer, backUp, protect, reloadUntil, signIn, signOut, waitForTheTest, watchToTheEnd } from './console';
import { expect, test } from './holdfast';
import { sql } from './servers';
import { SlowLine } from './slow-line';

const TABLES = `SELECT COUNT(*) FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema =`;

for (const variant of [
  { title: 'protects a database and brings it back', tag: [] },
  { title: 'protects a database and brings it back, without JavaScript', tag: ['@without-javascript'] },
]) {
  const isLive = variant.tag.length === 0;

  test(variant.title, { tag: variant.tag }, async ({ page, holdfast }) => {
    const { source, verification } = holdfast.servers;
    const restored = isLive ? 'grc2_restored' : 'grc2_restored_plainly';
    const line = await SlowLine.to(source, 400_000);
    const answer = (word: string) => page.locator('main .answer .big', { hasText: word });
    await signIn(page, holdfast.addUser('platform-operator'));

    await test.step('a wrong password is told, with what to do', async () => {
      await page.getByRole('link', { name: 'Add a server' }).click();
      await addServer(page, 'production', { ...line.server, password: 'not the password' });
      const refused = page.getByRole('alert').filter({ hasText: 'the server refused the password' });
      await reloadUntil(page, refused);
      await expect(refused).toContainText('Enter the password again');
    });

    await test.step('with the right one the account is looked at', async () => {
      await page.getByText('Change this server').click();
      await page.getByLabel('Password of that account').fill(source.password);
      await page.getByRole('button', { name: 'Save and test again' }).click();
      await waitForTheTest(page);
      await expect(page.getByRole('alert')).toHaveCount(0);
      await expect(page.getByText(/This account can do everything|could be better/)).toBeVisible();
      await expect(page.getByText(/at the very position of the dump/)).toBeVisible();
      await expect(page.getByRole('definition').filter({ hasText: /^MariaDB 10\.11/ })).toBeVisible();
    });

    await test.step('a database is protected and backed up at once', async () => {
      await protect(page, 'grc2');
      await expect(answer('No backup yet')).toBeVisible();
      await backUp(page, 'before the September release');
    });

    await test.step('the run is seen at work, and is still right after a reload', async () => {
      const at = (name: string) => page.locator(`[data-live=${name}]`);
      if (isLive) {
        await expect(at('link')).toHaveText('Live.');
        await expect(at('phase')).toHaveText('Dumping rows', { timeout: 30_000 });
      } else {
        await reloadUntil(page, at('phase').filter({ hasText: 'Dumping rows' }));
      }
      const amount = at('amount').filter({ hasText: /^[1-9][\d.]* [kM]B/ });
      if (isLive) await expect(amount).toBeVisible();
      else await reloadUntil(page, amount);
      await expect(at('tables')).toHaveText(/of \d\d/);
      const server = await page.request.get(page.url());
      expect(await server.text()).toMatch(/data-live="amount"[^>]*>[1-9]/);
      await page.reload();
      await expect(amount).toBeVisible();
      await expect(page.getByText('before the September release')).toBeVisible();
      await page.goto('/');
      await expect(page.getByRole('link', { name: 'Backup · grc2' })).toBeVisible();
      await page.getByRole('link', { name: 'Backup · grc2' }).click();
      await expect(page.getByRole('button', { name: 'Cancel this run' })).toBeVisible();
    });

    await test.step('it ends, and the backup is proven by itself', async () => {
      line.letGo();
      await watchToTheEnd(page, 'Completed', isLive);
      await page.getByRole('link', { name: 'Open the backup' }).click();
      await expect(page.getByText('Label: before the September release')).toBeVisible();
      await reloadUntil(page, answer('Restorable'));
    });

    await test.step('the evidence names every table, and FLOAT is no exception', async () => {
      const tables = sql(source, `${TABLES} 'grc2'`);
      const evidence = page.locator('#evidence');
      await expect(evidence).toContainText(`${tables} of ${tables} tables equal`);
      await expect(evidence).not.toContainText('six digits');
      await expect(evidence).toContainText(/compared, all equal/);
      await expect(evidence).toContainText(/position of the dump|same position/i);
      await evidence.getByText(`Table by table (${tables})`).click();
      const row = evidence.getByRole('row', { name: /edge_float_inexact/ });
      await expect(row).toBeVisible();
      await expect(page.locator('.code code', { hasText: 'holdfast-recover' })).toContainText('--backup');
    });
    const backup = page.url();

    await test.step('a restore wants the name twice', async () => {
      await addServer(page, 'elsewhere', verification);
      await waitForTheTest(page);
      await page.goto(backup);
      await page.getByLabel('On this server').selectOption({ label: 'elsewhere' });
      await page.getByLabel('Name of the new database').fill(restored);
      await page.getByLabel('The same name once more').fill('grc2');
      await page.getByRole('button', { name: 'Restore into this new database' }).click();
      await expect(page.getByLabel('The same name once more')).toHaveAccessibleDescription(/exactly as above/);
      expect(sql(verification, `SHOW DATABASES LIKE '${restored}'`)).toBe('');
    });

    await test.step('the database comes back whole, under its new name', async () => {
      await page.getByLabel('On this server').selectOption({ label: 'elsewhere' });
      await page.getByLabel('Name of the new database').fill(restored);
      await page.getByLabel('The same name once more').fill(restored);
      await page.getByRole('button', { name: 'Restore into this new database' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Restore of/);
      await watchToTheEnd(page, 'Completed', isLive);
      await expect(page.locator('.log')).toContainText(`Restored into ${restored}`);
      const rows = 'SELECT COUNT(*), MIN(id), MAX(id) FROM';
      expect(sql(verification, `${TABLES} '${restored}'`)).toBe(sql(source, `${TABLES} 'grc2'`));
      expect(sql(verification, `${rows} ${restored}.risk_category`)).toBe(sql(source, `${rows} grc2.risk_category`));
      sql(verification, `DROP DATABASE ${restored}`);
    });

    await test.step('the export is SQL that the stock client loads', async () => {
      await page.goto(backup);
      const downloading = page.waitForEvent('download');
      await page.getByRole('link', { name: 'Export as .sql.gz' }).click();
      const download = await downloading;
      expect(download.suggestedFilename()).toMatch(/^grc2-\d{8}T\d{6}Z\.sql\.gz$/);
      const text = gunzipSync(readFileSync(await download.path()));
      expect(text.includes('CREATE TABLE')).toBe(true);
      sql(verification, `CREATE DATABASE ${restored}`);
      execSync(`mariadb --no-defaults --socket='${verification.socket}' -uroot --binary-mode ${restored}`, {
        input: text,
      });
      expect(sql(verification, `${TABLES} '${restored}'`)).toBe(sql(source, `${TABLES} 'grc2'`));
      sql(verification, `DROP DATABASE ${restored}`);
    });

    await test.step('the overview says so, and signing out closes everything', async () => {
      await page.goto('/');
      await expect(answer('The one source can be restored')).toBeVisible();
      await signOut(page);
      await page.goto(backup);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');
      await page.goBack();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');
    });
    line.close();
  });
}
