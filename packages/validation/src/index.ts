export { type CompiledRules, compileRules } from './rules.ts';
export { type Asked, type CustomCheck, validateResult, type Verdict } from './validate.ts';
