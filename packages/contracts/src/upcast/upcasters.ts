/** The steps between versions of events; docs/how-to/change-an-event.md says how one is added. */
import { type EventName, events } from '../events.ts';
import { type EventTypes, openEventTypes, type UpcastTable } from './event-types.ts';

const upcasters: UpcastTable<EventName> = {
  GrantIssued: { 1: (data) => ({ ...data, delegable: 0, parent: null }) },
};

/** The types of events that this release reads. */
export const eventTypes: EventTypes<EventName> = openEventTypes(events, upcasters);

/** The name behind a `ce-type` of any version this release reads; `undefined` for any other. */
export function eventNameOf(type: string): EventName | undefined {
  return eventTypes.resolve(type)?.name;
}
