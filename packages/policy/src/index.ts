/** Policy engines behind one pure `evaluate`: Cedar. */
export { argumentsOf, hashArguments } from './arguments.ts';
export { type PolicyProblem } from './cedar/parse.ts';
export { dottedPaths, type Reads, type ReadTree } from './cedar/reads.ts';
export { type SchemaProblem } from './cedar/tenant-schema.ts';
export { checkPolicies, checkSchema } from './check.ts';
export { meantBy } from './cedar/meant.ts';
export { policyDigest, schemaDigest } from './digest.ts';
export { type CedarEngine, type CompiledPolicies, openCedar, type PolicySet } from './engine.ts';
export { type Explanation, explainDecision } from './explain.ts';
export { type SentContext, type Shown } from './shown-context.ts';
