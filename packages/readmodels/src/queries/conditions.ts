/** Conditions that several lists share. */
import { type RawBuilder, sql } from 'kysely';

/** A moment given as RFC 3339, whatever its year. */
export function instant(text: string): RawBuilder<string> {
  return sql<string>`to_timestamp(${Date.parse(text)}::double precision / 1000)`;
}

/** Text that contains another, whatever the case; `%` and `_` in it are themselves. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

/** True where one of the patterns in a column covers a name. */
export function covers(column: string, name: string): RawBuilder<boolean> {
  return sql<boolean>`exists (select from unnest(${sql.ref(column)}) pattern
    where pattern = ${name} or (pattern like '%*' and starts_with(${name}, left(pattern, -1))))`;
}
