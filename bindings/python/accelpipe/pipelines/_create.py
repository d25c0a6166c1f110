"""From the arguments of `pipeline()` to a pipeline."""

from .. import _core
from .._components import Component, is_component
from .._log import set_level
from .._model import Model
from .._runtimes import find_runtimes
from .base import PIPELINE_REGISTRY, Pipeline

COMPONENTS = ("tokenizer", "feature_extractor", "image_processor", "processor")

# Given to a class that pipeline() makes, beside the task's own parameters.
OF_THE_CLASS = ("batch_size", "num_workers")
# What may stand in a pair of a tokenizer and options, and changes nothing.
TOKENIZER_OPTIONS = {"use_fast", "revision", "trust_remote_code", "token", "_from_pipeline", "_commit_hash"}

# Of onnxruntime.SessionOptions: the settings that the library takes, and what they are when nobody sets them.
SESSION_DEFAULTS = {"intra_op_num_threads": 0, "inter_op_num_threads": 0, "graph_optimization_level": 99, "execution_mode": 0,
                    "enable_cpu_mem_arena": True, "enable_mem_pattern": True}

OF_PIPELINE = ("dtype", "num_threads", "cache", "cache_dir", "assistant_model")


def create(pipeline_class, options, kwargs):
    """options: the named arguments of pipeline(); kwargs: the others, its own and the task's."""
    options.update((name, kwargs.pop(name)) for name in OF_PIPELINE if name in kwargs)
    options = plain_options(options)
    task = options.get("task")
    entry = PIPELINE_REGISTRY.registered(task)
    cls = pipeline_class or (entry and entry["impl"])
    if cls is not None and not (isinstance(cls, type) and issubclass(cls, Pipeline)):
        raise TypeError(f"pipeline_class: expected a subclass of accelpipe's Pipeline, found {cls!r}")
    if entry and "model" not in options:
        options["model"] = _default_model(task, entry)
    if cls is None:
        return _create_ours(options, kwargs)
    if task:
        PIPELINE_REGISTRY.check_task(task)
    options["task"] = _task_of(cls, task)
    replaces = "_sanitize_parameters" in cls._replaced
    own = {name: kwargs[name] for name in OF_THE_CLASS if name in kwargs}
    model = Model({**_without_none(options), **(own if replaces else kwargs)})
    return cls(model=model, task=task or "", framework="pt", **kwargs)


def _create_ours(options, kwargs):
    from .._generated import CLASSES

    model = Model({**options, **kwargs})
    cls = CLASSES[model._about["task"]]
    return cls(model=model, **kwargs)


def _task_of(cls, task):
    """The library's task for a class; None: what the model is for."""
    from .._generated import ALIASES, CLASSES

    return cls.task or ALIASES.get(task) or (task if task in CLASSES else None)


def _default_model(task, entry):
    model = entry.get("default", {}).get("model")
    if isinstance(model, dict):
        model = model.get("pt")
    model = model[0] if isinstance(model, (tuple, list)) else model
    if not model:
        raise ValueError(f"task {task} was registered without a default model; name a model")
    return model


def _without_none(options):
    return {name: value for name, value in options.items() if value is not None}


def plain_options(options):
    """The options as the library takes them; objects of other libraries by what they say of themselves."""
    options = _without_none(options)
    for name in ("model", "assistant_model"):
        model = options.get(name)
        if isinstance(model, Model):
            options[name] = model.name_or_path
        elif model is not None and not isinstance(model, str) and not hasattr(model, "__fspath__"):
            raise TypeError(f"{name}: expected the name or the folder of a model, found an object of "
                            f"{type(model).__module__}.{type(model).__qualname__}; save it with save_pretrained() and "
                            "name that folder")
    if isinstance(options.get("tokenizer"), tuple):
        options["tokenizer"] = _named_tokenizer(*options["tokenizer"])
    for name in COMPONENTS:
        value = options.get(name)
        if value is not None and not isinstance(value, (str, Component)) and not hasattr(value, "__fspath__"):
            options[name] = _component(name, value)
    options["model_kwargs"] = _plain_kwargs(options.get("model_kwargs"))
    dtype = options.get("torch_dtype")
    if dtype is not None and not isinstance(dtype, str):
        options["torch_dtype"] = str(dtype).rpartition("torch.")[2]
    return _without_none(options)


def _named_tokenizer(name, options=None):
    """A pair of a tokenizer's name and options, as transformers takes it."""
    others = set(options or ()) - TOKENIZER_OPTIONS
    if others:
        raise TypeError(f"tokenizer: the option {min(others)!r} of a pair is not supported; save the tokenizer with it, and "
                        "name that folder")
    return name


def _plain_kwargs(kwargs):
    """model_kwargs, with the settings of an onnxruntime.SessionOptions as a dict."""
    given = kwargs.get("session_options") if isinstance(kwargs, dict) else None
    if not hasattr(given, "graph_optimization_level"):
        return kwargs
    settings = {name: getattr(given, name) for name in SESSION_DEFAULTS}
    plain = {name: value if isinstance(value, bool) else int(value) for name, value in settings.items()}
    changed = {name: value for name, value in plain.items() if value != SESSION_DEFAULTS[name]}
    return {**kwargs, "session_options": changed}


def _component(name, value):
    """A tokenizer or the like that is given as an object."""
    if hasattr(value, "_as_component"):  # our own
        return value._as_component()
    if is_component(value):
        return Component.of(value)
    raise TypeError(f"{name}: expected a name, a folder, or an object that save_pretrained() or to_str() can write, "
                    f"found {type(value).__module__}.{type(value).__qualname__}")


def open_model(model, cls, task, given, params):
    """The model for a pipeline of `cls`: the given one where it was opened for just this, else one that is.

    given: options of pipeline(), None where absent; params: the task's own parameters, in which None is a value.
    """
    if isinstance(model, Model) and given["tokenizer"] is model._cached.get("tokenizer"):
        given["tokenizer"] = None
    if given["framework"] == "pt":
        given["framework"] = None
    options = {**plain_options(given), **params}
    task = _task_of(cls, task or None)
    if not isinstance(model, Model):
        if model is not None:
            options = plain_options({"model": model}) | options
        return Model(_without_absent(options, task))
    same = all(name in model._init and _is_same(model._init[name], value) for name, value in options.items())
    if same and task in (None, model._about["task"]):
        return model
    return Model(_without_absent({**model._init, **options}, task or model._init.get("task")))


def _without_absent(options, task):
    return {**options, "task": task} if task else options


def _is_same(a, b):
    if a is b:
        return True
    plain = (str, int, float, bool, type(None))
    return isinstance(a, plain) and isinstance(b, plain) and type(a) is type(b) and a == b


def recreate(cls, init, task, kwargs):
    """What a pickled pipeline becomes."""
    return cls(model=Model(init), task=task, **kwargs)


def open_handle(init):
    """The library's pipeline of plain options."""
    find_runtimes()
    set_level()
    with _written(init) as options:
        return _core.Pipeline(options)


class _written:
    """The options with components as folders, for as long as the library reads them."""

    def __init__(self, init):
        self.init, self.folders = init, []

    def __enter__(self):
        options = dict(self.init)
        for name in COMPONENTS:
            if isinstance(options.get(name), Component):
                folder = options[name].write(options.get("model"))
                self.folders.append(folder)
                options[name] = folder.name
        return options

    def __exit__(self, *_):
        for folder in self.folders:
            folder.cleanup()
