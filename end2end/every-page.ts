// One Holdfast in use, shared by the journeys that only look: every page of it by name and address.
import type { Page } from '@playwright/test';
import { furnish, signIn, signOut } from './console';
import { Holdfast, expect, test as journey, type Person } from './holdfast';

/** A Holdfast that is in use. */
export interface Furnished {
  holdfast: Holdfast;
  operator: Person;
  /** Name and path of each page that somebody signed in sees. */
  pages: [string, string][];
}

/** Pages for people who are not signed in. */
export const OPEN_PAGES: [string, string][] = [
  ['sign-in', '/sign-in'],
  ['sign-in-refused', '/sign-in'],
  ['reset', '/reset?token=of-no-use'],
  ['invitation', '/invitation'],
];

async function furnished(page: Page, holdfast: Holdfast): Promise<Furnished> {
  const operator = await furnish(page, holdfast);
  const first = async (list: string, link: string | RegExp) => {
    await page.goto(list);
    const href = await page.locator('main').getByRole('link', { name: link }).first().getAttribute('href');
    return href ?? '';
  };
  const backup = new URL(page.url()).pathname;
  const pages: [string, string][] = [
    ['overview', '/'],
    ['sources', '/sources'],
    ['source', await first('/sources', 'grc2')],
    ['source-without-backup', await first('/sources', 'tprm_integration')],
    ['tenants', '/tenants'],
    ['tenants-of-a-source', `${await first('/sources', 'grc2')}/tenants`],
    ['tenant-map', `${await first('/sources', 'grc2')}/map`],
    ['tenant-map-confirm', `${await first('/sources', 'grc2')}/map/confirm`],
    ['restores', '/restores'],
    ['approvals', '/approvals'],
    ['approval-rules', '/settings/approvals'],
    ['server-new', '/connections/new'],
    ['server', await first('/sources', 'production')],
    ['server-refused', await first('/sources', 'staging')],
    ['backups', '/backups'],
    ['backups-none', '/backups?label=nothing+like+this'],
    ['backup', backup],
    ['backup-delete', `${backup}/delete`],
    ['runs', '/runs'],
    ['run', await first('/runs?kind=backup', /grc2/)],
    ['run-failed', await first('/runs?state=failed', /./)],
    ['audit', '/audit'],
    ['audit-entry', '/audit/1'],
    ['settings', '/settings'],
    ['webhooks', '/settings/webhooks'],
    ['people', '/settings/people'],
    ['person', await first('/settings/people', 'viewer')],
    ['roles', '/roles'],
    ['groups', '/groups'],
    ['invitations', '/invitations'],
    ['organisations', '/organisations'],
    ['sign-in-rules', '/settings/sign-in'],
    ['profile', '/profile'],
    ['security', '/profile/security'],
    ['confirm-identity', '/confirm-identity?return=/sources'],
    ['not-found', '/backups/nothing'],
  ];
  await signOut(page);
  return { holdfast, operator, pages };
}

export const test = journey.extend<object, { furnished: Furnished }>({
  furnished: [
    async ({ browser }, use) => {
      const holdfast = Holdfast.create();
      try {
        await holdfast.start();
        const context = await browser.newContext({ baseURL: holdfast.url });
        const furniture = await furnished(await context.newPage(), holdfast);
        await context.close();
        await use(furniture);
      } finally {
        await holdfast.stop();
        holdfast.remove();
      }
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  baseURL: async ({ furnished }, use) => use(furnished.holdfast.url),
});

/** Goes through every page, first the open ones, then signed in, in light or dark. */
export async function eachPage(
  page: Page,
  { operator, pages }: Furnished,
  theme: 'light' | 'dark',
  look: (name: string) => Promise<void>,
): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  for (const [name, path] of OPEN_PAGES) {
    await page.goto(path);
    if (name.endsWith('refused')) {
      await page.getByLabel('E-mail address').fill('nobody@journey.example');
      await page.getByLabel('Password').fill('not a password');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await expect(page.getByRole('alert')).toBeVisible();
    }
    await look(name);
  }
  await signIn(page, operator);
  for (const [name, path] of pages) {
    await page.goto(path);
    await look(name);
  }
  await signOut(page);
}
