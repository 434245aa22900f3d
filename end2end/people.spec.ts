// From an invitation to the day somebody leaves: what each of them sees, by the words on the pages.
import { signIn } from './console';
import { expect, test } from './holdfast';

test('invites a person, gives her a role of the house, and lets her go', async ({ page, browser, holdfast }) => {
  const nora = { email: 'nora@journey.example', password: 'a lamp and three herrings' };
  holdfast.addUser('platform-operator'); // every installation has one
  await signIn(page, holdfast.addUser('tenant-admin'));

  await test.step('the organisation makes a role of its own', async () => {
    await page.goto('/roles');
    await page.locator('#make').getByLabel('Name').fill('Night shift');
    await page.locator('#make').getByLabel('Start backup').check();
    await page.locator('#make').getByLabel('Read backups').check();
    await expect(page.locator('#make').getByLabel('Approve restore')).toBeDisabled();
    await page.getByRole('button', { name: 'Make this role' }).click();
    await expect(page.getByRole('columnheader', { name: 'Night shift' })).toBeVisible();
  });

  const link = await test.step('an invitation gives a link, once, where no mail is sent', async () => {
    await page.goto('/settings/people');
    await page.getByRole('link', { name: 'Invitations' }).click();
    await page.getByLabel('E-mail address').fill(nora.email);
    await page.getByLabel('Role', { exact: true }).selectOption({ label: 'Viewer' });
    await page.getByRole('button', { name: 'Invite this person' }).click();
    const shown = (await page.locator('.handover code').textContent()) ?? '';
    expect(shown).toMatch(/^\/invitation\?token=[\w-]{43}$/);
    await page.goto('/invitations');
    await expect(page.getByRole('row', { name: new RegExp(nora.email) })).toContainText('Waits');
    expect(await page.content()).not.toContain(shown.slice(-43));
    return shown;
  });

  const other = await browser.newContext({ baseURL: holdfast.url });
  const hers = await other.newPage();

  await test.step('she accepts, and the link opens nothing any more', async () => {
    await hers.goto(link);
    await expect(hers.locator('main')).toContainText(nora.email);
    await hers.getByLabel('Your name').fill('Nora Night');
    await hers.getByLabel('Password').fill(nora.password);
    await hers.getByRole('button', { name: 'Make my account' }).click();
    await expect(hers).toHaveURL(/\/sign-in/);
    await hers.goto(link);
    await expect(hers.getByRole('alert')).toBeVisible();
    await signIn(hers, nora);
  });

  await test.step('she is given the role, which ends her session, and has both', async () => {
    await page.goto('/settings/people');
    await page.getByRole('link', { name: 'Nora Night' }).click();
    await page.locator('#give').getByLabel('Role').selectOption({ label: 'Night shift' });
    await page.locator('#give').getByLabel('For how long').selectOption({ label: '7 days' });
    await page.getByRole('button', { name: 'Give this role' }).click();
    await expect(page.getByRole('row', { name: /Night shift/ })).toBeVisible();
    await signIn(hers, nora);
    await hers.goto('/profile');
    await expect(hers.locator('main')).toContainText('Viewer, Night shift');
  });

  await test.step('what leaving ends is said beforehand, and a wrong address ends nothing', async () => {
    await page.reload();
    await expect(page.locator('#leave')).toContainText('1 session');
    for (const [typed, is_right] of [['somebody else', false], [nora.email, true]] as const) {
      await page.getByLabel('Type their e-mail address to confirm').fill(typed);
      await page.getByRole('button', { name: 'Remove this person' }).click();
      if (!is_right) await expect(page.getByText('type the address exactly as it stands above').first()).toBeVisible();
    }
    await expect(page.getByText('Sessions, tokens and open requests of that person have ended')).toBeVisible();
    await expect(page.getByRole('link', { name: 'Nora Night' })).toHaveCount(0);
    await hers.goto('/sources');
    await expect(hers.getByRole('heading', { level: 1 })).toHaveText('Sign in');
  });
  await other.close();
});
