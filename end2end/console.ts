// What a person does in the console, one function for each thing, by the words on the page: so a journey reads as
// what happens, and a page that loses its labels is found out.
import { expect, type Locator, type Page } from '@playwright/test';
import type { Holdfast, Person } from './holdfast';
import type { Server } from './servers';

export async function signIn(page: Page, person: Person): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail address').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
}

export async function signOut(page: Page): Promise<void> {
  await page.locator('details.me > summary').click();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');
}

/** Adds a server and comes out on its page, where the test of it is queued. */
export async function addServer(page: Page, name: string, server: Server): Promise<void> {
  await page.goto('/connections/new');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Host name or address').fill(server.host);
  await page.getByLabel('Port', { exact: true }).fill(String(server.port));
  await page.getByLabel('Account', { exact: true }).fill(server.user);
  await page.getByLabel('Password of that account').fill(server.password);
  await page.getByLabel('Protection of the connection').selectOption('off');
  await page.getByRole('button', { name: 'Add this server and test it' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
}

/** Loads the page again until it shows `what`, as a reader without a live view would. */
export async function reloadUntil(page: Page, what: Locator): Promise<void> {
  await expect(async () => {
    if ((await what.count()) === 0) await page.reload();
    await expect(what.first()).toBeVisible({ timeout: 1 });
  }).toPass({ intervals: [100, 250, 500], timeout: 60_000 });
}

/** Waits on a run's page for its end: the live view shows it by itself, without one the reader loads it again. */
export async function watchToTheEnd(page: Page, state: string, isLive: boolean): Promise<void> {
  const end = page.locator('main .answer .big', { hasText: state });
  if (isLive) await expect(end).toBeVisible({ timeout: 60_000 });
  else await reloadUntil(page, end);
}

/** The connection's page, once its test is through. */
export async function waitForTheTest(page: Page): Promise<void> {
  await reloadUntil(page, page.getByText('What is fine'));
}

/** From the page of a server to that of a database protected now. */
export async function protect(page: Page, database: string): Promise<void> {
  await page.getByRole('button', { name: `Protect ${database}`, exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(database);
}

/** From the page of a source: has its tenant map inferred, and confirms it as it is. */
export async function confirmMap(page: Page): Promise<void> {
  const home = page.url();
  await page.goto(`${home}/map`);
  const infer = page.getByRole('button', { name: 'Read the schema and infer a map' });
  if (await infer.isVisible()) await infer.click();
  await page.goto(`${home}/map`);
  await reloadUntil(page, page.getByRole('link', { name: 'Confirm this map…' }));
  await page.getByRole('link', { name: 'Confirm this map…' }).click();
  await page.getByRole('button', { name: 'Confirm this map' }).click();
  await reloadUntil(page, page.locator('main .answer .big', { hasText: 'Completed' }));
  await page.goto(home);
}

/** From the page of a source to that of the run that backs it up. */
export async function backUp(page: Page, label: string): Promise<void> {
  await page.getByLabel('Label').fill(label);
  await page.getByRole('button', { name: /^Back up .* now$/ }).click();
  await expect(page).toHaveURL(/\/runs\//);
}

/** The first step of a set-up: comes out on the page that shows the recovery key. */
export async function setUp(page: Page, holdfast: Holdfast): Promise<void> {
  await page.goto('/setup');
  await page.getByLabel('Organisation that runs the platform').fill('Example Platform');
  await page.getByLabel('Your name').fill('Petra Platform');
  await page.getByLabel('E-mail address').fill('petra@journey.example');
  await page.getByLabel('Password').fill('four words and a horse');
  await page.getByLabel('Set-up code').fill(holdfast.setUpCode());
  await page.getByRole('button', { name: 'Create the first operator' }).click();
  await expect(page).toHaveURL('/setup/recovery-key');
}

/** An installation as it looks in use: a person of each role, two servers, a proven backup and a failed test. */
export async function furnish(page: Page, holdfast: Holdfast): Promise<Person> {
  const operator = holdfast.addUser('platform-operator');
  for (const role of ['viewer', 'operator', 'tenant-admin', 'approver', 'compliance-officer']) holdfast.addUser(role);
  holdfast.confirmRecoveryKey();
  await signIn(page, operator);
  await addServer(page, 'staging', { ...holdfast.servers.source, password: 'not the password' });
  await reloadUntil(page, page.getByRole('alert'));
  await addServer(page, 'production', holdfast.servers.source);
  await waitForTheTest(page);
  const connection = page.url();
  await protect(page, 'tprm_integration');
  await page.goto(connection);
  await protect(page, 'grc2');
  await backUp(page, 'before the September release');
  await watchToTheEnd(page, 'Completed', true);
  await page.getByRole('link', { name: 'Open the backup' }).click();
  await reloadUntil(page, page.locator('main .answer .big', { hasText: 'Restorable' }));
  return operator;
}
