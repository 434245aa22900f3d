// Who may what: the page hides what is not allowed, and the server refuses it all the same.
import { addServer, protect, signIn, waitForTheTest } from './console';
import { expect, test } from './holdfast';

test('lets a second person in who sees everything and changes nothing', async ({ page, browser, holdfast }) => {
  const viewer = { email: 'vera@journey.example', password: 'a lamp and three herrings' };
  await signIn(page, holdfast.addUser('platform-operator'));
  await addServer(page, 'production', holdfast.servers.source);
  await waitForTheTest(page);
  const connection = new URL(page.url()).pathname;
  await protect(page, 'grc2');
  const source = new URL(page.url()).pathname;

  const link = await test.step('the operator adds a person and gets a link, once', async () => {
    await page.getByRole('link', { name: 'People', exact: true }).click();
    await page.getByLabel('Name', { exact: true }).fill('Vera Viewer');
    await page.getByLabel('E-mail address').fill(viewer.email);
    await page.getByLabel('Role', { exact: true }).selectOption({ label: 'Viewer' });
    await page.getByRole('button', { name: 'Add this person' }).click();
    const shown = (await page.locator('.handover code').textContent()) ?? '';
    expect(shown).toMatch(/^\/reset\?token=[\w-]{43}$/);
    await page.goto('/settings/people');
    await expect(page.getByText('Has no password yet')).toBeVisible();
    expect(await page.content()).not.toContain(shown.slice(-43));
    return shown;
  });

  const other = await browser.newContext({ baseURL: holdfast.url });
  const hers = await other.newPage();

  await test.step('the link sets a password, one time', async () => {
    for (const isFirst of [true, false]) {
      await hers.goto(link);
      await hers.getByLabel('New password').fill(viewer.password);
      await hers.getByRole('button', { name: 'Set this password' }).click();
      if (isFirst) await expect(hers).toHaveURL(/\/sign-in/);
      else await expect(hers.getByRole('alert')).toBeVisible();
    }
    await signIn(hers, viewer);
  });

  await test.step('she sees sources and no button that changes anything', async () => {
    await expect(hers.getByRole('link', { name: 'People' })).toHaveCount(0);
    for (const path of ['/', '/sources', source, connection, '/backups', '/runs']) {
      await hers.goto(path);
      await expect(hers.getByRole('heading', { level: 1 })).toBeVisible();
      const changing = hers.locator('main form:not([method=get]):not(.appearance), main a[href="/connections/new"]');
      await expect(changing, path).toHaveCount(0);
    }
  });

  await test.step('pages that are not hers are refused', async () => {
    for (const path of ['/connections/new', '/settings', '/settings/people']) {
      const answer = await hers.goto(path);
      expect(answer?.status(), path).toBe(403);
      await expect(hers.getByRole('alert')).toContainText('You are signed in as Viewer');
    }
  });

  await test.step('what she posts by hand is refused', async () => {
    const id = (path: string) => path.split('/').at(-1) ?? '';
    const attempts: [string, Record<string, string>][] = [
      ['/fn/backups/start', { 'request[source_id]': id(source) }],
      ['/fn/sources/probe_connection', { 'request[id]': id(connection) }],
      ['/fn/sources/add_source', { 'request[connection_id]': id(connection), 'request[database]': 'tprm_integration' }],
      ['/fn/policies/set_schedule', { 'request[source_id]': id(source), 'request[cron]': '0 3 * * *' }],
      ['/settings/people/add', { name: 'Eve', email: 'eve@journey.example', role: 'platform_operator' }],
    ];
    await hers.goto('/');
    for (const [path, fields] of attempts) {
      const status = await hers.evaluate(
        async ([path, fields]) => {
          const answer = await fetch(path, { method: 'POST', body: new URLSearchParams(fields), headers: { accept: 'application/json' } });
          return answer.status;
        },
        [path, fields] as const,
      );
      expect(status, path).toBe(403);
    }
    await page.goto('/runs?kind=backup');
    await expect(page.getByText('No run matches')).toBeVisible();
  });

  await test.step('no other site can act with a session', async () => {
    for (const site of ['cross-site', 'same-site', 'none']) {
      const answer = await page.request.post('/fn/access/sign_out', { headers: { 'sec-fetch-site': site } });
      expect(answer.status(), site).toBe(403);
    }
  });

  await test.step('a person who is shut out is out at once', async () => {
    await page.goto('/settings/people');
    const row = page.getByRole('row', { name: /Vera Viewer/ });
    await row.getByText('Change').first().click();
    await row.getByLabel('May sign in').uncheck();
    await row.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('The person\'s sessions have ended')).toBeVisible();
    await hers.goto('/sources');
    await expect(hers.getByRole('heading', { level: 1 })).toHaveText('Sign in');
  });
  await other.close();
});
