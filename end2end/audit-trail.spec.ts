// The compliance officer finds the whole story of a backup, takes it away, and proves it with the server stopped.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addServer, backUp, protect, reloadUntil, signIn, signOut, waitForTheTest, watchToTheEnd } from './console';
import { expect, test } from './holdfast';
import { binaries } from './servers';

test('finds the story of a backup, and proves it with the server stopped', async ({ page, holdfast }) => {
  const operator = holdfast.addUser('platform-operator');
  const officer = holdfast.addUser('compliance-officer');
  await signIn(page, operator);
  await addServer(page, 'production', holdfast.servers.source);
  await waitForTheTest(page);
  await protect(page, 'grc2');
  await backUp(page, 'the one that is asked about');
  await watchToTheEnd(page, 'Completed', true);
  await page.getByRole('link', { name: 'Open the backup' }).click();
  await reloadUntil(page, page.locator('main .answer .big', { hasText: 'Restorable' }));
  const backup = new URL(page.url()).pathname;
  await signOut(page);
  await signIn(page, officer);

  const entry = await test.step('from the backup to what happened with it', async () => {
    await page.goto(backup);
    await page.getByRole('link', { name: 'What happened with this' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Audit trail');
    const rows = page.locator('main tbody tr');
    await expect(rows.filter({ hasText: 'Take a backup' })).toHaveCount(1);
    await expect(rows.filter({ hasText: 'Verify a backup' })).toHaveCount(1);
    await page.getByRole('link', { name: 'Verify a backup' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Verify a backup');
    await expect(page.locator('main')).toContainText('What proves it');
    return page.url();
  });

  await test.step('the filters are the address, and the reading is in the trail', async () => {
    await page.goto('/audit');
    await page.getByRole('combobox', { name: 'What', exact: true }).selectOption({ label: 'Read the audit trail' });
    await page.getByRole('button', { name: 'Filter' }).click();
    await expect(page).toHaveURL(/act=audit\.read/);
    await expect(page.locator('main tbody tr').first()).toContainText(/Read the audit trail/);
  });

  const file = await test.step('the trail is taken away with its proofs', async () => {
    await page.goto('/audit');
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Export with proofs' }).click();
    const path = join(holdfast.directory, 'trail.jsonl');
    await (await download).saveAs(path);
    await page.goto(entry);
    await expect(page.locator('main')).toContainText('Under signed head');
    return path;
  });
  const command = (await page.locator('.code code', { hasText: 'audit verify' }).textContent()) ?? '';
  expect(command).toMatch(/^holdfast-recover audit verify FILE --signing-key \S+$/);

  await test.step('it is checked with the server stopped, and a changed line is found', async () => {
    await holdfast.stop();
    const verify = (path: string) =>
      execFileSync('bash', ['-c', command.replace('FILE', path)], {
        encoding: 'utf8',
        env: { ...process.env, PATH: `${binaries}:${process.env.PATH}` },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    verify(file);
    const forged = join(holdfast.directory, 'forged.jsonl');
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('verification.complete');
    writeFileSync(forged, text.replace('verification.complete', 'verification.forgotten'));
    expect(() => verify(forged)).toThrow();
  });
});
