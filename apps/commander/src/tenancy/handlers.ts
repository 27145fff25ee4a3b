/** Commands of tenancy: API keys. The secret is made here, shown once, and stored only as a keyed hash. */
import { hashSecret, newApiKey } from '@writ/bus';
import { subjects } from '@writ/contracts';
import { key } from '@writ/domain';
import { partOf } from '../aggregates.ts';
import type { Handler } from '../desk.ts';
import { derivedKeyId } from '../identifiers.ts';

export const createKey: Handler<'tenancy.create-key'> = async (desk, order) => {
  const { caller, verb, idempotencyKey, body } = order;
  const made = newApiKey();
  const keyId =
    idempotencyKey === null
      ? made.keyId
      : derivedKeyId(caller.tenant, caller.keyId, verb, idempotencyKey);
  const expiresAt = body.expiresAt === null ? null : new Date(body.expiresAt).toISOString();
  const created = { ...body, keyId, expiresAt, secretHash: hashSecret(desk.pepper, made.secret) };
  const where = { subject: subjects.key(caller.tenant, keyId), aggregate: `key/${keyId}` };
  const outcome = await desk.aggregates.execute(order, {
    parts: [partOf(where, key, () => ({ type: 'CreateKey' as const, key: created }))],
    result: (events) => {
      const stored = events.find((event) => event.type === 'KeyCreated');
      // A retry meets the key that was made first; its secret is not known any more.
      const mine = stored?.data.secretHash === created.secretHash;
      return mine ? { keyId, key: `writ_${keyId}_${made.secret}` } : { keyId };
    },
  });
  return outcome;
};

export const revokeKey: Handler<'tenancy.revoke-key'> = (desk, order) => {
  const { keyId, reason } = order.body;
  const where = { subject: subjects.key(order.caller.tenant, keyId), aggregate: `key/${keyId}` };
  return desk.aggregates.execute(order, {
    parts: [partOf(where, key, () => ({ type: 'RevokeKey' as const, keyId, reason }))],
    result: () => ({ keyId, status: 'revoked' }),
  });
};
