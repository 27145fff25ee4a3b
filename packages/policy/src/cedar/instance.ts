import { type Cedar, isTrap, loadCedar } from './wasm.ts';

/** An instance of Cedar and how often it was replaced; what was parsed belongs to one of them. */
export type Instance = { cedar: Cedar; generation: number };

export function openInstance(): Instance {
  return { cedar: loadCedar(), generation: 0 };
}

/** What was thrown, in words; after a trap the instance is replaced, so that one question breaks no other. */
export function repaired(instance: Instance, thrown: unknown): string {
  if (isTrap(thrown)) {
    instance.cedar = loadCedar();
    instance.generation += 1;
    return 'the policies are too complex for the engine';
  }
  return thrown instanceof Error ? thrown.message : String(thrown);
}
