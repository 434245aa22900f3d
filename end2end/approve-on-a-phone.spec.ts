// A tenant admin asks for a restore, an approver reads on a phone what it would change and agrees, and it runs. Then a
// backup is asked to be deleted, and refused. Nobody agrees to what they asked for themselves.
import { addServer, backUp, protect, reloadUntil, signIn, waitForTheTest, watchToTheEnd } from './console';
import { expect, test } from './holdfast';
import { sql } from './servers';

test('what a tenant admin asks for is agreed to on a phone', async ({ page, browser, holdfast }) => {
  const { source } = holdfast.servers;
  sql(source, `GRANT INSERT, UPDATE, DELETE ON grc2.* TO holdfast@'127.0.0.1'`);
  holdfast.addUser('platform-operator'); // every installation has one
  const admin = holdfast.addUser('tenant-admin');
  const approver = holdfast.addUser('approver');
  await signIn(page, admin);
  await addServer(page, 'production', source);
  await waitForTheTest(page);
  await protect(page, 'grc2');
  const home = page.url();

  await test.step('a map and a proven backup', async () => {
    await page.goto(`${home}/map`);
    const infer = page.getByRole('button', { name: 'Read the schema and infer a map' });
    if (await infer.isVisible()) await infer.click();
    await page.goto(`${home}/map`);
    await reloadUntil(page, page.getByRole('link', { name: 'Confirm this map…' }));
    await page.getByRole('link', { name: 'Confirm this map…' }).click();
    await page.getByRole('button', { name: 'Confirm this map' }).click();
    await watchToTheEnd(page, 'Completed', true);
    await page.goto(home);
    await backUp(page, 'before the mistake');
    await watchToTheEnd(page, 'Completed', true);
    await page.getByRole('link', { name: 'Open the backup' }).click();
    await reloadUntil(page, page.locator('main .answer .big', { hasText: 'Restorable' }));
  });
  const backup = page.url();

  sql(source, `UPDATE grc2.risk_risk SET title = 'changed by mistake, on a phone' WHERE TenantId = 7 ORDER BY id LIMIT 3`);

  await test.step('the admin asks, and must say why', async () => {
    await page.goto(`${home}/tenants/7/restore`);
    await page.getByRole('link', { name: /^Restore… from/ }).first().click();
    for (const question of ['What of it?', 'Where to?']) {
      await expect(page.getByRole('heading', { name: question })).toBeVisible();
      await page.getByRole('button', { name: 'Next' }).click();
    }
    await page.getByRole('button', { name: 'Compute the preview' }).click();
    await reloadUntil(page, page.getByRole('button', { name: 'Ask for approval of this difference' }));
    await page.getByLabel('Why').fill('Ticket 4712: titles were overwritten');
    await page.getByRole('button', { name: 'Ask for approval of this difference' }).click();
    await expect(page.getByText('Waiting for approval').first()).toBeVisible();
  });
  const restore = page.url();

  const context = await browser.newContext({ baseURL: holdfast.url, viewport: { width: 390, height: 844 } });
  const phone = await context.newPage();
  await signIn(phone, approver);

  await test.step('the approver reads the consequences on a phone and agrees', async () => {
    await phone.goto('/approvals');
    await phone.getByRole('link', { name: 'Restore tenant 7 into grc2' }).click();
    await expect(phone.getByText('Rows that change')).toBeVisible();
    await expect(phone.getByText('Rows of other tenants touched')).toBeVisible();
    await expect(phone.getByText('Ticket 4712: titles were overwritten')).toBeVisible();
    const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, 'nothing is wider than the screen').toBeLessThanOrEqual(0);
    const request = phone.url();
    await page.goto(request);
    await expect(page.getByText('a second person has to agree')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Agree to exactly this' })).toHaveCount(0);
    await phone.getByRole('button', { name: 'Agree to exactly this' }).click();
    await expect(phone.getByText('Enough have agreed.').first()).toBeVisible();
    // The same link once more shows the request as it is now.
    await phone.goto(request);
    await expect(phone.getByRole('button', { name: 'Agree to exactly this' })).toHaveCount(0);
  });

  await test.step('it runs, once, by the hand of who asked', async () => {
    await page.goto(restore);
    await page.getByLabel('Name of the live database').fill('grc2');
    await page.getByLabel('Key of the tenant').fill('7');
    await page.getByRole('button', { name: 'Change the live rows now' }).click();
    await reloadUntil(page, page.locator('main dl.facts .badge', { hasText: /Applied/ }));
    const left = sql(source, `SELECT COUNT(*) FROM grc2.risk_risk WHERE title = 'changed by mistake, on a phone'`);
    expect(left.trim()).toBe('0');
  });

  await test.step('a backup is not deleted because somebody wants it', async () => {
    await page.goto(backup);
    await page.getByRole('link', { name: 'Delete…' }).click();
    await expect(page.getByText('The recovery point itself.')).toBeVisible();
    await page.getByLabel('Why').fill('Space');
    await page.getByLabel('Name of the database').fill('grc2');
    await page.getByRole('button', { name: 'Ask that this backup be deleted' }).click();
    await expect(page).toHaveURL(/\/approvals\//);
    await phone.goto(page.url());
    await phone.getByText('Refuse…').click();
    await phone.getByLabel('Reason').fill('Buy a disk');
    await phone.getByRole('button', { name: 'Refuse it' }).click();
    await expect(phone.getByText('Rejected').first()).toBeVisible();
    await page.goto(backup);
    await expect(page.locator('main .answer .big', { hasText: 'Restorable' })).toBeVisible();
    sql(source, `REVOKE INSERT, UPDATE, DELETE ON grc2.* FROM holdfast@'127.0.0.1'`);
  });
  await context.close();
});
