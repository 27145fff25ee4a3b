/** JSON Schemas of everything that crosses a wire or is stored, one file each. */
import * as contracts from '@writ/contracts';
import type { z } from 'zod';
import { problem } from '../http/problem.ts';
import { type JsonSchema, jsonSchemas, type NamedSchemas } from '../openapi/schemas.ts';

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

type SchemaFile = {
  readonly path: string;
  readonly title: string;
  readonly schema: z.ZodType;
  readonly io: NamedSchemas['io'];
};

/** The path of each file under `schemas/`, and its content. */
export function schemaFiles(): Map<string, JsonSchema> {
  return new Map(declared().map((file) => [`schemas/${file.path}.json`, documentOf(file)]));
}

function declared(): SchemaFile[] {
  return [
    ...Object.entries(contracts.commands).map(
      ([verb, { schema }]): SchemaFile => ({
        path: `commands/${verb}`,
        title: verb,
        schema,
        io: 'input',
      }),
    ),
    ...(Object.keys(contracts.events) as contracts.EventName[]).flatMap((name) =>
      [...contracts.schemasOf(name)].map(([version, schema]): SchemaFile => {
        const type = contracts.typeText(contracts.events[name].context, name, version);
        return { path: `events/${type}`, title: type, schema, io: 'output' };
      }),
    ),
    {
      path: 'questions/permission',
      title: 'permission',
      schema: contracts.evaluationRequest,
      io: 'input',
    },
    {
      path: 'questions/permissions',
      title: 'permissions',
      schema: contracts.evaluationsRequest,
      io: 'input',
    },
    {
      path: 'replies/command',
      title: 'reply to a command',
      schema: contracts.commandReply,
      io: 'output',
    },
    {
      path: 'replies/permission',
      title: 'reply to permission',
      schema: contracts.evaluationReply,
      io: 'output',
    },
    {
      path: 'replies/permissions',
      title: 'reply to permissions',
      schema: contracts.evaluationsReply,
      io: 'output',
    },
    {
      path: 'replies/event',
      title: 'event as it is shown',
      schema: contracts.eventView,
      io: 'output',
    },
    { path: 'replies/problem', title: 'error over HTTP', schema: problem, io: 'output' },
    {
      path: 'decisions/record',
      title: 'decision record',
      schema: contracts.decisionRecord,
      io: 'output',
    },
    {
      path: 'decisions/gap',
      title: 'gap in the decision log',
      schema: contracts.decisionGap,
      io: 'output',
    },
    {
      path: 'decisions/denials',
      title: 'denials counted together',
      schema: contracts.decisionDenials,
      io: 'output',
    },
    {
      path: 'decisions/batch',
      title: 'message of the decision log',
      schema: contracts.decisionBatch,
      io: 'output',
    },
  ];
}

/** Values of policies hold one another, so they have a name inside the file. */
function documentOf({ path, title, schema, io }: SchemaFile): JsonSchema {
  const byName = { Document: schema, PolicyValue: contracts.policyValue };
  const { Document: body = {}, PolicyValue: value = {} } = jsonSchemas({ io, byName }, (name) =>
    name === 'Document' ? '#' : `#/$defs/${name}`,
  );
  const document = {
    $schema: DIALECT,
    $id: `urn:writ:schema:${path.replace('/', ':')}`,
    title,
    ...body,
  };
  return JSON.stringify(body).includes('#/$defs/PolicyValue')
    ? { ...document, $defs: { PolicyValue: value } }
    : document;
}
