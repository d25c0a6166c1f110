"""Tokenizers and other components that are given as objects: taken by the files that they write."""

import os

# What a folder may say of a tokenizer beside its vocabulary.
SETTINGS = ("tokenizer_config.json", "special_tokens_map.json", "config.json", "added_tokens.json")


def is_component(value):
    return hasattr(value, "save_pretrained") or hasattr(value, "to_str")


class Component:
    """The files of a component, by name."""

    def __init__(self, files, has_settings):
        self.files, self.has_settings = files, has_settings

    @classmethod
    def of(cls, value):
        """Of transformers all that save_pretrained() writes, of the package tokenizers its tokenizer.json."""
        if hasattr(value, "save_pretrained"):
            from tempfile import TemporaryDirectory

            with TemporaryDirectory(prefix="accelpipe-") as folder:
                value.save_pretrained(folder)
                return cls(read_files(folder), True)
        return cls({"tokenizer.json": value.to_str().encode("utf-8")}, False)

    def write(self, model=None):
        """A temporary folder with the files; where they have no settings, with those of the model."""
        from tempfile import TemporaryDirectory

        folder = TemporaryDirectory(prefix="accelpipe-")
        files = dict(self.files)
        if not self.has_settings and model is not None:
            for name in SETTINGS:
                path = os.path.join(os.fspath(model), name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        files.setdefault(name, file.read())
        for name, content in files.items():
            with open(os.path.join(folder.name, name), "wb") as file:
                file.write(content)
        return folder


def read_files(folder):
    files = {}
    for entry in os.scandir(folder):
        if entry.is_file():
            with open(entry.path, "rb") as file:
                files[entry.name] = file.read()
    return files
