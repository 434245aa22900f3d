// More than a password: an authenticator app, recovery codes and a passkey in Chromium's own virtual authenticator.
import { createHmac } from 'node:crypto';
import type { Page } from '@playwright/test';
import { signIn, signOut } from './console';
import { expect, test, type Person } from './holdfast';

/** The code of an authenticator app (RFC 6238) for an interval, counted from the present one. */
function codeOf(secret: string, interval = 0): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replace(/\s/g, '')].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + interval));
  const hash = createHmac('sha1', key).update(counter).digest();
  const at = (hash.at(-1) ?? 0) & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** A platform operator whose installation is set up. */
async function operator(page: Page, holdfast: { addUser(role: string): Person; confirmRecoveryKey(): void }): Promise<Person> {
  const person = holdfast.addUser('platform-operator');
  holdfast.confirmRecoveryKey();
  await signIn(page, person);
  return person;
}

async function firstStep(page: Page, person: Person): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail address').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Second step');
}

test('an authenticator app and recovery codes @without-javascript', async ({ page, holdfast }) => {
  const person = await operator(page, holdfast);
  const secret = await test.step('the app is set up by its first code', async () => {
    await page.goto('/profile/security');
    await page.getByRole('button', { name: 'Set up an authenticator app' }).click();
    await expect(page.getByRole('img', { name: 'Picture to scan' })).toBeVisible();
    const shown = (await page.locator('main code').first().textContent()) ?? '';
    await page.getByLabel('Code that the app shows').fill(codeOf(shown));
    await page.getByRole('button', { name: 'Check it and set the app up' }).click();
    return shown;
  });
  const codes = ((await page.locator('.handover code').textContent()) ?? '').trim().split('\n');
  expect(codes).toHaveLength(10);
  await signOut(page);
  await test.step('signing in asks for a code', async () => {
    await firstStep(page, person);
    await page.getByLabel('Code').fill('000000');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
    // The code of the next half minute: the one of this is used.
    await page.getByLabel('Code').fill(codeOf(secret, 1));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
  });
  await signOut(page);
  await test.step('a recovery code stands in for the app', async () => {
    await firstStep(page, person);
    await page.getByLabel('Code').fill(codes[0] ?? '');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.goto('/profile/security');
    await expect(page.getByText('9 codes are left')).toBeVisible();
  });
});

test('a passkey signs its person in, alone and after the password', async ({ page, holdfast }) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  const person = await operator(page, holdfast);
  await test.step('it is added under a name', async () => {
    await page.goto('/profile/security');
    await page.getByLabel('Name of the passkey').fill('This laptop');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await expect(page.getByText('The passkey is added.')).toBeVisible();
    await expect(page.getByRole('cell', { name: 'This laptop' }).or(page.getByText('This laptop')).first()).toBeVisible();
  });
  await signOut(page);
  await test.step('without address and password', async () => {
    await page.getByRole('button', { name: 'Use a passkey instead' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
  });
  await signOut(page);
  await test.step('and as the second step', async () => {
    await firstStep(page, person);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
  });
});
