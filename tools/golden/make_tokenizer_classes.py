#!/usr/bin/env python3
"""Writes src/tokenizer/classes.def from the tokenizers of transformers: what each class returns and assumes.

    python make_tokenizer_classes.py > ../../src/tokenizer/classes.def
    (transformers==4.55.4 tokenizers==0.21.4 sentencepiece protobuf sacremoses)

Constructors are run up to the one of their base class, with special tokens that name themselves; what arrives there
is what the class makes of them.
"""
import importlib
import inspect
import io
import json
import os
import pkgutil
import re
import tempfile

os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import sentencepiece  # noqa: E402
import transformers  # noqa: E402
import transformers.utils.import_utils as import_utils  # noqa: E402

import_utils._mistral_common_available = False  # Its tokenizers are no fast ones.
import transformers.models as models  # noqa: E402
import transformers.models.deprecated  # noqa: E402
from tokenizers import AddedToken  # noqa: E402
from transformers import PreTrainedTokenizer, PreTrainedTokenizerFast  # noqa: E402
from transformers.convert_slow_tokenizer import SLOW_TO_FAST_CONVERTERS  # noqa: E402
from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES  # noqa: E402

TOKENS = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"]
EXTRA = "additional_special_tokens"


# What a class makes of additional_special_tokens: see ap__extra_mode.
EXTRA_MODES = {"Camembert": "IF_ABSENT", "Cpm": "IF_ABSENT", "XLNet": "IF_ABSENT", "Nllb": "IF_NULL", "MBart": "BEFORE",
               "MBart50": "AFTER", "XGLM": "AFTER", "CodeLlama": "INFILL", "Splinter": "QUESTION", "T5": "SENTINELS",
               "MT5": "SENTINELS", "ByT5": "BYTE_SENTINELS", "MyT5": "BYTE_SENTINELS", "Pegasus": "PEGASUS", "Luke": "ENTITIES", "MLuke": "ENTITIES",
               "PLBart": "PROGRAMMING"}


# Classes that run in Python alone, and their ap__class_kind.
SLOW_ONLY = {"MarianTokenizer": ("marian", "PLAIN"), "M2M100Tokenizer": ("m2m_100", "LANG_M2M"), "ByT5Tokenizer": ("byt5", "PLAIN"),
             "MyT5Tokenizer": ("myt5", "PLAIN"),
             "Speech2TextTokenizer": ("speech_to_text", "PLAIN"), "SpeechT5Tokenizer": ("speecht5", "PLAIN"), "SiglipTokenizer": ("siglip", "PLAIN"),
             "EsmTokenizer": ("esm", "PLAIN"), "PerceiverTokenizer": ("perceiver", "PLAIN"), "VitsTokenizer": ("vits", "PLAIN"),
             "Wav2Vec2CTCTokenizer": ("wav2vec2", "PLAIN"), "BertGenerationTokenizer": ("bert_generation", "PLAIN"),
             "XLMProphetNetTokenizer": ("deprecated.xlm_prophetnet", "PLAIN"), "MLukeTokenizer": ("mluke", "PLAIN"),
             "PLBartTokenizer": ("plbart", "LANG_PLBART"), "BartphoTokenizer": ("bartpho", "PLAIN"), "GPTSw3Tokenizer": ("gpt_sw3", "GPT_SW3"),
             "CTRLTokenizer": ("ctrl", "PLAIN"), "PhobertTokenizer": ("phobert", "PLAIN"), "BertweetTokenizer": ("bertweet", "PLAIN"),
             "LukeTokenizer": ("luke", "PLAIN"), "MgpstrTokenizer": ("mgp_str", "PLAIN"),
             "CanineTokenizer": ("canine", "PLAIN"), "DiaTokenizer": ("dia", "PLAIN"), "Speech2Text2Tokenizer": ("deprecated.speech_to_text_2", "PLAIN"),
             "Wav2Vec2PhonemeCTCTokenizer": ("wav2vec2_phoneme", "PLAIN")}

# The files that their constructors open, where those are not a SentencePiece model or vocab.json.
SLOW_FILES = {"MyT5Tokenizer": {"vocab_file": "byte_maps.json"},
              "Wav2Vec2PhonemeCTCTokenizer": {"vocab_file": "vocab.json", "do_phonemize": ""},
              "MLukeTokenizer": {"vocab_file": "spm.model", "entity_vocab_file": "entities.json"},
              "BartphoTokenizer": {"vocab_file": "spm.model", "monolingual_vocab_file": "dict.txt"},
              "CTRLTokenizer": {"vocab_file": "vocab.json", "merges_file": "merges.txt"},
              "Speech2Text2Tokenizer": {"vocab_file": "vocab.json", "merges_file": "merges.txt"},
              "PhobertTokenizer": {"vocab_file": "dict.txt", "merges_file": "merges.txt"},
              "BertweetTokenizer": {"vocab_file": "dict.txt", "merges_file": "merges.txt"},
              "LukeTokenizer": {"vocab_file": "vocab.json", "merges_file": "merges.txt", "entity_vocab_file": "entities.json"}}


# Classes whose fast version is another tokenizer, which starts from tokenizer.json alone.
TWO = ["BlenderbotSmallTokenizer"]


class Captured(Exception):
    pass


def capture(base):
    def init(self, *args, **kwargs):
        raise Captured(kwargs)
    base.__init__ = init


def classes():
    found = {}
    modules = [m.name for m in pkgutil.iter_modules(models.__path__)]
    modules += [f"deprecated.{m.name}" for m in pkgutil.iter_modules(models.deprecated.__path__)]
    for module in modules:
        last = module.rpartition(".")[2]
        for name in (f"tokenization_{last}_fast", f"tokenization_{last}"):
            try:
                mod = importlib.import_module(f"transformers.models.{module}.{name}")
            except Exception:
                continue
            for cls_name, cls in vars(mod).items():
                if inspect.isclass(cls) and issubclass(cls, PreTrainedTokenizerFast) and cls.__module__ == mod.__name__:
                    found[cls_name] = cls
    return found


def defaults(cls):
    """The default values of the constructors' parameters, those of the class itself last."""
    values = {}
    for base in reversed(cls.__mro__):
        if "__init__" in vars(base):
            for p in inspect.signature(base.__init__).parameters.values():
                if p.default is not inspect.Parameter.empty:
                    values[p.name] = p.default
    return values


def source(cls):
    return "".join(inspect.getsource(b) for b in cls.__mro__
                   if issubclass(b, PreTrainedTokenizerFast) and b is not PreTrainedTokenizerFast)


def kind(name, text):
    if f"{name}Tokenizer" in TWO:
        return "TWO"
    if "normalizer.__getstate__" in text:
        return "BERT" if '["handle_chinese_chars"] =' in text else "LOWERCASE"
    if "state.get(\"trim_offsets\"" in text:
        return "ROBERTA"
    if "backend_tokenizer.decode = " in text:
        return "CLIP"
    if "_pad_token_type_id = 3" in text:
        return "XLNET"
    if "does NOT support adding a BOS token" in text:
        return "NO_BOS"
    if "update_post_processor" in text:
        return "BOS_EOS"
    if "set_src_lang_special_tokens" in text:
        return {"MBart": "LANG_LAST", "MBart50": "LANG_FIRST", "Nllb": "LANG_NLLB", "SeamlessM4T": "LANG_SEAMLESS"}[name]
    return "PLAIN"


def folder():
    """A folder with every file that a slow tokenizer opens."""
    path = tempfile.mkdtemp()
    with open(f"{path}/vocab.txt", "w") as f:
        f.write("[UNK]\n[CLS]\n[SEP]\n[PAD]\n[MASK]\na\n")
    with open(f"{path}/vocab.json", "w") as f:
        json.dump({"a": 0, "b": 1, "ab": 2, "<unk>": 3, "<pad>": 4, **{f"<{t}>": 5 for t in TOKENS}}, f)
    with open(f"{path}/merges.txt", "w") as f:
        f.write("#version: 0.2\na b\n")
    with open(f"{path}/byte_maps.json", "w") as f:
        json.dump({"decompose_map": {}, "merge_map": {}}, f)
    with open(f"{path}/dict.txt", "w") as f:
        f.write("a 1\nb 1\n")
    with open(f"{path}/entities.json", "w") as f:
        json.dump({t: i for i, t in enumerate(("[UNK]", "[PAD]", "[MASK]", "[MASK2]"))}, f)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d e f g"] * 20), model_writer=model, vocab_size=12, hard_vocab_limit=False,
        minloglevel=2)
    with open(f"{path}/spm.model", "wb") as f:
        f.write(model.getvalue())
    return path


def arguments(cls, path):
    """Files for those parameters that are files; a tags_dict for MarkupLM."""
    names = inspect.signature(cls.__init__).parameters
    text = inspect.getsource(cls)
    vocab = "vocab.json" if "merges_file" in names else "vocab.txt"
    if re.search(r"sp_model|SPMTokenizer|spm\.", text):
        vocab = "spm.model"
    if cls.__name__ in SLOW_FILES:
        return {key: name and f"{path}/{name}" for key, name in SLOW_FILES[cls.__name__].items()}
    if cls.__name__ in SLOW_ONLY:
        spm = "spm_file" not in names and "spm.SentencePieceProcessor" in text
        return {n: f"{path}/{'vocab.json' if 'vocab' in n and not spm else 'spm.model'}"
                for n in ("source_spm", "target_spm", "vocab", "vocab_file", "spm_file") if n in names}
    out = {"vocab_file": f"{path}/{vocab}"}
    if "merges_file" in names:
        out["merges_file"] = f"{path}/merges.txt"
    if "tags_dict" in names:
        out["tags_dict"] = {}
    return out


def run(cls, **kwargs):
    try:
        cls(**kwargs)
    except Captured as e:
        return e.args[0]
    raise SystemExit(f"{cls} did not call its base class")


def flags(token, is_slow):
    """'.': a string stays one; else the flags of the AddedToken that it becomes, as a digit to base 32. That
    `normalized` was not said is forgotten when slow tokenizers copy their arguments."""
    if not isinstance(token, AddedToken):
        return "."
    assert not token.single_word
    lstrip, normalized, special = token.lstrip, token.normalized, token.special
    token.special = not special
    is_said = is_slow or token.normalized == normalized
    value = lstrip + 4 * special + (2 * normalized if is_said else 8) + 16 * token.rstrip
    return "0123456789abcdefghijklmnopqrstuv"[value]


def tokens(cls, path):
    """{attribute: (default, flags)} of those that the constructor hands on."""
    files = arguments(cls, path)
    plain = run(cls, **files)
    named = run(cls, **files, **{t: f"<{t}>" for t in TOKENS})
    is_slow = not issubclass(cls, PreTrainedTokenizerFast)
    found = {t: (None if plain[t] is None else str(plain[t]), flags(named[t], is_slow)) for t in TOKENS if t in plain}
    return found, [str(t) for t in plain.get(EXTRA) or []]


def c_string(value):
    """U+0000 is written in two bytes, which no other character is."""
    if value is None or str(value).isprintable():
        return "NULL" if value is None else '"%s"' % str(value)
    return '"%s"' % "".join(f"\\x{b:02X}" for b in str(value).encode().replace(b"\0", b"\xC0\x80"))


def c_bool(value):
    return "true" if value else "false"


def token_fields(found):
    wrap = "".join(found.get(t, (None, "-"))[1] for t in TOKENS)
    return f'"{wrap}", ' + ", ".join(c_string(found.get(t, (None, "."))[0]) for t in TOKENS)


def slow_row(name, cls, fast_tokens, path):
    slow = cls.slow_tokenizer_class
    if slow is None or slow.__name__ not in [*SLOW_TO_FAST_CONVERTERS, *TWO] or "oFormer" in name:
        return None
    d = defaults(slow)
    found, extra = tokens(slow, path)
    merged = {t: found.get(t, fast_tokens.get(t, (None, "-"))) for t in TOKENS}
    has_prefix = re.search(r"self\.add_prefix_space = ", inspect.getsource(slow)) is not None
    prefix = c_bool(d.get("add_prefix_space", False)) if has_prefix else "true"
    legacy = c_bool(slow.__name__ != "SeamlessM4TTokenizer")
    return (f'SLOW_CLASS("{name.removesuffix("Fast")}", {c_bool(d.get("do_lower_case"))}, '
            f'{c_bool(d.get("keep_accents"))}, {c_bool(has_prefix)}, {prefix}, {legacy}, '
            f'{c_bool(d.get("clean_up_tokenization_spaces"))}, {d.get("model_max_length") or 0}, '
            f'{token_fields(merged)})', extra)


def rows(name, cls, path):
    d, text = defaults(cls), source(cls)
    names = cls.model_input_names
    found, extra = tokens(cls, path)
    fields = [c_string(name.removesuffix("Fast")), kind(name.removesuffix("TokenizerFast"), text),
              c_bool("token_type_ids" in names), c_bool("attention_mask" in names),
              "LEFT" if cls.padding_side == "left" else "RIGHT", c_bool(d.get("do_lower_case")),
              c_bool(d.get("add_prefix_space")), c_bool(d.get("trim_offsets")), c_bool(d.get("add_bos_token")),
              c_bool('kwargs["from_slow"] = True' in text), c_bool('replace(b\'"add_prefix_space"' in text)]
    fast = f"TOKENIZER_CLASS({', '.join(fields)}, {token_fields(found)})"
    return fast, slow_row(name, cls, found, path), extra


def slow_only_rows(name, path):
    folder_name, kind_name = SLOW_ONLY[name]
    module = f"transformers.models.{folder_name}.tokenization_{folder_name.rpartition('.')[2]}"
    cls = getattr(importlib.import_module(module), name)
    d = defaults(cls)
    names = cls.model_input_names
    found, _ = tokens(cls, path)
    fast = (f'TOKENIZER_CLASS("{name}", {kind_name}, {c_bool("token_type_ids" in names)}, '
            f'{c_bool("attention_mask" in names)}, RIGHT, false, false, false, false, false, false, {token_fields(found)})')
    slow = (f'SLOW_CLASS("{name}", false, false, false, true, true, {c_bool(d.get("clean_up_tokenization_spaces"))}, '
            f'{d.get("model_max_length") or 0}, '
            f'{token_fields(found)})')
    return fast, slow


def main():
    found, path = classes(), folder()
    capture(PreTrainedTokenizerFast)
    capture(PreTrainedTokenizer)
    print(f"/* Generated by tools/golden/make_tokenizer_classes.py from transformers {transformers.__version__}. "
          "Do not edit.\n *\n"
          " * TOKENIZER_CLASS: class without \"Fast\"; how it changes the parts of tokenizer.json; whether it returns\n"
          " * token_type_ids, attention_mask; padding side; defaults of do_lower_case, add_prefix_space, trim_offsets,\n"
          " * add_bos_token; whether add_prefix_space makes it start from the vocabulary file, and whether it goes into\n"
          " * nested parts; for the bos, eos, unk, sep, pad, cls and mask token, what a plain string becomes (a digit, the\n"
          " * sum of 1 lstrip, 2 normalized, 4 special, 8 normalized unless special, 16 rstrip; '.': it stays one; '-': too,\n"
          " * the class does not name it); default of each.\n"
          " * SLOW_CLASS: the same class where it starts from a vocabulary file: do_lower_case, keep_accents, whether it\n"
          " * knows add_prefix_space, add_prefix_space, legacy, clean_up_tokenization_spaces, model_max_length (0: none);\n"
          " * tokens as above.\n"
          " * EXTRA_TOKENS: what additional_special_tokens become, and the class's own.\n"
          " * MODEL_TYPE: the class of each model_type. */")
    print("/* clang-format off */")
    slow_rows, extra_rows = [], []
    for name in sorted([*found, *SLOW_ONLY]):
        if name in SLOW_ONLY:
            fast, slow = slow_only_rows(name, path)
            print(fast)
            slow_rows.append(slow)
            short = name.removesuffix("Tokenizer")
            extra_rows += [f'EXTRA_TOKENS("{name}", {EXTRA_MODES[short]}, NULL)'] if short in EXTRA_MODES else []
            continue
        fast, slow, extra = rows(name, found[name], path)
        print(fast)
        slow_rows += [slow[0]] if slow else []
        if slow and slow[1] and not extra:
            extra_rows.append(f'EXTRA_TOKENS("{name.removesuffix("Fast")}", SLOW, {", ".join(map(c_string, slow[1]))})')
        if extra:
            short = name.removesuffix("TokenizerFast")
            listed = ", ".join(c_string(t) for t in extra)
            if EXTRA_MODES[short] in ("SENTINELS", "BYTE_SENTINELS", "PEGASUS", "INFILL", "QUESTION"):
                listed = "NULL"  # Made of settings.
            extra_rows.append(f'EXTRA_TOKENS("{short}Tokenizer", {EXTRA_MODES[short]}, {listed})')
    print("\n".join(slow_rows + extra_rows))
    for model_type, (slow, fast) in sorted(TOKENIZER_MAPPING_NAMES.items()):
        is_other = slow and f"{slow}Fast" not in found and slow != "TapasTokenizer"  # TAPAS has a tokenizer of its own.
        if fast or is_other or slow in TWO:
            print(f'MODEL_TYPE("{model_type}", "{(fast or slow).removesuffix("Fast")}")')


if __name__ == "__main__":
    main()
