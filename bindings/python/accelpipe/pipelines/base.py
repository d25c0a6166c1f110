"""What all pipelines share: their call, and the phases that a subclass may replace.

Source: transformers@v4.55.4 pipelines/base.py Pipeline, ChunkPipeline, PipelineRegistry.
"""

from functools import partial

from .. import _core
from .._inputs import is_stream
from .pt_utils import PipelineIterator

# In place of inputs that were not given; None is an input.
NOT_GIVEN = ...

PHASES = ("preprocess", "_forward", "forward", "postprocess")


class PipelineException(ValueError):
    """A pipeline refused its input: fill-mask, where there is no mask.

    transformers derives it from Exception; a ValueError it is here, so that one `except` serves all tasks.
    """


class Pipeline:
    """The pipeline of a task. Made by `pipeline()`; `pipeline(pipeline_class=...)` makes one of a subclass.

    A subclass may replace `preprocess`, `_forward`, `postprocess` and `_sanitize_parameters`. What it leaves runs in
    the library; where it replaces nothing, whole calls do.
    """

    task = None  # Of the classes of tasks, the name of theirs.
    _is_chunk = False  # Whether an input may have several feeds.
    _positional = ()  # Names of positional arguments, where a call takes more than inputs.
    _input_error = None  # The exception of an input that is refused, where it is no ValueError.
    _replaced = frozenset()

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        names = (*PHASES, "_sanitize_parameters")
        cls._replaced = frozenset(name for name in names if getattr(cls, name) is not getattr(Pipeline, name))

    def __init__(self, model=None, tokenizer=None, feature_extractor=None, image_processor=None, processor=None,
                 modelcard=None, framework=None, task="", device=None, torch_dtype=None, binary_output=False, **kwargs):
        from ._create import open_model

        given = dict(tokenizer=tokenizer, feature_extractor=feature_extractor, image_processor=image_processor,
                     processor=processor, framework=framework, device=device, torch_dtype=torch_dtype)
        own = {name: kwargs.pop(name) for name in ("batch_size", "num_workers") if name in kwargs}
        replaces = "_sanitize_parameters" in self._replaced
        self.model = open_model(model, type(self), task, given, own if replaces else {**own, **kwargs})
        self._handle = self.model._handle
        self.task = task or self.model._about["task"]
        self.framework = "pt"
        self.modelcard, self.binary_output = modelcard, binary_output
        self.feature_extractor = self.image_processor = self.processor = None
        self._batch_size, self._num_workers = own.get("batch_size"), own.get("num_workers")
        self.call_count = 0
        self._recipe = (type(self), task, {**own, **kwargs})
        self._preprocess_params, self._forward_params, self._postprocess_params = self._sanitize_parameters(**kwargs)

    # -- what it is made of ------------------------------------------------------------------------------

    @property
    def tokenizer(self):
        """The tokenizer, to use on its own; None where the task has none."""
        return self.model._tokenizer

    @property
    def device(self):
        return self.model.device

    @property
    def torch_dtype(self):
        return self.model.dtype

    @property
    def batch_size(self):
        """As it was given, or None: batches are formed by length."""
        return self._batch_size

    @property
    def num_workers(self):
        return self._num_workers

    def describe(self):
        """What was chosen: a dict with "task", "model", "file", "accelerator", "device", "num_threads", ..."""
        return self._handle.describe()

    def explain(self):
        """What was chosen and why: a dict with "decisions", "passed_over", "faster"."""
        return self._handle.explain()

    def save_pretrained(self, save_directory, safe_serialization=True, **kwargs):
        """Copies the files that make the pipeline into a folder, which `pipeline(model=...)` takes."""
        self.model.save_pretrained(save_directory)
        if self.tokenizer is not None:
            self.tokenizer.save_pretrained(save_directory)

    def __reduce__(self):
        from ._create import recreate

        cls, task, kwargs = self._recipe
        return recreate, (cls, self.model._init, task, kwargs)

    def __repr__(self):
        about = self.model._about
        return f"<{type(self).__name__} task={self.task!r} model={about['model']!r} accelerator={about['accelerator']!r}>"

    # -- calling -----------------------------------------------------------------------------------------

    def _call(self, inputs=NOT_GIVEN, *args, num_workers=None, batch_size=None, progress=None, **kwargs):
        """Calls the pipeline on one input, a list of them, or a stream: a generator, an iterator, a dataset.

        Of a stream, an iterator over the results is given, which reads inputs as results are asked for.

        progress: True for a bar (tqdm's, where it is installed), or a function of (done, total).
        """
        self.call_count += 1
        if args:
            inputs = self._name_arguments((inputs, *args), kwargs)
        return self._run(inputs, self._params_of(kwargs, num_workers, batch_size), progress, None)

    __call__ = _core.Boundary(_call)

    def transform(self, X):
        """The call, under scikit-learn's name."""
        return self(X)

    def predict(self, X):
        """The call, under scikit-learn's name."""
        return self(X)

    async def acall(self, inputs=NOT_GIVEN, *args, num_workers=None, batch_size=None, progress=None, **kwargs):
        """The call, awaited: it runs on a thread of the loop's executor, and stops when the task is cancelled.

        Of a stream, all results are gathered in a list.
        """
        import asyncio

        self.call_count += 1
        if args:
            inputs = self._name_arguments((inputs, *args), kwargs)
        cancel = _core.Cancel()
        params = self._params_of(kwargs, num_workers, batch_size)
        call = partial(self._run_whole, inputs, params, progress, cancel)
        try:
            return await asyncio.get_running_loop().run_in_executor(None, call)
        except asyncio.CancelledError:
            cancel.trigger()
            raise

    def _run_whole(self, inputs, params, progress, cancel):
        result = self._run(inputs, params, progress, cancel)
        return list(result) if isinstance(result, PipelineIterator) else result

    def _params_of(self, kwargs, num_workers, batch_size):
        if batch_size is not None:
            kwargs["batch_size"] = batch_size
        if num_workers is not None:
            kwargs["num_workers"] = num_workers
        return kwargs

    def _name_arguments(self, args, kwargs):
        """Puts positional arguments under their names; gives the inputs that are left."""
        if not self._positional or len(args) > len(self._positional):
            raise TypeError(f"{type(self).__name__} takes {max(1, len(self._positional))} positional arguments, "
                            f"{len(args)} were given")
        for name, value in zip(self._positional, args):
            if name is not None:
                if name in kwargs:
                    raise TypeError(f"{type(self).__name__} got several values for {name!r}")
                kwargs[name] = value
        return args[0] if self._positional[0] is None else NOT_GIVEN

    def _run(self, inputs, params, progress, cancel):
        if self._replaced:
            from ._replaced import run_replaced

            return run_replaced(self, inputs, params)
        if is_stream(inputs):
            window = params.get("batch_size") or self._batch_size
            return PipelineIterator(inputs, partial(self._run_window, params, cancel), window)
        if progress is not None and progress is not False:
            return self._run_shown(inputs, params, progress, cancel)
        if self._input_error is None:
            return self._handle.call(inputs, params or None, None, cancel)
        try:
            return self._handle.call(inputs, params or None, None, cancel)
        except ValueError as error:
            raise self._translate(error) from None

    def _translate(self, error):
        if self._input_error is None or getattr(error, "status", None) != "AP_EINVAL":
            return error
        translated = self._input_error(*error.args)
        translated.status = error.status
        return translated

    def _run_shown(self, inputs, params, progress, cancel):
        from ._progress import shown

        with shown(progress) as tell:
            try:
                return self._handle.call(inputs, params or None, tell, cancel)
            except ValueError as error:
                raise self._translate(error) from None

    def _run_window(self, params, cancel, items):
        results = self._handle.window(items, params or None, cancel)
        return [(result, error and self._translate(error)) for result, error in results]

    # -- the phases, to be replaced ----------------------------------------------------------------------

    def _sanitize_parameters(self, **kwargs):
        """Parts the parameters of a call into those of preprocess, _forward and postprocess."""
        from ._replaced import part_by_phase

        return part_by_phase(self, kwargs)

    def preprocess(self, input_, **preprocess_parameters):
        """One input to what the model takes, a dict of arrays; of a ChunkPipeline, to several of them."""
        feeds = self._handle.preprocess(input_, preprocess_parameters or None)
        return iter(feeds) if self._is_chunk else feeds[0]

    def _forward(self, model_inputs, **forward_parameters):
        """What the model takes to what it gives."""
        from .._model import ModelOutput

        return ModelOutput(self._handle.forward([dict(model_inputs)], forward_parameters or None)[0])

    def forward(self, model_inputs, **forward_parameters):
        return self._forward(model_inputs, **forward_parameters)

    def postprocess(self, model_outputs, **postprocess_parameters):
        """What the model gave to the result; of a ChunkPipeline, a list of it."""
        outputs = [dict(model_outputs)] if hasattr(model_outputs, "keys") else list(map(dict, model_outputs))
        return self._handle.postprocess(outputs, postprocess_parameters or None)


class ChunkPipeline(Pipeline):
    """A pipeline whose `preprocess` gives several feeds for one input, and whose `postprocess` takes a list."""

    _is_chunk = True


class PipelineRegistry:
    """The tasks there are, and those that an application adds."""

    def __init__(self):
        self._registered = {}

    @property
    def supported_tasks(self):
        from .._generated import CLASSES

        return {**{task: {"impl": cls, "pt": (), "tf": ()} for task, cls in CLASSES.items()}, **self._registered}

    @property
    def task_aliases(self):
        from .._generated import ALIASES

        return dict(ALIASES)

    def get_supported_tasks(self):
        return sorted([*self.supported_tasks, *self.task_aliases])

    def check_task(self, task):
        """(name, entry, None) of a task or an alias.   KeyError: there is none."""
        name = self.task_aliases.get(task, task)
        entry = self.supported_tasks.get(name)
        if entry is None:
            raise KeyError(f"Unknown task {task}, available tasks are {self.get_supported_tasks()}")
        return name, entry, None

    def register_pipeline(self, task, pipeline_class, pt_model=None, tf_model=None, default=None, type=None):
        """Makes `pipeline(task)` one of `pipeline_class`. The kind of model follows from the class or the model."""
        entry = {"impl": pipeline_class, "pt": _as_tuple(pt_model), "tf": _as_tuple(tf_model)}
        if default is not None:
            is_bare = "model" not in default and ("pt" in default or "tf" in default)
            entry["default"] = {"model": default} if is_bare else default
        if type is not None:
            entry["type"] = type
        self._registered[task] = entry
        pipeline_class._registered_impl = {task: entry}

    def registered(self, task):
        """The entry of a task that an application registered; None of all others."""
        return self._registered.get(task)

    def to_dict(self):
        return self.supported_tasks


def _as_tuple(value):
    return () if value is None else value if isinstance(value, tuple) else (value,)


PIPELINE_REGISTRY = PipelineRegistry()
