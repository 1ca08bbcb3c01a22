"""Names of flytekit that Alula does not have, and what to do instead.

Using one is an `ImportError` that says so. `alula port` tells the same.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import NoReturn

_BY_FIX = {
    "the engine has no counterpart of it; code that only declares and runs workflows needs none": """
        LocalExecutedConditionalSection SkippedConditionalSection HashOnReferenceMixin LaunchPlanTriggerBase
        FlyteABCMeta FlyteCustomIdlEntity FlyteIdlEntity FlyteType UrlBlob Envs NamedEntityIdentifier
        LiteralOffloadedMetadata CompiledTask Task TaskClosure TaskExecutionMetadata AttrDict BranchEvalMode
        CompilationState ExecutionState FlyteEntities OutputMetadata OutputMetadataTracker SerializableToString
        LocallyExecutable HasFlyteInterface SupportsNodeCreation NodeOutput VoidPromise ComparisonExpression
        ComparisonOps ConjunctionExpression ConjunctionOps BranchNode Case Condition ConditionalSection
        TaskResolverMixin ClassStorageTaskResolver ExperimentalNaiveCloudPickleResolver
        experimental_cloud_pickle_resolver ArrayNodeMapTaskResolver MapTaskResolver Interface new_context
        FlyteAnnotation WorkflowMetadata WorkflowMetadataDefaults ResourceSpec AutoDeletingTempDir ClassDecorator
        timeit EntrypointSettings DefaultImages ImageBuildEngine ImageSpecBuilder DefaultImageBuilder NoOpBuilder
        FlyteScopedException FlyteScopedSystemException FlyteScopedUserException system_entry_point user_entry_point""",
    "write a transformer and register it with `alula.register_type`, see docs/extending.md": """
        BinaryIOTransformer BoolTransformer DataclassTransformer DateTransformer DatetimeTransformer EnumTransformer
        FloatTransformer IntTransformer ListTransformer LiteralTypeTransformer NoneTransformer ProtobufTransformer
        RestrictedTypeError StrTransformer TextIOTransformer TimedeltaTransformer UnionTransformer TypeEngine
        TypeTransformer AsyncTypeTransformer SimpleTransformer RestrictedTypeTransformer DictTransformer
        FlyteFilePathTransformer FlyteDirToMultipartBlobTransformer FlyteSchemaTransformer FlytePickleTransformer
        FlyteIterator JSONIterator
        ErrorTransformer JSONIteratorTransformer NumpyArrayTransformer SklearnEstimatorTransformer
        StructuredDatasetTransformerEngine StructuredDatasetEncoder StructuredDatasetDecoder SchemaEngine
        SchemaHandler SchemaReader SchemaWriter LocalIOSchemaReader LocalIOSchemaWriter TypeTransformerFailedError
        LiteralsResolver""",
    "write a kind of task and register it with `alula.register_task_kind`, see docs/extending.md": """
        TaskPlugins PythonFunctionTask PythonInstanceTask PythonCustomizedContainerTask ExecutableTemplateShimTask
        ShimTaskExecutor SQLite3TaskExecutor IgnoreOutputs AsyncPythonFunctionTask SensorEngine SensorConfig
        SensorMetadata""",
    "connectors are a matter of the platform: an executor runs each type of task, see docs/extending.md": """
        AsyncAgentBase SyncAgentBase AsyncAgentExecutorMixin SyncAgentExecutorMixin AgentRegistry AsyncConnectorBase
        SyncConnectorBase AsyncConnectorExecutorMixin SyncConnectorExecutorMixin ConnectorBase ConnectorRegistry
        ResourceMeta Resource TaskCategory FlyteAgentNotFound FlyteConnectorNotFound""",
    "write a `@reference_task`, `@reference_workflow` or `@reference_launch_plan`": """
        TaskReference WorkflowReference LaunchPlanReference get_reference_entity ReferenceSpec ReferenceTemplate
        ReferenceTask ReferenceWorkflow ReferenceLaunchPlan""",
    "write the values as a dict: `partitions={...}`": "Partition Partitions",
    "leave it out: artifacts are written as flytekit writes them": """
        Serializer ArtifactSerializationHandler DefaultArtifactSerializationHandler""",
    "start the launch plan by `OnRunEnd` of the workflow that makes the value": "OnArtifact",
    "write the schedule as `schedule` of the launch plan": "OnSchedule",
    "write `Email`, `PagerDuty` or `Slack`": "Notification EmailNotification PagerDutyNotification SlackNotification",
    "errors, phases and logs of a run are read by `alula.Remote` and `alula describe`": """
        ExecutionError NodeExecutionPhase TaskExecutionPhase TaskLog""",
    "take `GPUAccelerator`": "BaseAccelerator MultiInstanceGPUAccelerator",
    'write `FlyteDirectory["..."]`': "tensorboard tfrecords_dir",
    "runs have the rights of the principal that launches them": """
        AuthRole SecurityContext Identity AuthType OAuth2Client OAuth2TokenRequest""",
    "leave it out: code goes along when something is registered, and its digest is the version": """
        SerializationSettings FastSerializationSettings ImageConfig Image get_serializable""",
    "leave it out: the platform stores files, and clients reach them through it": """
        DataConfig S3Config GCSConfig AzureBlobStorageConfig GenericPersistenceConfig SecretsConfig StatsConfig
        LocalConfig ConfigFile ConfigEntry TaskConfig get_config_file set_if_exists read_file_if_exists""",
    "share settings by a dict: `@task(**common)`": "Environment forge inherit",
    "derive the version in a `CachePolicy`, whose `get_version` takes the salt and the function": "VersionParameters",
    "say what a deck shows by a `Deck` in the task": "DeckField",
    "catch `alula.core.errors.AlulaError`, which has a stable `code`; raise exceptions of your own": """
        FlyteUserException FlyteUserRuntimeException FlyteCompilationException FlyteDisapprovalException
        FlyteTimeout FlyteFailureNodeInputMismatchException FlyteSystemAssertion FlyteNotImplementedException
        FlyteEntrypointNotLoadable FlyteNonRecoverableSystemException FlyteDownloadDataException
        FlyteUploadDataException""",
    "what is registered and what ran is read by `alula.Remote` and by `alula get`, `list` and `describe`": """
        FlyteTask FlyteWorkflow FlyteLaunchPlan FlyteNode FlyteBranchNode FlyteTaskNode FlyteWorkflowNode
        FlyteArrayNode FlyteGateNode RemoteExecutionBase RegistrationSkipped
        ResolvedIdentifiers SynchronousFlyteClient Filter FilterList Equal NotEqual GreaterThan LessThan ValueIn
        Contains""",
    "use `StructuredDataset`, which every client of Flyte reads": """
        SchemaFormat SchemaOpenMode register_csv_handlers register_pandas_handlers
        register_arrow_handlers register_snowflake_handlers register_bigquery_handlers DuplicateHandlerError""",
    "write a `ShellTask` whose script calls it": "RawShellTask get_raw_shell_task",
    "use `subprocess.run` in the task": "subproc_execute",
    "import it in the task": "lazy_module is_imported",
    "packages with plugins are found by their entry points when they are needed": "load_implicit_plugins",
    "configure Python's own `logging`": """
        set_developer_properties set_flytekit_log_properties set_user_logger_properties initialize_global_loggers
        upgrade_to_rich_logging is_rich_logging_enabled is_display_progress_enabled get_level_from_cli_verbosity""",
    "debug an attempt on your machine by `alula debug`": "vscode VscodeConfig get_task_inputs",
    'write the name of the format, as in `FlyteFile["csv"]`': "FileExt",
}
"""Names by what to do instead."""

INSTEAD: Mapping[str, str] = {name: fix for fix, names in _BY_FIX.items() for name in names.split()}
"""What to do instead, by the name."""

MODULES: Mapping[str, str] = {
    "flytekit.tools": "`alula.Remote().register(...)` registers, and `alula register` and `alula compile` check",
    "flytekit.clients": "`alula.Remote` speaks to a platform",
    "flytekit.clis": "call `alula.cli.main.cli` in tests of the command line, or `alula` as a process",
    "flytekit.interactive": INSTEAD["vscode"],
    "flytekit.extend.backend": "connectors are a matter of the platform, see docs/extending.md",
    "flytekit.extras.webhook": "send the request in a task",
    "flytekit.extras.cloud_pickle_resolver": "declare tasks at the top level of a module",
    "flytekit.extras.tensorflow": "return a `FlyteDirectory` with the saved model",
    "flytekit.extras.pytorch": "return a `FlyteFile` with what `torch.save` wrote",
    "flytekit.extras.sklearn": "leave it out: estimators are types of inputs and outputs without it",
    "flytekit.models.filters": "`alula list runs` has filters as options",
    "flytekit.core.interface": "an entity's `interface` has its inputs and outputs",
    "flytekit.core.python_function_task": "see docs/extending.md for kinds of tasks",
    "flytekit.types.numpy": "leave it out: `numpy.ndarray` is a type of inputs and outputs without it",
    "flytekit.experimental": "import `eager` from `alula` and `EagerException` from `alula.exceptions.eager`",
    "flytekit.extras.pydantic_transformer": "models of pydantic are types without it",
    "flytekit.remote.entities": INSTEAD["FlyteTask"],
    "flytekit.core.utils": "Python's own library has these helpers",
    "flytekit.core.environment": INSTEAD["Environment"],
    "flytekit.core.annotation": INSTEAD["FlyteAnnotation"],
    "flytekit.core.class_based_resolver": "declare tasks at the top level of a module",
    "flytekit.exceptions.scopes": "an error of a run has its kind: USER or SYSTEM",
}
"""What to do instead of a module, by its name in flytekit; those inside it count as it does."""


def counterpart(module: str) -> str:
    """The name here of a module of flytekit."""
    for original, mine in (("flytekit.core", "alula.flytekit_core"), ("flytekit", "alula")):
        if module == original or module.startswith(f"{original}."):
            return mine + module.removeprefix(original)
    return module


def instead_of_module(module: str) -> str | None:
    """What to do instead of a module of flytekit; None for one that is here."""
    inside = (fix for name, fix in MODULES.items() if module == name or module.startswith(f"{name}."))
    return next(inside, None)


def refuse_others(module: str) -> None:
    """Let an import of a name that only flytekit has say what to do instead."""

    def of_module(name: str) -> NoReturn:
        raise refusal(module, name)

    # Set from here, so that type checkers know no such function: any name would be right to them.
    setattr(sys.modules[module], "__getattr__", of_module)  # noqa: B010


def refusal(module: str, name: str) -> Exception:
    """The error for a name that a module does not have."""
    fix = INSTEAD.get(name)
    if fix is None:
        return AttributeError(f"module {module!r} has no attribute {name!r}", name=name, obj=sys.modules[module])
    return ImportError(f"flytekit's `{name}` is not in Alula: {fix}", name=module)


def refused_module(name: str) -> ImportError:
    """The error for a module of flytekit that Alula does not have. `name` is its name here."""
    original = name.replace("alula.", "flytekit.", 1)
    return ImportError(f"`{original}` is not in Alula: {MODULES[original]}", name=name)
