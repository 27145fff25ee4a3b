/** Rules made ready to be applied: what is wrong with them is found here, before they hold for anybody. */
import { type ErrorDetail, matchesPattern, type ValidationRules } from '@writ/contracts';
import type { ValidationRule } from '@writ/contracts';
import { compileSchema, type ValidateFunction } from './checks/schema.ts';

export type CompiledRule = {
  readonly name: string;
  readonly rule: ValidationRule;
  readonly matchesSchema: ValidateFunction | undefined;
};
export type CompiledRules = readonly CompiledRule[];

/** Compiles rules in the order of their names; throws for a schema that is none. */
export function compileRules(rules: ValidationRules): CompiledRules {
  return Object.entries(rules)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, rule]) => ({
      name,
      rule,
      matchesSchema: rule.schema === undefined ? undefined : compileSchema(rule.schema),
    }));
}

/** What is wrong with the schemas of rules; nothing where they may be published. */
export function checkRules(rules: ValidationRules): ErrorDetail[] {
  return Object.entries(rules).flatMap(([name, rule]) => {
    try {
      compileRules({ [name]: rule });
      return [];
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return [{ path: `rules.${name}.schema`, message }];
    }
  });
}

/** The rules for the results of an action. */
export function rulesFor(rules: CompiledRules, action: string): CompiledRules {
  return rules.filter(({ rule }) => rule.actions.some((one) => matchesPattern(one, action)));
}
