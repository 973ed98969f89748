// Builds dist/, which is committed and becomes part of the program: no Node at run time. The same
// sources give the same bytes, and a test compares them.
import { build } from 'esbuild';
import { copyFile, mkdir } from 'node:fs/promises';

await mkdir('dist', { recursive: true });
await build({
  entryPoints: ['src/main.ts', 'src/app.css'],
  entryNames: 'app',
  outdir: 'dist',
  bundle: true,
  minify: true,
  target: 'es2022',
  format: 'iife',
  legalComments: 'none',
  logLevel: 'warning',
});
await copyFile('src/index.html', 'dist/index.html');
await copyFile('src/favicon.svg', 'dist/favicon.svg');
