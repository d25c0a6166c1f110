"""Tokenizers on their own: the calls of transformers' fast tokenizers that code around pipelines makes.

Source: transformers@v4.55.4 tokenization_utils_base.py PreTrainedTokenizerBase, tokenization_utils_fast.py.
"""

import os

from . import _core
from ._components import Component, read_files

OFF, ON = 1, 2  # ap_switch
TRUNCATIONS = {None: 0, False: 1, "do_not_truncate": 1, True: 2, "longest_first": 2, "only_first": 3, "only_second": 4}
PADDINGS = {None: 0, False: 0, "do_not_pad": 0, True: 1, "longest": 1, "max_length": 2}
SIDES = {None: 0, "right": 1, "left": 2}
LENGTH_ZERO = -1
SPECIAL_TOKENS = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


def _choice(table, name, value):
    try:
        return table[value]
    except (KeyError, TypeError):
        known = ", ".join(repr(key) for key in table if key is not None)
        raise ValueError(f"{value!r} is not a valid {name}, please select one of {known}") from None


class BatchEncoding(dict):
    """What a tokenizer gives: lists or arrays by name and by attribute, and the tokens behind them."""

    def __init__(self, data, encodings):
        super().__init__(data)
        self._encodings = encodings

    is_fast = True

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def data(self):
        return dict(self)

    @property
    def n_sequences(self):
        return max((i + 1 for i in self._encodings[0]["sequence_ids"] if i is not None), default=None)

    def tokens(self, batch_index=0):
        return list(self._encodings[batch_index]["tokens"])

    def word_ids(self, batch_index=0):
        return list(self._encodings[batch_index]["word_ids"])

    def sequence_ids(self, batch_index=0):
        return list(self._encodings[batch_index]["sequence_ids"])

    def token_to_chars(self, token_index, batch_index=0):
        return self._encodings[batch_index]["offsets"][token_index]

    def char_to_token(self, char_index, batch_index=0, sequence_index=0):
        encoding = self._encodings[batch_index]
        for i, (start, end) in enumerate(encoding["offsets"]):
            if encoding["sequence_ids"][i] == sequence_index and start <= char_index < end:
                return i
        return None

    def to(self, *_, **__):
        return self

    def convert_to_tensors(self, tensor_type=None, prepend_batch_axis=False):
        """Arrays of numpy, whichever library is named: torch's own are not made here."""
        if tensor_type not in (None, "np", "pt"):
            raise ValueError(f"return_tensors: expected 'np' or 'pt', found {tensor_type!r}")
        try:
            import numpy
        except ImportError as error:
            raise ImportError("return_tensors needs numpy; install it with: pip install numpy") from error
        from ._tensor import Tensor

        for name, value in self.items():
            array = numpy.asarray([value] if prepend_batch_axis else value)
            self[name] = array.view(Tensor)
        return self


class Tokenizer:
    """A tokenizer of a folder in Hugging Face layout, or of a tokenizer.json."""

    is_fast = True

    def __init__(self, path, component=None):
        self._path, self._component = os.fspath(path), component
        self._handle = _core.Tokenizer(self._path)
        about = self._handle.describe()
        self.name_or_path = about["name"] or self._path
        self.padding_side, self.truncation_side = about["padding_side"] or "right", about["truncation_side"] or "right"
        self.model_max_length = about["model_max_length"] or int(1e30)
        self.model_input_names = about["model_input_names"] or ["input_ids", "token_type_ids", "attention_mask"]
        self.clean_up_tokenization_spaces = about["clean_up_tokenization_spaces"]
        self._class, self._special = about["tokenizer_class"], about["special_tokens"]
        for name in SPECIAL_TOKENS:
            entry = self._special.get(name) or {}
            setattr(self, name, entry.get("token"))
            setattr(self, f"{name}_id", entry.get("id"))

    @classmethod
    def from_pretrained(cls, path, **_):
        return cls(path)

    def _as_component(self):
        return self._component or Component(self._files(), True)

    def _files(self):
        if os.path.isfile(self._path):
            with open(self._path, "rb") as file:
                return {"tokenizer.json": file.read()}
        names = ("token", "vocab", "merges", "special", "added", "spiece", "sentencepiece", "tekken", "config.json")
        return {name: content for name, content in read_files(self._path).items()
                if name.startswith(names) or name.endswith((".model", ".jinja"))}

    def __reduce__(self):
        return _rebuild, (self._as_component(),)

    def save_pretrained(self, save_directory, **_):
        """Copies the tokenizer's files; gives their paths."""
        os.makedirs(save_directory, exist_ok=True)
        files = self._component.files if self._component else self._files()
        paths = []
        for name, content in files.items():
            path = os.path.join(save_directory, name)
            if name == "config.json" and os.path.exists(path):
                continue
            with open(path, "wb") as file:
                file.write(content)
            paths.append(path)
        return tuple(paths)

    # -- the vocabulary ----------------------------------------------------------------------------------

    def __len__(self):
        return self._handle.vocab_size()

    @property
    def vocab_size(self):
        return self._handle.describe()["vocab_size"]

    def get_vocab(self):
        """All tokens with their ids."""
        vocab, i = {}, 0
        n_tokens = len(self)
        while len(vocab) < n_tokens and i < 4 * n_tokens + 1024:  # ids may have gaps
            token = self._handle.id_to_token(i)
            if token is not None:
                vocab[token] = i
            i += 1
        return vocab

    @property
    def vocab(self):
        return self.get_vocab()

    @property
    def special_tokens_map(self):
        return {name: entry["token"] for name, entry in self._special.items() if entry}

    @property
    def all_special_tokens(self):
        return list(dict.fromkeys(self.special_tokens_map.values()))

    @property
    def all_special_ids(self):
        return self.convert_tokens_to_ids(self.all_special_tokens)

    def convert_tokens_to_ids(self, tokens):
        if isinstance(tokens, str):
            found = self._handle.token_to_id(tokens)
            return self.unk_token_id if found is None else found
        return [self.convert_tokens_to_ids(token) for token in tokens]

    def convert_ids_to_tokens(self, ids, skip_special_tokens=False):
        if isinstance(ids, int):
            return self._handle.id_to_token(ids)
        special = set(self.all_special_ids) if skip_special_tokens else ()
        return [self._handle.id_to_token(int(i)) for i in ids if int(i) not in special]

    def num_special_tokens_to_add(self, pair=False):
        return self._handle.n_special_added(pair)

    # -- text to ids -------------------------------------------------------------------------------------

    @_core.Boundary
    def __call__(self, text, text_pair=None, add_special_tokens=True, padding=False, truncation=None, max_length=None,
                 stride=0, is_split_into_words=False, pad_to_multiple_of=None, padding_side=None, return_tensors=None,
                 return_token_type_ids=None, return_attention_mask=None, return_overflowing_tokens=False,
                 return_special_tokens_mask=False, return_offsets_mapping=False, return_length=False, verbose=True):
        """One text, a pair, or a list of them, to input_ids and what a model needs beside them."""
        pairs, is_batch = _read_texts(text, text_pair, is_split_into_words)
        encodings = self._handle.encode(
            pairs, ON if add_special_tokens else OFF, _choice(TRUNCATIONS, "truncation", truncation),
            _length(max_length), stride, _choice(PADDINGS, "padding", padding), pad_to_multiple_of or 0,
            _choice(SIDES, "padding_side", padding_side or self.padding_side),
            _choice(SIDES, "truncation_side", self.truncation_side), ON if return_overflowing_tokens else OFF)
        wanted = self._wanted(return_token_type_ids, return_attention_mask, return_special_tokens_mask,
                              return_offsets_mapping)
        sources = list(range(len(encodings)))
        if return_overflowing_tokens:
            sources = [i for i, encoding in enumerate(encodings) for _ in range(1 + len(encoding["overflowing"]))]
            encodings = [part for encoding in encodings for part in (encoding, *encoding["overflowing"])]
        data = {name: [encoding[key] for encoding in encodings] for name, key in wanted.items()}
        if return_length:
            data["length"] = [len(encoding["ids"]) for encoding in encodings]
        if return_overflowing_tokens:
            data["overflow_to_sample_mapping"] = sources
        if not is_batch and return_tensors is None and not return_overflowing_tokens:
            data = {name: value[0] for name, value in data.items()}
        batch = BatchEncoding(data, encodings)
        return batch if return_tensors is None else batch.convert_to_tensors(return_tensors)

    def _wanted(self, type_ids, attention_mask, special_tokens_mask, offsets):
        """The entries of the result, in the reference's order, with their names in an encoding."""
        names = self.model_input_names
        wanted = {"input_ids": "ids"}
        if type_ids if type_ids is not None else "token_type_ids" in names:
            wanted["token_type_ids"] = "type_ids"
        if attention_mask if attention_mask is not None else "attention_mask" in names:
            wanted["attention_mask"] = "attention_mask"
        if special_tokens_mask:
            wanted["special_tokens_mask"] = "special_tokens_mask"
        if offsets:
            wanted["offset_mapping"] = "offsets"
        return wanted

    def encode(self, text, text_pair=None, **kwargs):
        """The ids of one text or pair."""
        return self(text, text_pair, **kwargs)["input_ids"]

    def tokenize(self, text, pair=None, add_special_tokens=False, **kwargs):
        """The tokens of one text or pair."""
        return self(text, pair, add_special_tokens=add_special_tokens, **kwargs).tokens()

    # -- ids to text -------------------------------------------------------------------------------------

    def decode(self, token_ids, skip_special_tokens=False, clean_up_tokenization_spaces=None, **_):
        """The text of a list of ids, or of one."""
        ids = token_ids.tolist() if hasattr(token_ids, "tolist") else token_ids
        ids = [ids] if isinstance(ids, int) else [int(i) for i in ids]
        clean_up = 0 if clean_up_tokenization_spaces is None else ON if clean_up_tokenization_spaces else OFF
        return self._handle.decode(ids, ON if skip_special_tokens else OFF, clean_up)

    def batch_decode(self, sequences, **kwargs):
        return [self.decode(ids, **kwargs) for ids in sequences]

    def __repr__(self):
        return f"<accelpipe.Tokenizer {self._class or ''} {self.name_or_path!r} vocab_size={len(self)}>"


def _rebuild(component):
    with component.write() as folder:
        return Tokenizer(folder, component=component)


def _length(max_length):
    return 0 if max_length is None else max_length or LENGTH_ZERO


def _read_texts(text, pair, are_words):
    """[(text, pair), ...] and whether it was a batch."""
    is_batch = isinstance(text, (list, tuple)) and (not are_words or not text or isinstance(text[0], (list, tuple)))
    if not is_batch:
        return [(text, pair)], False
    if pair is not None:
        if isinstance(pair, str) or len(pair) != len(text):
            raise ValueError("text and text_pair: expected two lists of the same length")
        return list(zip(text, pair)), True
    if not are_words and text and isinstance(text[0], (list, tuple)):
        return [tuple(item) for item in text], True
    return [(item, None) for item in text], True
