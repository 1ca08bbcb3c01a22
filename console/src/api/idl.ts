/** The messages of FlyteIDL that the console reads, as the platform writes them in JSON. Only the fields that it uses. */

export interface Identifier {
  readonly resource_type?: string;
  readonly project: string;
  readonly domain: string;
  readonly name: string;
  readonly version: string;
}

export interface ExecutionId {
  readonly project: string;
  readonly domain: string;
  readonly name: string;
}

export interface LiteralType {
  readonly simple?: string;
  readonly schema?: { readonly columns?: readonly unknown[] };
  readonly collection_type?: LiteralType;
  readonly map_value_type?: LiteralType;
  readonly blob?: { readonly format?: string; readonly dimensionality?: string };
  readonly enum_type?: { readonly values: readonly string[] };
  readonly structured_dataset_type?: { readonly columns?: readonly unknown[]; readonly format?: string };
  readonly union_type?: { readonly variants: readonly LiteralType[] };
  readonly metadata?: JsonSchema;
  readonly annotation?: { readonly annotations?: Record<string, unknown> };
  readonly structure?: { readonly tag?: string; readonly dataclass_type?: Record<string, LiteralType> };
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonSchema = { readonly [name: string]: unknown };

export interface Literal {
  readonly scalar?: Scalar;
  readonly collection?: { readonly literals: readonly Literal[] };
  readonly map?: { readonly literals: Record<string, Literal> };
  readonly offloaded_metadata?: { readonly uri: string; readonly size_bytes?: string; readonly inferred_type?: LiteralType };
  readonly hash?: string;
}

export interface Scalar {
  readonly primitive?: Primitive;
  readonly blob?: { readonly metadata?: { readonly type?: { readonly format?: string; readonly dimensionality?: string } }; readonly uri: string };
  readonly binary?: { readonly value: string; readonly tag: string };
  readonly schema?: { readonly uri: string; readonly type?: LiteralType["schema"] };
  readonly none_type?: object;
  readonly error?: { readonly failed_node_id?: string; readonly message: string };
  readonly generic?: { readonly [name: string]: Json };
  readonly structured_dataset?: { readonly uri: string; readonly metadata?: { readonly structured_dataset_type?: { readonly format?: string } } };
  readonly union?: { readonly value: Literal; readonly type: LiteralType };
}

export interface Primitive {
  readonly integer?: string;
  readonly float_value?: number | string;
  readonly string_value?: string;
  readonly boolean?: boolean;
  readonly datetime?: string;
  readonly duration?: string;
}

export interface Variable {
  readonly type: LiteralType;
  readonly description?: string;
}

export interface Parameter {
  readonly var: Variable;
  readonly default?: Literal;
  readonly required?: boolean;
}

export interface Interface {
  readonly inputs?: { readonly variables?: Record<string, Variable> };
  readonly outputs?: { readonly variables?: Record<string, Variable> };
}

export interface BranchCase {
  readonly condition?: BooleanExpression;
  readonly then_node: NodeTemplate;
}

export interface Operand {
  readonly primitive?: Primitive;
  readonly var?: string;
  readonly scalar?: Scalar;
}

export interface BooleanExpression {
  readonly comparison?: { readonly operator: string; readonly left_value: Operand; readonly right_value: Operand };
  readonly conjunction?: { readonly operator: string; readonly left_expression: BooleanExpression; readonly right_expression: BooleanExpression };
}

export interface BindingData {
  readonly scalar?: Scalar;
  readonly promise?: { readonly node_id?: string; readonly var?: string; readonly attr_path?: readonly { readonly string_value?: string; readonly int_value?: number }[] };
  readonly collection?: { readonly bindings?: readonly BindingData[] };
  readonly map?: { readonly bindings?: Record<string, BindingData> };
}

/** Where the value of a variable comes from. */
export interface Binding {
  readonly var: string;
  readonly binding?: BindingData;
}

export interface NodeTemplate {
  readonly id: string;
  readonly inputs?: readonly Binding[];
  readonly metadata?: { readonly name?: string; readonly timeout?: string };
  readonly upstream_node_ids?: readonly string[];
  readonly task_node?: { readonly reference_id: Identifier };
  readonly workflow_node?: { readonly launchplan_ref?: Identifier; readonly sub_workflow_ref?: Identifier };
  readonly branch_node?: { readonly if_else: { readonly case: BranchCase; readonly other?: readonly BranchCase[]; readonly else_node?: NodeTemplate; readonly error?: unknown } };
  readonly gate_node?: {
    readonly approve?: { readonly signal_id: string };
    readonly signal?: { readonly signal_id: string; readonly type: LiteralType };
    readonly sleep?: { readonly duration?: string };
  };
  readonly array_node?: { readonly node: NodeTemplate };
}

export interface WorkflowTemplate {
  readonly id: Identifier;
  readonly interface?: Interface;
  readonly nodes: readonly NodeTemplate[];
  readonly outputs?: readonly Binding[];
  readonly failure_node?: NodeTemplate;
}

export interface CompiledWorkflow {
  readonly template: WorkflowTemplate;
  readonly connections?: { readonly downstream?: Record<string, { readonly ids: readonly string[] }> };
}

export interface WorkflowClosure {
  readonly primary: CompiledWorkflow;
  readonly sub_workflows?: readonly CompiledWorkflow[];
  readonly tasks?: readonly { readonly template: TaskTemplate }[];
}

export interface TaskTemplate {
  readonly id: Identifier;
  readonly type?: string;
  readonly interface?: Interface;
}
