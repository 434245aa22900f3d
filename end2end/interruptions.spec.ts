// What happens to a backup in the middle: somebody stops it, or the server dies under it. Over a line that stands
// still there is a middle for as long as it takes to look.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { addServer, backUp, protect, signIn, waitForTheTest, watchToTheEnd } from './console';
import { expect, test } from './holdfast';
import { SlowLine } from './slow-line';

test('stops a backup when asked, and takes it again after the server was killed', async ({ page, holdfast }) => {
  const line = await SlowLine.to(holdfast.servers.source, 400_000);
  const live = (name: string) => page.locator(`[data-live=${name}]`);
  // The shortest lease there is, so that a dead worker is missed soon.
  await holdfast.stop();
  appendFileSync(join(holdfast.directory, 'holdfast.toml'), '\n[worker]\nlease_ms = 10000\n');
  await holdfast.start();
  await signIn(page, holdfast.addUser('platform-operator'));
  await addServer(page, 'production', line.server);
  await waitForTheTest(page);
  await protect(page, 'grc2');
  const source = page.url();

  await test.step('a run that is asked to stop stops, and leaves no backup', async () => {
    await backUp(page, 'to be stopped');
    await expect(live('phase')).toHaveText('Dumping rows', { timeout: 30_000 });
    await page.getByRole('button', { name: 'Cancel this run' }).click();
    await watchToTheEnd(page, 'Cancelled', true);
    await page.goto('/backups');
    await expect(page.getByText('No backup yet')).toBeVisible();
  });

  await test.step('a second backup is refused while one is at work', async () => {
    await page.goto(source);
    const stale = await page.context().newPage();
    await stale.goto(source);
    await backUp(page, 'to be interrupted');
    await expect(live('phase')).toHaveText('Dumping rows', { timeout: 30_000 });
    await stale.getByRole('button', { name: 'Back up grc2 now' }).click();
    await expect(stale.getByRole('alert')).toContainText('Open the run that is active');
    await stale.close();
  });

  await test.step('the server is killed, comes back, and the run ends as it should', async () => {
    await holdfast.stop('SIGKILL');
    await expect(live('link')).toContainText('interrupted');
    line.letGo();
    await holdfast.start();
    await watchToTheEnd(page, 'Completed', true);
    await expect(page.getByText('2 of 4 at most')).toBeVisible();
    await page.goto('/backups');
    await expect(page.locator('main tbody tr')).toHaveCount(1);
  });
  line.close();
});
