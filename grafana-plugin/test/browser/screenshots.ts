/**
 * Screenshots of the panel with demonstration data. Writes those of the README to src/img, or every scene to FOLDER.
 *
 *     npm run screenshots [-- FOLDER]
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDemonstration } from './demonstration.ts';
import { LINES, openHost } from './loader-host.ts';
import { SCENES, Scenes } from './scenes.ts';

const IMAGES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'src', 'img');
/** Screenshots of the README by file name. */
const SHOWN: Record<string, string> = {
  'the overview': 'overview',
  'the card': 'key-card',
  'the card in light colours': 'key-card-light',
};

const folder = process.argv[2];
const demonstration = await startDemonstration();
try {
  const scenes = await Scenes.of(demonstration);
  const host = await openHost(LINES.at(-1) ?? '13.2');
  for (const [name, scene] of Object.entries(SCENES)) {
    const file = folder === undefined ? SHOWN[name] : name.replace(/\W+/g, '-');
    if (file === undefined) continue;
    const { width, height } = scene(scenes);
    // The panel scrolls. Screenshots of the README show its full height.
    const whole = folder !== undefined ? height : file.includes('card') ? 1770 : 1010;
    await host.show({ ...scene(scenes), height: whole });
    await host.page.setViewportSize({ width: Math.max(400, width + 16), height: whole + 16 });
    await host.page.mouse.move(0, 0);
    await host.page.waitForTimeout(300);
    mkdirSync(folder ?? IMAGES, { recursive: true });
    await host.page.screenshot({ path: join(folder ?? IMAGES, `${file}.png`) });
    console.error(name, host.complaints().join('\n'));
  }
  await host.close();
} finally {
  await demonstration.stop();
}
