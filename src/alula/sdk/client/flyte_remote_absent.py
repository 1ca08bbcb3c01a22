"""Methods and arguments of flytekit's `FlyteRemote` that do not exist here, and what to do instead."""

from __future__ import annotations

_NODES = "take `execution.node_executions`, which are as they are now"
_ENTITIES = """
    local_launch_plan local_task local_workflow reference_launch_plan reference_task reference_workflow remote_task_lp
    remote_wf
"""
ELSEWHERE = {
    "client": "`alula.Remote` has the connection, and `alula get` and `alula list` show what there is",
    "recent_executions": "list runs with `alula list runs`",
    "generate_console_url": "`alula describe execution RUN` shows a run",
    "register_script": "register a file with `alula register FILE`",
    "fast_register_workflow": "use `register_workflow`: code always goes along",
    "set_signal": "write `set_input`, `approve` or `reject`",
    "list_signals": "list the gates of a run with `alula signal list RUN`",
    "upload_file": "give a `FlyteFile` with a local path as an input: it is uploaded",
    "get": "values come from `execution.outputs`",
    "launch_backfill": "`alula.Remote.backfill` starts one that the platform keeps",
    **dict.fromkeys(
        ("activate_launchplan", "deactivate_launchplan"),
        "declare it with `auto_activate=True`, or write `alula schedule activate` and `alula schedule deactivate`",
    ),
    **dict.fromkeys(
        (f"execute_{entity}" for entity in _ENTITIES.split()),
        "write `execute`, which takes all of them",
    ),
    **dict.fromkeys(("raw_register", "fast_package"), "write `register_workflow` or `register_task`"),
    **dict.fromkeys(
        ("fetch_task_lazy", "fetch_workflow_lazy", "fetch_active_launchplan", "find_launch_plan"),
        "write `fetch_task`, `fetch_workflow` or `fetch_launch_plan`",
    ),
    **dict.fromkeys(("find_launch_plan_for_node", "sync_node_execution", "sync_task_execution"), _NODES),
    **dict.fromkeys(("context", "remote_context", "file_access"), "leave it out: values are moved as they are needed"),
    **dict.fromkeys(("list_projects", "get_domains"), "list them with `alula list project`"),
    "download": "files are fetched when they are read: `execution.outputs[...].download()`",
    "for_sandbox": "write `FlyteRemote(Config.for_sandbox())`",
    "generate_console_http_domain": "`alula describe execution RUN` shows a run",
    "get_execution_metrics": "`alula describe execution RUN` shows the times of a run",
    "get_extra_headers_for_protocol": "leave it out: files go by signed URLs",
    "interactive_mode_enabled": "leave it out, and declare tasks in a module: their code goes along",
    "list_tasks_by_version": "list tasks with `alula list task`",
}
"""Methods."""
MAKING = {
    "data_upload_location": "leave it out: the platform says where files go",
    "interactive_mode_enabled": "leave it out, and declare tasks in a module: their code goes along",
    "data_config": "leave it out: the platform stores files, and clients reach them through it",
    "config_file": "write `FlyteRemote.auto(config_file)`",
}
_CODE = "leave it out: code goes along, its digest is the version, and `version=` names another"
EXECUTE = {
    "name": "the run's name is `execution_name`; an entity has its own",
    "serialization_settings": _CODE,
    **dict.fromkeys(
        ("cluster_pool", "execution_cluster_label"), "leave it out: the platform's settings say where attempts run"
    ),
    "execution_name_prefix": "give the whole `execution_name`, or none",
    "image_config": "name the image at the task: `@task(container_image=...)`",
    "type_hints": "give values of the types of the interface",
    "tags": "give `options=Options(labels={...})`",
}
SYNC = {
    "entity_definition": "leave it out: types are those of the registered interface",
    "rpc_timeout": "leave it out: what can be asked again is, for some time",
}
_ASKED = "leave it out: the type is that which the gate asks for"
SET_INPUT = {"python_type": _ASKED, "literal_type": _ASKED}
REGISTER = {
    "serialization_settings": _CODE,
    "options": "give them to the launch plan",
    "default_launch_plan": "leave it out: each workflow has a launch plan of its name",
    "fast": "leave it out: code always goes along",
}
"""Arguments, by what takes them."""
