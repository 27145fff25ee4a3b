import { expect, test } from 'vitest';
import { NoContainerEngine, startContainerPostgres } from './container-postgres.ts';

test('where no engine answers, the reason of each is told', async () => {
  const run = (program: string) => Promise.reject(new Error(`Command failed\n${program} is away`));
  const starting = startContainerPostgres({ run });
  await expect(starting).rejects.toBeInstanceOf(NoContainerEngine);
  await expect(starting).rejects.toThrow('docker: docker is away; podman: podman is away');
});

test('a container that can not be reached is stopped again', async () => {
  const asked: string[][] = [];
  const run = async (program: string, args: readonly string[]) => {
    asked.push([program, ...args]);
    if (program === 'docker') throw new Error('no docker');
    if (args[0] === 'run') return 'c0ffee\n';
    if (args[0] === 'port') throw new Error('no such port');
    return '';
  };
  await expect(startContainerPostgres({ run, image: 'mine' })).rejects.toThrow('no such port');
  const [, , started] = asked;
  expect(started).toEqual(
    expect.arrayContaining(['podman', 'run', '--rm', '--publish=127.0.0.1::5432', 'mine']),
  );
  expect(asked.at(-1)).toEqual(['podman', 'stop', '--time', '1', 'c0ffee']);
});
