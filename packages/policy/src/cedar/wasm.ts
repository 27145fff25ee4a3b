/**
 * Instances of the Cedar WebAssembly module.
 *
 * 1. The V8 flag is set before the module is loaded: TurboFan's inlined calls into it kill the
 *    process on Node 20 and 22 (a lazy deoptimisation inside a call that returns an externref).
 * 2. A trap (too deep a recursion) leaves an instance broken for good, so an instance can be replaced.
 */
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';

export type Cedar = typeof import('@cedar-policy/cedar-wasm/nodejs');

const MODULE = '@cedar-policy/cedar-wasm/nodejs';
const require = createRequire(import.meta.url);

/** Loads an instance of its own: parsed policy sets are not shared with any other. */
export function loadCedar(): Cedar {
  if (Number.parseInt(process.versions.node, 10) < 24)
    setFlagsFromString('--no-turbo-inline-js-wasm-calls');
  delete require.cache[require.resolve(MODULE)];
  return require(MODULE) as Cedar;
}

/** True when what was thrown left the instance unusable. */
export function isTrap(thrown: unknown): boolean {
  return (
    thrown instanceof RangeError || (thrown instanceof Error && thrown.name === 'RuntimeError')
  );
}
