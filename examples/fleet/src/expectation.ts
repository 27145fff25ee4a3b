/** Thrown when the platform did not do what the story says it does. */
export class StoryFailed extends Error {
  override readonly name = 'StoryFailed';
}

/** Ends the story unless `holds`. */
export function expectThat(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new StoryFailed(otherwise);
}
