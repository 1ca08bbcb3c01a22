/** The condition of a case as people write it. Pure. */
import type { BooleanExpression, Operand } from "../../api/idl";

const OPERATORS: Record<string, string> = { EQ: "==", NEQ: "!=", GT: ">", GTE: ">=", LT: "<", LTE: "<=" };

export function conditionText(expression: BooleanExpression): string {
  const { comparison, conjunction } = expression;
  if (comparison) return `${operand(comparison.left_value)} ${OPERATORS[comparison.operator] ?? comparison.operator} ${operand(comparison.right_value)}`;
  if (conjunction) return `${conditionText(conjunction.left_expression)} ${conjunction.operator === "OR" ? "or" : "and"} ${conditionText(conjunction.right_expression)}`;
  return "";
}

function operand(value: Operand): string {
  if (value.var !== undefined) return value.var.slice(value.var.lastIndexOf(".") + 1);
  const primitive = value.primitive ?? value.scalar?.primitive;
  if (!primitive) return value.scalar?.none_type ? "none" : "?";
  const found = Object.values(primitive)[0];
  return primitive.string_value === undefined ? String(found) : JSON.stringify(primitive.string_value);
}
