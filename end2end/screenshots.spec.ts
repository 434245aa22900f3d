// Pictures of every page, wide and narrow, light and dark, for people who judge how it looks: end2end/screenshots.
import { join } from 'node:path';
import { setUp } from './console';
import { eachPage, test } from './every-page';
import { test as journey } from './holdfast';

const directory = join(import.meta.dirname, 'screenshots');

const LOOKS = (['light', 'dark'] as const).flatMap((theme) => [
  { theme, width: 1440, height: 900 },
  { theme, width: 390, height: 844 },
]);

const file = (name: string, { theme, width }: (typeof LOOKS)[number]) => join(directory, `${name}-${width}-${theme}.png`);

for (const look of LOOKS) {
  test(`takes pictures of every page, ${look.width} pixels wide in ${look.theme}`, async ({ page, furnished }) => {
    await page.setViewportSize(look);
    await eachPage(page, furnished, look.theme, async (name) => {
      await page.screenshot({ path: file(name, look), fullPage: true });
    });
  });
}

journey('takes pictures of the first run', async ({ page, holdfast }) => {
  for (const name of ['setup', 'recovery-key']) {
    if (name === 'setup') await page.goto('/setup');
    else await setUp(page, holdfast);
    for (const look of LOOKS) {
      await page.setViewportSize(look);
      await page.emulateMedia({ colorScheme: look.theme });
      await page.screenshot({ path: file(name, look), fullPage: true });
    }
  }
});
