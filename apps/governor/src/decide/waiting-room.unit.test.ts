import { expect, test } from 'vitest';
import { WaitingRoom } from './waiting-room.ts';

/** Takes places for a key until there are none for it; says how many. */
function fill(room: WaitingRoom, keyId: string): number {
  for (let taken = 0; ; taken++) if (!room.enter(keyId)) return taken;
}

test('a key alone gets half of the places, and leaves room for every other one', () => {
  const room = new WaitingRoom(1024);
  expect(fill(room, 'a')).toBe(512);
  expect(fill(room, 'b')).toBe(256);
  expect(fill(room, 'c')).toBe(128);
  expect(room.enter('d')).toBe(true);
});

test('keys that come and go side by side end with the same share', () => {
  const room = new WaitingRoom(400);
  const keys = ['a', 'b', 'c'];
  fill(room, 'a');
  const held = new Map(keys.map((key) => [key, key === 'a' ? 200 : 0]));
  for (let turn = 0; turn < 2000; turn++)
    for (const [key, count] of held) {
      if (turn % 10 === 0 && count > 0) {
        room.leave(key);
        held.set(key, count - 1);
      } else if (room.enter(key)) held.set(key, count + 1);
    }
  for (const count of held.values()) expect(Math.abs(count - 100)).toBeLessThan(5);
});

test('places that are given back are free again', () => {
  const room = new WaitingRoom(2);
  expect([room.enter('a'), room.enter('a')]).toEqual([true, false]);
  room.leave('a');
  expect(room.enter('a')).toBe(true);
});
