// One tenant of a shared database comes back, and nobody else notices: the map is confirmed, rows are spoilt, a
// preview shows exactly those, a second person agrees to it, it is applied, and undone. Once without any JavaScript.
import type { Browser, Page } from '@playwright/test';
import { addServer, backUp, protect, reloadUntil, signIn, waitForTheTest, watchToTheEnd } from './console';
import { expect, test, type Holdfast, type Person } from './holdfast';
import { load, sql, type Server } from './servers';

/** Rows of tenants as one line: their number and a sum over their content. */
function rowsOf(source: Server, tenants: string): string {
  const sum = (table: string, columns: string) =>
    sql(source, `SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', ${columns}))) FROM grc2.${table} WHERE TenantId ${tenants}`);
  return [sum('risk_risk', 'id, code, title, description, exposure'), sum('risk_assessment', 'id, risk_id, rationale')].join(' ');
}

/** A window of another person, signed in. */
async function windowOf(browser: Browser, holdfast: Holdfast, person: Person, isLive: boolean): Promise<Page> {
  const context = await browser.newContext({ baseURL: holdfast.url, javaScriptEnabled: isLive });
  const page = await context.newPage();
  await signIn(page, person);
  return page;
}

let stopLoad = () => {};
test.afterEach(() => stopLoad());

for (const variant of [
  { title: 'brings one tenant back and undoes it', tag: [] },
  { title: 'brings one tenant back and undoes it, without JavaScript', tag: ['@without-javascript'] },
]) {
  const isLive = variant.tag.length === 0;

  test(variant.title, { tag: variant.tag }, async ({ page, browser, holdfast }) => {
    const { source } = holdfast.servers;
    // A restore into the live database writes there; an account for backups only may not.
    sql(source, `GRANT INSERT, UPDATE, DELETE ON grc2.* TO holdfast@'127.0.0.1'`);
    const answer = (word: string | RegExp) => page.locator('main .answer .big', { hasText: word });
    const state = (word: string) => page.locator('main dl.facts .badge', { hasText: new RegExp(word) }); // letter for letter: `Being undone` is not `Undone`
    const operator = holdfast.addUser('platform-operator');
    const approver = holdfast.addUser('approver');
    await signIn(page, operator);
    await addServer(page, 'production', source);
    await waitForTheTest(page);
    await protect(page, 'grc2');
    const home = page.url();

    await test.step('whose rows are whose is inferred, looked at and confirmed', async () => {
      await page.goto(`${home}/map`);
      const infer = page.getByRole('button', { name: 'Read the schema and infer a map' });
      if (await infer.isVisible()) await infer.click();
      await page.goto(`${home}/map`);
      await reloadUntil(page, page.getByRole('link', { name: 'Confirm this map…' }));
      await page.getByLabel('Table contains').fill('risk_risk_controls');
      await page.getByRole('button', { name: 'Filter' }).click();
      await expect(page.getByRole('row', { name: /risk_risk_controls/ })).toContainText('by foreign keys');
      await page.getByRole('link', { name: 'Confirm this map…' }).click();
      await page.getByRole('button', { name: 'Confirm this map' }).click();
      await watchToTheEnd(page, 'Completed', isLive);
      await expect(page.getByText('The map is confirmed.').first()).toBeVisible();
    });

    await test.step('a backup of the database is a backup of every tenant', async () => {
      await page.goto(home);
      await backUp(page, 'before the mistake');
      await watchToTheEnd(page, 'Completed', isLive);
      await page.getByRole('link', { name: 'Open the backup' }).click();
      await reloadUntil(page, answer('Restorable'));
      await expect(page.getByText('native, split by tenant')).toBeVisible();
      await page.getByRole('link', { name: /^\d+ tenants$/ }).click();
      await page.getByLabel('Key or name contains').fill('7');
      await page.getByRole('button', { name: 'Filter' }).click();
      await expect(page.getByRole('row', { name: /^7 / })).toContainText('Restorable');
      await page.getByRole('link', { name: '7', exact: true }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Tenant 7/);
    });
    const tenant = page.url();

    // Each variant makes a mistake of its own: undoing leaves the rows as the mistake had made them.
    const mistake = `changed by mistake, ${isLive ? 'once' : 'twice'}`;
    const before = rowsOf(source, '= 7');
    sql(source, `UPDATE grc2.risk_risk SET title = '${mistake}' WHERE TenantId = 7 ORDER BY id LIMIT 3`);
    sql(source, `DELETE FROM grc2.risk_assessment WHERE TenantId = 7 ORDER BY id LIMIT 2`);
    sql(source, `UPDATE grc2.risk_risk SET title = CONCAT(title, '!') WHERE TenantId = 8`);
    const spoilt = rowsOf(source, '= 7');
    // Everybody but the tenant, and but the one whose rows an application keeps changing from now on.
    const neighbours = 'NOT IN (7, 9)';
    const busy = rowsOf(source, '= 9');
    stopLoad = load(
      source,
      `UPDATE grc2.risk_risk SET description = UUID() WHERE TenantId = 9 ORDER BY id LIMIT 5;
       UPDATE grc2.risk_assessment SET rationale = UUID() WHERE TenantId = 9 ORDER BY id LIMIT 5;`,
    );
    const neighbour = rowsOf(source, neighbours);
    expect(spoilt).not.toBe(before);

    await test.step('the wizard asks from when, what and where to, and the preview shows exactly the damage', async () => {
      await page.getByRole('link', { name: 'Restore this tenant…' }).click();
      await page.getByRole('link', { name: /^Restore… from/ }).first().click();
      for (const question of ['What of it?', 'Where to?']) {
        await expect(page.getByRole('heading', { name: question })).toBeVisible();
        await page.getByRole('button', { name: 'Next' }).click();
      }
      await page.getByRole('button', { name: 'Compute the preview' }).click();
      await expect(page).toHaveURL(/\/restores\//);
      if (isLive) await expect(answer('2 rows come back, 3 change')).toBeVisible({ timeout: 60_000 });
      else await reloadUntil(page, answer('2 rows come back, 3 change'));
      await expect(page.getByText('Rows of other tenants touched: ✓0')).toBeVisible();
      await page.getByRole('link', { name: 'risk_risk', exact: true }).click();
      await expect(page.locator('del', { hasText: mistake })).toHaveCount(3);
      await page.goBack();
    });
    const restore = page.url();
    expect(rowsOf(source, '= 7')).toBe(spoilt);

    await test.step('a second person agrees; who asked may not', async () => {
      await page.getByLabel('Why').fill('Ticket 4711');
      await page.getByRole('button', { name: 'Ask for approval of this difference' }).click();
      await expect(state('Waiting for approval').first()).toBeVisible();
      await expect(page.getByRole('button', { name: 'Approve this difference' })).toHaveCount(0);
      const hers = await windowOf(browser, holdfast, approver, isLive);
      await hers.goto('/restores');
      await hers.getByRole('link', { name: /grc2 · tenant 7/ }).click();
      await expect(hers.getByText('Ticket 4711')).toBeVisible();
      await hers.getByRole('button', { name: 'Approve this difference' }).click();
      await expect(hers.getByText('Approved').first()).toBeVisible();
      await expect(hers.getByRole('button', { name: 'Change the live rows now' })).toHaveCount(0);
      await hers.context().close();
    });

    await test.step('applying wants database and tenant typed, and changes that tenant only', async () => {
      await page.goto(restore);
      await page.getByLabel('Name of the live database').fill('grc2');
      await page.getByLabel('Key of the tenant').fill('8');
      await page.getByRole('button', { name: 'Change the live rows now' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
      expect(rowsOf(source, '= 7')).toBe(spoilt);
      await page.getByLabel('Name of the live database').fill('grc2');
      await page.getByLabel('Key of the tenant').fill('7');
      await page.getByRole('button', { name: 'Change the live rows now' }).click();
      await reloadUntil(page, answer('2 rows came back, 3 changed'));
      await reloadUntil(page, state('Applied'));
      expect(rowsOf(source, '= 7')).toBe(before);
      expect(rowsOf(source, neighbours)).toBe(neighbour);
    });

    await test.step('one step undoes it', async () => {
      await page.getByText('Undo it', { exact: true }).click();
      await page.getByLabel('Name of the live database').fill('grc2');
      await page.getByLabel('Key of the tenant').fill('7');
      await page.getByRole('button', { name: 'Undo this restore' }).click();
      await reloadUntil(page, state('Undone'));
      expect(rowsOf(source, '= 7')).toBe(spoilt);
      expect(rowsOf(source, neighbours)).toBe(neighbour);
    });

    stopLoad();
    expect(rowsOf(source, '= 9'), 'another tenant was at work all the time').not.toBe(busy);

    await test.step('the history of the tenant tells it', async () => {
      await page.goto(tenant);
      await expect(page.getByRole('row', { name: /grc2 · tenant 7/ })).toContainText('Undone');
      sql(source, `REVOKE INSERT, UPDATE, DELETE ON grc2.* FROM holdfast@'127.0.0.1'`);
    });
  });
}
