// Every page for everybody: no violation that axe can find, in light and dark; a keyboard is enough; on a phone
// nothing has to be pushed sideways.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { setUp } from './console';
import { eachPage, test } from './every-page';
import { expect, test as journey } from './holdfast';

async function violations(page: Page): Promise<string[]> {
  // No page has frames, so axe need not be carried into any ("legacy"), which halves the time.
  const found = await new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode().analyze();
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`));
}

// Colours do not depend on the width, nor the structure on the colours: two rounds meet every rule of both.
for (const { theme, width } of [
  { theme: 'light', width: 1440 },
  { theme: 'dark', width: 390 },
] as const) {
  test(`finds nothing wrong with any page in ${theme}, ${width} pixels wide`, async ({ page, furnished }) => {
    await page.setViewportSize({ width, height: 900 });
    await eachPage(page, furnished, theme, async (name) => {
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect.soft(sideways, `${name}: pixels beyond the right edge`).toBeLessThanOrEqual(0);
      await page.locator('details:not(.me):not(.menu)').evaluateAll((all) => all.forEach((one) => one.setAttribute('open', '')));
      expect.soft(await violations(page), name).toEqual([]);
    });
  });
}

test('signs in, looks and signs out with the keyboard alone', async ({ page, furnished }) => {
  const focused = page.locator(':focus');
  const tabTo = async (name: RegExp) => {
    await expect(async () => {
      await page.keyboard.press('Tab');
      await expect(focused).toHaveAccessibleName(name, { timeout: 1 });
    }).toPass({ intervals: [0], timeout: 10_000 });
    const outline = await focused.evaluate((element) => getComputedStyle(element).outlineStyle);
    expect(outline, `the focus on ${name} is seen`).not.toBe('none');
  };
  await page.goto('/sign-in');
  await tabTo(/E-mail address/);
  await page.keyboard.type(furnished.operator.email);
  await tabTo(/Password/);
  await page.keyboard.type(furnished.operator.password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
  await page.keyboard.press('Tab');
  await expect(focused).toHaveText('Skip to the content');
  await page.keyboard.press('Enter');
  await expect(page.locator('#content')).toBeFocused();
  await page.goto('/sources');
  await tabTo(/^grc2$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('grc2');
  await tabTo(/Your account/);
  await page.keyboard.press('Enter');
  await tabTo(/^Sign out$/);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');
});

journey('finds nothing wrong with the pages of the first run', async ({ page, holdfast }) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.goto('/setup');
    expect.soft(await violations(page), 'setup').toEqual([]);
  }
  await setUp(page, holdfast);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect.soft(await violations(page), 'recovery key').toEqual([]);
  }
});
