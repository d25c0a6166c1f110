"""The model of a pipeline, as far as Python code looks at it: its configuration, its files, and a call of it."""

import os

# What a folder may hold beside the model's file that a pipeline reads.
SMALL_FILES = (".json", ".txt", ".model", ".jinja", ".tiktoken", ".vocab", ".bpe")


class ModelOutput(dict):
    """What a model gives: arrays by name, by attribute and by place."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, key):
        return super().__getitem__(key) if isinstance(key, str) else tuple(self.values())[key]

    def to_tuple(self):
        return tuple(self.values())


class Device(str):
    """The name of a device, with torch's `type` and `index`."""

    @property
    def type(self):
        return self.partition(":")[0].lower()

    @property
    def index(self):
        number = self.partition(":")[2]
        return int(number) if number.isdigit() else None


class Config:
    """config.json, its entries as attributes. `id2label` has numbers as keys."""

    def __init__(self, entries):
        self.__dict__.update(entries)
        labels = entries.get("id2label")
        if labels is None:
            n_labels = entries.get("num_labels", 2)
            labels = {i: f"LABEL_{i}" for i in range(n_labels)}
        self.id2label = {int(key): label for key, label in labels.items()}
        self.label2id = dict(entries.get("label2id") or {label: key for key, label in self.id2label.items()})

    @property
    def num_labels(self):
        return len(self.id2label)

    def get(self, name, default=None):
        return getattr(self, name, default)

    def to_dict(self):
        return dict(self.__dict__)

    def to_json_string(self):
        import json

        return json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n"

    def save_pretrained(self, save_directory):
        os.makedirs(save_directory, exist_ok=True)
        with open(os.path.join(save_directory, "config.json"), "w", encoding="utf-8") as file:
            file.write(self.to_json_string())

    def __eq__(self, other):
        return isinstance(other, Config) and self.__dict__ == other.__dict__

    def __repr__(self):
        return f"Config {self.to_json_string()}"


class Model:
    """A model that a backend has opened for a task."""

    framework = "pt"

    def __init__(self, init):
        """init: plain options of pipeline(), and the task's own parameters."""
        from .pipelines._create import open_handle

        self._init = init
        self._handle = open_handle(init)
        self._about = self._handle.describe()
        self._cached = {}

    def __reduce__(self):
        return Model, (self._init,)

    def _choices(self):
        return {row["what"]: row["choice"] for row in self._handle.explain()["decisions"]}

    @property
    def config(self):
        """The model's config.json as a Config, read when it is first asked for."""
        if "config" not in self._cached:
            self._cached["config"] = Config(self._config_entries())
        return self._cached["config"]

    def _config_entries(self):
        given = self._init.get("config")
        if given is not None and not isinstance(given, str) and not hasattr(given, "__fspath__"):
            return given if isinstance(given, dict) else given.to_dict()
        import json

        path = self._choices()["config"]
        with open(os.path.join(path, "config.json") if os.path.isdir(path) else path, encoding="utf-8") as file:
            return json.load(file)

    @property
    def _tokenizer_component(self):
        return self._init.get("tokenizer")

    @property
    def _tokenizer(self):
        """The tokenizer; None where the task has none."""
        if "tokenizer" not in self._cached:
            self._cached["tokenizer"] = self._open_tokenizer()
        return self._cached["tokenizer"]

    def _open_tokenizer(self):
        from ._components import Component
        from ._tokenizer import Tokenizer

        given = self._tokenizer_component
        if isinstance(given, Component):
            with given.write(self._init.get("model")) as folder:
                return Tokenizer(folder, component=given)
        path = self._choices()["tokenizer"]
        return None if path == "none" else Tokenizer(path)

    @property
    def name_or_path(self):
        return os.fspath(self._init.get("model") or self._choices()["model"])

    @property
    def device(self):
        return Device(self._about["device"].lower())

    @property
    def dtype(self):
        return self._about["torch_dtype"]

    def eval(self):
        return self

    def can_generate(self):
        return False

    def __call__(self, **inputs):
        """Runs the model on arrays by name, whose first dimension is that of the batch."""
        n_rows = max((len(value) for value in inputs.values() if _is_array(value)), default=0)
        rows = [{name: value[i:i + 1] if _is_array(value) else value for name, value in inputs.items()}
                for i in range(n_rows)]
        outputs = self._handle.forward(rows, None)
        return ModelOutput({name: _join([row[name] for row in outputs]) for name in (outputs[0] if outputs else {})})

    forward = __call__

    def save_pretrained(self, save_directory, **kwargs):
        """Copies the model's files and its configuration."""
        import shutil

        source, target = self._choices()["model"], os.fspath(save_directory)
        os.makedirs(target, exist_ok=True)
        file = self._about["file"]
        inside = os.path.dirname(os.path.relpath(os.path.realpath(file), os.path.realpath(source)))
        os.makedirs(os.path.join(target, inside), exist_ok=True)
        stem = os.path.basename(file).partition(".")[0]
        for entry in os.scandir(os.path.dirname(file)):
            if entry.is_file() and entry.name.startswith(stem):  # with its external data
                shutil.copyfile(entry.path, os.path.join(target, inside, entry.name))
        for entry in os.scandir(source):
            if entry.is_file() and entry.name.endswith(SMALL_FILES):
                shutil.copyfile(entry.path, os.path.join(target, entry.name))
        if "config" in self._init or "config" in self._cached:
            self.config.save_pretrained(target)

    def __repr__(self):
        return f"<accelpipe.Model {self.name_or_path!r} on {self._about['accelerator']}>"


def _is_array(value):
    return hasattr(value, "shape") and len(value.shape) > 0 or isinstance(value, list)


def _join(arrays):
    """The rows of a batch as one array."""
    if not _is_array(arrays[0]):
        return arrays
    if isinstance(arrays[0], memoryview):
        return arrays[0] if len(arrays) == 1 else [row for array in arrays for row in array.tolist()]
    import numpy

    from ._tensor import Tensor

    return numpy.concatenate(arrays).view(Tensor)
