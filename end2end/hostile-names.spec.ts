// Names that try to be something else: markup, quotes, turned text, options, two lines. A name is text on every
// page, and what cannot be passed to a client program safely is refused in words.
import { addServer, backUp, protect, reloadUntil, signIn, waitForTheTest, watchToTheEnd } from './console';
import { expect, test } from './holdfast';
import { sql } from './servers';

const MARKUP = `it's "x"<img src=x onerror=alert(1)>`;
const TURNED = 'invoices\u202egnp.exe';
const SHOWN = 'invoices\\u{202e}gnp.exe';
const REFUSED = ['--help', 'two\nlines'];

const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``;

test('shows hostile names as text and backs them up', async ({ page, holdfast }) => {
  const { source } = holdfast.servers;
  const alarms: string[] = [];
  page.on('dialog', (dialog) => {
    alarms.push(dialog.message());
    void dialog.dismiss();
  });
  for (const name of [MARKUP, TURNED, ...REFUSED]) {
    sql(source, `CREATE DATABASE ${quoted(name)}; CREATE TABLE ${quoted(name)}.\`<b>t\` (id INT PRIMARY KEY, v TEXT);
      INSERT INTO ${quoted(name)}.\`<b>t\` VALUES (1, 'one')`);
  }
  try {
    await signIn(page, holdfast.addUser('platform-operator'));
    await addServer(page, `<script>alert(2)</script>`, source);
    await waitForTheTest(page);
    const connection = page.url();

    await test.step('names that a client program could take for something else are refused', async () => {
      for (const name of REFUSED) {
        await page.goto(connection);
        await page.getByRole('button', { name: `Protect ${name.replace('\n', '\\u{a}')}`, exact: true }).click();
        await expect(page.getByRole('alert')).toContainText(/begin with a dash|line breaks cannot be part/);
      }
    });

    await test.step('markup in a name is text, and the database is backed up and proven', async () => {
      await page.goto(connection);
      await protect(page, MARKUP);
      await expect(page).toHaveTitle(`${MARKUP} · Holdfast`);
      await backUp(page, '<i>label</i>');
      await watchToTheEnd(page, 'Completed', true);
      await page.getByRole('link', { name: 'Open the backup' }).click();
      await reloadUntil(page, page.locator('main .answer .big', { hasText: 'Restorable' }));
      await expect(page.locator('#evidence')).toContainText('<b>t');
      await expect(page.getByText('Label: <i>label</i>')).toBeVisible();
      await expect(page.locator('.code code', { hasText: 'holdfast-recover' })).toContainText(`'it'\\''s "x"<img`);
    });

    await test.step('text cannot turn its direction', async () => {
      await page.goto(connection);
      await page.getByRole('button', { name: `Protect ${SHOWN}`, exact: true }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(SHOWN);
    });

    await test.step('nothing of it became part of a page', async () => {
      for (const path of ['/', '/sources', '/backups', '/runs', connection]) {
        await page.goto(path);
        await expect(page.locator('main')).toContainText(path === '/' ? MARKUP : /<img src=x|<script>/);
        const made = page.locator('main img, main i:not(.key)');
        expect(await made.evaluateAll((all) => all.map((one) => one.outerHTML))).toEqual([]);
        const scripts = await page.evaluate(() => [...document.scripts].map((script) => script.text).join());
        expect(scripts).not.toContain('alert(');
        expect(await page.locator('body').innerText()).not.toContain('\u202e');
      }
      expect(alarms).toEqual([]);
    });

    await test.step('a restore into such a name is refused', async () => {
      await page.goto('/backups');
      await page.locator('td a[href^="/backups/"], th a[href^="/backups/"]').first().click();
      for (const field of ['Name of the new database', 'The same name once more']) {
        await page.getByLabel(field).fill('--help');
      }
      await page.getByRole('button', { name: 'Restore into this new database' }).click();
      await expect(page.getByLabel('Name of the new database')).toHaveAccessibleDescription(/begin with a dash/);
    });
  } finally {
    for (const name of [MARKUP, TURNED, ...REFUSED]) sql(source, `DROP DATABASE ${quoted(name)}`);
  }
});
