// Bundles a style sheet and everything it imports into one minified file: `node bundle-css.mjs FROM TO`.
// lightningcss is also what cargo-leptos uses (`style-bundle = true`), so both ways give the same sheet.
import { bundle } from 'lightningcss';
import { writeFileSync } from 'node:fs';

const [from, to] = process.argv.slice(2);
try {
  const { code, warnings } = bundle({ filename: from, minify: true });
  for (const warning of warnings) console.error(`${warning.loc?.filename}:${warning.loc?.line}: ${warning.message}`);
  writeFileSync(to, code);
} catch (error) {
  const at = error.loc ? `${error.fileName}:${error.loc.line}:${error.loc.column}: ` : '';
  console.error(`The style sheet could not be bundled: ${at}${error.message}`);
  process.exit(1);
}
