// Pictures of every page, wide and narrow, light and dark, for people who judge how it looks: end2end/screenshots.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { eachPage, test } from './every-page';

const directory = join(import.meta.dirname, 'screenshots');

test.beforeAll(() => rmSync(directory, { recursive: true, force: true }));

for (const theme of ['light', 'dark'] as const) {
  for (const width of [1440, 390]) {
    test(`takes pictures of every page, ${width} pixels wide in ${theme}`, async ({ page, furnished }) => {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
      await eachPage(page, furnished, theme, async (name) => {
        await page.screenshot({ path: join(directory, `${name}-${width}-${theme}.png`), fullPage: true });
      });
    });
  }
}
