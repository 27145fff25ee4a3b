/**
 * Types of events by name and version: which this release reads, and how the data of an older version becomes that of
 * the newest. Pure: an upcaster gets nothing but the data, so that every reader folds the same.
 */

type Data = Readonly<Record<string, unknown>>;

/** Makes the data of one version from that of the version before it. */
export type Upcast = (data: Data) => Data;

/** For each event that has more than one version: the step from each older version to the next. */
export type UpcastTable<N extends string = string> = {
  readonly [K in N]?: { readonly [fromVersion: number]: Upcast };
};

export type Declarations<N extends string = string> = {
  readonly [K in N]: { readonly context: string; readonly version: number };
};

export type KnownType<N extends string = string> = {
  readonly name: N;
  /** The version that was stored. */
  readonly version: number;
  /** To the newest version; absent where the stored one is the newest. */
  readonly upcast?: Upcast;
};

export type EventTypes<N extends string = string> = {
  /** What is behind a `ce-type`; `undefined` where this release can not read it. */
  resolve(type: string): KnownType<N> | undefined;
  /** Why `resolve` knows nothing of a `ce-type`, as the end of a sentence that begins with the event. */
  explain(type: string): string;
};

/** Links every version that was ever published to the newest; throws where a step is missing or leads nowhere. */
export function openEventTypes<N extends string>(
  declared: Declarations<N>,
  upcasters: UpcastTable<N>,
): EventTypes<N> {
  const types = new Map<string, KnownType<N>>();
  for (const name of Object.keys(declared) as N[]) {
    const steps: { readonly [fromVersion: number]: Upcast } = upcasters[name] ?? {};
    const { context, version: newest } = declared[name];
    for (const from of Object.keys(steps).map(Number))
      if (!(from >= 1 && from < newest))
        throw new RangeError(
          `\`${name}\` has an upcaster from v${from}, but its newest version is v${newest}`,
        );
    let upcast: Upcast | undefined;
    for (let version = newest; version >= 1; version--) {
      if (version < newest) upcast = chain(stepOf(name, steps, version), upcast);
      const known = { name, version, ...(upcast === undefined ? {} : { upcast }) };
      types.set(typeText(context, name, version), known);
    }
  }
  return { resolve: (type) => types.get(type), explain: (type) => explain(declared, type) };
}

/** `dev.writ.registry.AgentRegistered.v1` */
export function typeText(context: string, name: string, version: number): string {
  return `dev.writ.${context}.${name}.v${version}`;
}

function stepOf(name: string, steps: { readonly [from: number]: Upcast }, from: number): Upcast {
  const step = steps[from];
  if (step) return step;
  throw new RangeError(`\`${name}\` has no upcaster from v${from} to v${from + 1}; add one`);
}

function chain(first: Upcast, rest: Upcast | undefined): Upcast {
  return rest === undefined ? first : (data) => rest(first(data));
}

function explain(declared: Declarations, type: string): string {
  const [, context = '', name = '', version = ''] = TYPE.exec(type) ?? [];
  const known = Object.hasOwn(declared, name) ? declared[name] : undefined;
  return known?.context === context && Number(version) > known.version
    ? `is a \`${type}\`, and this release reads \`${name}\` up to v${known.version}`
    : `is a \`${type}\`, which this release does not know`;
}

const TYPE = /^dev\.writ\.([a-z-]+)\.([A-Za-z]+)\.v([1-9]\d*)$/;
