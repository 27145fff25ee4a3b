/** The names of the roles of this release. */

export const roleNames = [
  'gatekeeper',
  'commander',
  'governor',
  'projector',
  'snapshotter',
  'api',
] as const;
export type RoleName = (typeof roleNames)[number];

export function isRoleName(name: string): name is RoleName {
  return (roleNames as readonly string[]).includes(name);
}
