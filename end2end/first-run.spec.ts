// The first hour of an installation: only who reads the server's log can be first, and nobody gets on without
// having stored the recovery key.
import { signOut } from './console';
import { expect, test } from './holdfast';

const person = { name: 'Petra Platform', email: 'petra@journey.example', password: 'four words and a horse' };

test('sets Holdfast up and keeps the recovery key', async ({ page, holdfast }) => {
  const fillIn = async (code: string) => {
    await page.getByLabel('Password').fill(person.password);
    await page.getByLabel('Set-up code').fill(code);
    await page.getByRole('button', { name: 'Create the first operator' }).click();
  };

  await test.step('every way leads to the set-up', async () => {
    for (const path of ['/', '/backups', '/sign-in']) {
      await page.goto(path);
      await expect(page).toHaveURL('/setup');
    }
  });

  await test.step('a wrong set-up code is refused, and what was typed stays', async () => {
    await page.getByLabel('Organisation that runs the platform').fill('Example Platform');
    await page.getByLabel('Your name').fill(person.name);
    await page.getByLabel('E-mail address').fill(person.email);
    await fillIn('0000-0000-0000');
    await expect(page.getByLabel('Set-up code')).toHaveAccessibleDescription(/this is not the code/);
    await expect(page.getByLabel('Your name')).toHaveValue(person.name);
    await expect(page).toHaveURL('/setup');
  });

  const key = await test.step('the code from the log opens it and the recovery key is shown', async () => {
    await fillIn(holdfast.setUpCode());
    await expect(page).toHaveURL('/setup/recovery-key');
    const shown = (await page.locator('.code code').first().textContent()) ?? '';
    expect(shown).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){12}[0-9A-HJKMNP-TV-Z]{5}$/);
    return shown;
  });

  await test.step('one wrong letter in the recovery key is found', async () => {
    const last = '1'; // it ends in 0
    await page.getByLabel('Recovery key, typed back').fill(key.slice(0, -1) + last);
    await page.getByRole('button', { name: 'Check the key and finish' }).click();
    await expect(page.getByLabel('Recovery key, typed back')).toHaveAccessibleDescription(/characters are wrong/);
  });

  await test.step('whoever leaves without it is reminded', async () => {
    await page.goto('/');
    await page.getByRole('link', { name: 'Store it and type it back' }).click();
    await expect(page.locator('.code code').first()).toHaveText(key);
  });

  await test.step('the right key finishes the set-up, written as people write', async () => {
    await page.getByLabel('Recovery key, typed back').fill(` ${key.toLowerCase().replaceAll('-', ' ')} `);
    await page.getByRole('button', { name: 'Check the key and finish' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
    await expect(page.getByRole('link', { name: 'Add a server' })).toBeVisible();
  });

  await test.step('the key is never shown again, and the set-up is closed', async () => {
    await page.goto('/setup/recovery-key');
    await expect(page).toHaveURL('/');
    expect(await page.content()).not.toContain(key);
    await signOut(page);
    await page.goto('/setup');
    await expect(page).toHaveURL('/sign-in');
  });

  await test.step('a wrong password says nothing more than that', async () => {
    for (const email of [person.email, 'nobody@journey.example']) {
      await page.getByLabel('E-mail address').fill(email);
      await page.getByLabel('Password').fill('not the password');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page.getByRole('alert')).toContainText('this address and this password do not belong together');
    }
    await page.getByLabel('E-mail address').fill(person.email);
    await page.getByLabel('Password').fill(person.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
  });

  expect(holdfast.log()).not.toContain(key);
  expect(holdfast.log()).not.toContain(person.password);
});
