/** The version of this release, from the app's own manifest. */
import manifest from '../package.json' with { type: 'json' };

export const VERSION: string = manifest.version;
