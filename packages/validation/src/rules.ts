/** Rules made ready to be applied: what is wrong with them is found here, before they hold for anybody. */
import type { ErrorDetail, ValidationRule, ValidationRules } from '@writ/contracts';
import { coversAny } from '@writ/domain';
import { compileSchema, type ValidateFunction } from './checks/schema.ts';

export type CompiledRule = {
  readonly name: string;
  readonly rule: ValidationRule;
  /** Compiled when it is first asked for: most results meet few of a tenant's rules. Throws for a schema that is none. */
  readonly matchesSchema: () => ValidateFunction | undefined;
};
export type CompiledRules = readonly CompiledRule[];

/** Rules in the order of their names. */
export function compileRules(rules: ValidationRules): CompiledRules {
  return Object.entries(rules)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, rule]) => ({ name, rule, matchesSchema: compiledOnce(rule) }));
}

function compiledOnce({ schema }: ValidationRule): CompiledRule['matchesSchema'] {
  let compiled: ValidateFunction | undefined;
  return () => (schema === undefined ? undefined : (compiled ??= compileSchema(schema)));
}

/** What is wrong with the schemas of rules; nothing where they may be published. */
export function checkRules(rules: ValidationRules): ErrorDetail[] {
  return compileRules(rules).flatMap(({ name, matchesSchema }) => {
    try {
      matchesSchema();
      return [];
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return [{ path: `rules.${name}.schema`, message }];
    }
  });
}

/** The rules for the results of an action. */
export function rulesFor(rules: CompiledRules, action: string): CompiledRules {
  return rules.filter(({ rule }) => coversAny(rule.actions, action));
}
