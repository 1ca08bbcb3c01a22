"""Members that flytekit's tasks, workflows and launch plans have in common: here by another name, or not at all."""

from __future__ import annotations

from typing import Protocol, TypeVar

from alula.sdk.absent_members import lacks_members

I_co = TypeVar("I_co", covariant=True)

_BY_FIX = {
    "call it; a kind of task that runs something else is described in docs/extending.md": """
        execute local_execute dispatch_execute sandbox_execute dynamic_execute unwrap_literal_map_and_execute
        pre_execute post_execute local_execution_mode execution_mode""",
    "leave it out: it is written for a platform at registration, and `alula get` shows what is registered": """
        compile compile_into_workflow construct_node_metadata compilation_state output_bindings get_command get_config
        get_container get_custom get_default_command get_extended_resources get_image get_k8s_pod get_sql
        set_command_fn reset_command_fn set_command_prefix prepare_target serialize_to_model""",
    "leave it out: a task is found again by its module and name": """
        task_resolver set_resolver find_lhs lhs instantiated_in add get_all_tasks load_task loader_args task_name""",
    "`interface.inputs` and `interface.outputs` have the types by name": """
        get_input_types get_type_for_input_var get_type_for_output_var""",
}


class HasInterface(Protocol[I_co]):
    """A task, workflow or launch plan."""

    @property
    def interface(self) -> I_co: ...


class Entity:
    """A task, workflow or launch plan, by flytekit's names."""

    @property
    def python_interface(self: HasInterface[I_co]) -> I_co:
        """Its `interface`: `inputs` and `outputs` have the Python types by name."""
        return self.interface


lacks_members(Entity, {name: fix for fix, names in _BY_FIX.items() for name in names.split()})
