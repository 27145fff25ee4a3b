/** The documentation says what the code does: links, commands, settings, events, dependencies. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands, environment, events, questions } from '@writ/contracts';
import { testVariables } from '@writ/testkit';
import { describe, expect, it } from 'vitest';
import { routes } from '../apps/api/src/routes.ts';
import { createProgram } from '../apps/cli/src/program.ts';
import { commandLinesOf, problemOf } from './docs/command-lines.ts';
import { anchorsOf, fencesOf, linksOf, readPages, root, targetOf } from './docs/markdown.ts';

const program = createProgram({
  variables: {},
  stdout: { write: () => true },
  stderr: { write: () => true },
  interrupted: () => new AbortController().signal,
  exitCode: 0,
});
const pages = readPages();
const page = (path: string) => pages.find((one) => one.path === path)?.text ?? '';

type Manifest = { readonly [part: string]: Readonly<Record<string, string>> | undefined };
const parts = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];

function manifests(): readonly Manifest[] {
  const paths = [
    'package.json',
    ...globSync('{packages,apps,examples}/*/package.json', { cwd: root }),
    'streams/package.json',
  ];
  return paths.map((path) => JSON.parse(readFileSync(join(root, path), 'utf8')) as Manifest);
}

describe('links', () => {
  it('lead to files and headings that are there', () => {
    const broken = pages.flatMap((from) =>
      linksOf(from).flatMap((link) => {
        const { path, anchor } = targetOf(from, link);
        if (!existsSync(join(root, path))) return [`${from.path}: ${link}`];
        const target = pages.find((one) => one.path === path);
        return anchor !== '' && target && !anchorsOf(target).has(anchor)
          ? [`${from.path}: ${link}`]
          : [];
      }),
    );
    expect(broken).toEqual([]);
  });

  it('reach every page from the index', () => {
    const index = pages.find(({ path }) => path === 'docs/README.md');
    const linked = new Set(index ? linksOf(index).map((link) => targetOf(index, link).path) : []);
    const lost = pages
      .map(({ path }) => path)
      .filter((path) => /^docs\/(?!decisions\/)[^/]+\/[^/]+\.md$/.test(path) && !linked.has(path));
    expect(lost).toEqual([]);
  });
});

describe('code in pages', () => {
  it('is the file that it names', () => {
    const differing = pages.flatMap((from) =>
      fencesOf(from).flatMap(({ info, body }) => {
        const named = /\bfile=(\S+)/.exec(info)?.[1];
        if (named === undefined) return [];
        const { path } = targetOf(from, named);
        return existsSync(join(root, path)) && readFileSync(join(root, path), 'utf8') === body
          ? []
          : [`${from.path}: ${named}`];
      }),
    );
    expect(differing).toEqual([]);
  });

  it('is JSON where it says so', () => {
    const malformed = pages.flatMap((from) =>
      fencesOf(from)
        .filter(({ info }) => info === 'json')
        .filter(({ body }) => !isJson(body))
        .map(({ body }) => `${from.path}: ${body.slice(0, 60)}`),
    );
    expect(malformed).toEqual([]);
  });

  it('calls only verbs and options that the command line has', () => {
    const wrong = pages.flatMap((from) =>
      commandLinesOf(from).flatMap((line) => {
        const problem = problemOf(program, line);
        return problem === undefined ? [] : [`${from.path}: writ ${line}: ${problem}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('would be told of a verb or an option that is not there', () => {
    const text =
      '```sh\nwrit agents lits --limit 5\nnpm run writ -- replay --agnet x\n```\nSee `writ frobnicate`.\n';
    const problems = commandLinesOf({ path: 'x.md', text }).map((line) => problemOf(program, line));
    expect(problems).toEqual([
      '`agents` has no verb `lits`',
      '`--agnet` is not an option of `replay`',
      'there is no verb `frobnicate`',
    ]);
  });
});

describe('references', () => {
  it('have every setting', () => {
    const missing = Object.keys(environment.shape).filter(
      (name) => !page('docs/reference/environment.md').includes(`\`${name}\``),
    );
    expect(missing).toEqual([]);
  });

  it('name no setting that is not there', () => {
    const known = new Set<string>([...Object.keys(environment.shape), ...testVariables]);
    const named = pages.flatMap(({ path, text }) =>
      (text.match(/\bWRIT_[A-Z_]+\b/g) ?? []).map((name) => ({ path, name })),
    );
    expect(named.filter(({ name }) => !known.has(name))).toEqual([]);
  });

  it('have every command and question', () => {
    const text = page('docs/reference/subjects.md');
    const missing = [...Object.keys(commands), ...questions].filter((verb) => !text.includes(verb));
    expect(missing).toEqual([]);
  });

  it('have every route', () => {
    const text = page('docs/reference/http.md');
    const missing = routes
      .map(({ method, path }) => `${method} ${path}`)
      .filter((one) => !text.includes(`\`${one}\``));
    expect(missing).toEqual([]);
  });

  it('have every verb of the command line', () => {
    const text = page('docs/reference/cli.md');
    const verbs = program.commands.flatMap((command) =>
      command.commands.length === 0
        ? [command.name()]
        : command
            .createHelp()
            .visibleCommands(command)
            .filter((one) => one.name() !== 'help')
            .map((one) => `${command.name()} ${one.name()}`),
    );
    expect(verbs.filter((verb) => !new RegExp(`\`writ ${verb}[ \`]`).test(text))).toEqual([]);
  });

  it('have every event', () => {
    const missing = Object.keys(events).filter(
      (name) => !page('docs/reference/events.md').includes(`\`${name}\``),
    );
    expect(missing).toEqual([]);
  });

  it('have every property of every event', () => {
    const text = page('docs/reference/events.md');
    const missing = Object.entries(events).flatMap(([name, { data }]) =>
      Object.keys(data.shape)
        .filter((property) => !new RegExp(`\`${property}[\`\\[{]`).test(text))
        .map((property) => `${name}.${property}`),
    );
    expect(missing).toEqual([]);
  });
});

describe('dependencies', () => {
  const lines = new Map(
    [...page('docs/dependencies.md').matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm)].map(
      ([, name = '', licence = '']) => [name, licence.trim()],
    ),
  );
  const used = new Set(
    manifests()
      .flatMap((manifest) => parts.flatMap((part) => Object.keys(manifest[part] ?? {})))
      .filter((name) => !name.startsWith('@writ/')),
  );

  it('have a line each, and every line a dependency', () => {
    expect([...lines.keys()].sort()).toEqual([...used].sort());
  });

  it('are pinned exactly', () => {
    const loose = manifests().flatMap((manifest) =>
      parts.flatMap((part) =>
        Object.entries(manifest[part] ?? {}).filter(
          ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
        ),
      ),
    );
    expect(loose).toEqual([]);
  });

  it('have the licence that the page says', () => {
    const differing = [...lines].filter(([name, licence]) => {
      const manifest = join(root, 'node_modules', name, 'package.json');
      // Binaries for other platforms are not installed here.
      return (
        existsSync(manifest) &&
        (JSON.parse(readFileSync(manifest, 'utf8')) as { license?: string }).license !== licence
      );
    });
    expect(differing).toEqual([]);
  });
});

it('speaks of no particular machine, and leaves nothing to be done', () => {
  const found = pages.flatMap(({ path, text }) =>
    (
      text.match(
        /(?:^|[\s`"'(=])\/(?:work|tmp|root|home)\/\S*|\b(?:TODO|FIXME|TBD|lorem ipsum)\b/g,
      ) ?? []
    ).map((match) => `${path}: ${match.trim()}`),
  );
  expect(found).toEqual([]);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
