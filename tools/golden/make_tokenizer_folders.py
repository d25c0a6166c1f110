#!/usr/bin/env python3
"""Writes tests/data/tokenizers-convert: folders as models have them, and the tokenizers that transformers makes of them.

    python make_tokenizer_folders.py [--seed N] [--random N] [--out DIR]
    (transformers==4.55.4 tokenizers==0.21.4 sentencepiece protobuf tiktoken sacremoses mistral-common==1.5.4)

`files/` holds small vocabularies that are trained here, `cases.jsonl` one folder a line; README.md says what is in it.
"""
import argparse
import base64
import io
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile

os.environ["TRANSFORMERS_VERBOSITY"] = "critical"
import sentencepiece  # noqa: E402
import transformers.utils.import_utils as import_utils  # noqa: E402

import_utils._mistral_common_available = False  # Its tokenizers are no fast ones.
import transformers.tokenization_utils_fast as fast_module  # noqa: E402
from transformers import AutoTokenizer, PreTrainedTokenizerFast  # noqa: E402
from transformers.convert_slow_tokenizer import SLOW_TO_FAST_CONVERTERS, bytes_to_unicode  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
TOKENS = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"]

CORPUS = """the quick brown fox jumps over the lazy dog , and the dog did not care at all .
we hold these truths to be self evident : that all men are created equal .
it is a truth universally acknowledged , that a single man in possession of 1,000 pounds must be in want of a wife .
call me ishmael . some years ago , never mind how long precisely , i went to sea in 1851 .
in the beginning the universe was created ; this has made a lot of people very angry .
das ist ein kleiner test mit umlauten : schöne grüße aus köln , naïve café déjà vu .
Мир труд май . 日本語 の テキスト です . 中文 文本 也 有 一些 .
don't can't won't it's we're they've i'm he'd she'll  'tis "quoted" ``text'' (brackets) [more]
numbers 12345 3.14 1,234,567 2024 10% $5.00 snake_case CamelCase UPPER lower""".split("\n")

TEXTS = ["", "hello", "The quick brown fox jumps over the lazy dog.", "  leading and  double   spaces ", "it's don't I'M we'll",
         "naïve café déjà vu Ünïcödé", "Ｆｕｌｌｗｉｄｔｈ ﬁ ① ½", "日本語のテキスト 中文", "1,234,567 in 2024, 3.14", "a\tb\nc\r\nd",
         "emoji 😀👍🏽 ok", "``quoted'' text", "[CLS] x [MASK] y</s>", "<mask> <extra_id_0> <s>a</s> <unk>", "▁lower▁line _x_",
         "\u200b\u00ad\u0301x\ufffd", "<|endoftext|> x<|new|>y <new> NEW", "en_XX de_DE eng_Latn __eng__", "UPPER lower MiXed",
         "<start_of_turn>user\n\thi<end_of_turn>", "a" * 40, "!!! ??? ... ---"]
PAIRS = [("hello world", "the lazy dog"), ("", "x"), ("a b", "")]


# -- vocabularies -----------------------------------------------------------------------------------------

def train_spm(path, kind, size, **options):
    model = io.BytesIO()
    options = {"character_coverage": 1.0, "hard_vocab_limit": False, "minloglevel": 2, "num_threads": 1,
               "normalization_rule_name": "identity", **options}
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(CORPUS * 3), model_writer=model, model_type=kind,
                                             vocab_size=size, **options)
    path.write_bytes(model.getvalue())


def edit_spm(path, source, edit):
    from sentencepiece import sentencepiece_model_pb2
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(source.read_bytes())
    edit(proto)
    path.write_bytes(proto.SerializeToString())


def make_spm(files):
    rules = files / "rules.tsv"
    rules.write_text("".join("%s\t%s\n" % (" ".join("%X" % ord(c) for c in a), " ".join("%X" % ord(c) for c in b))
                             for a, b in [("ﬁ", "fi"), ("①", "1"), ("½", "1/2"), ("\t", " "), ("\n", " "), ("\r", " "),
                                          ("\u200b", ""), ("Ｆ", "F"), ("ｕ", "u"), ("ｌ", "l"), ("e\u0301", "\u00e9")]))
    tsv = {"normalization_rule_tsv": str(rules), "normalization_rule_name": "user_defined"}
    albert = {"control_symbols": ["[CLS]", "[SEP]", "[MASK]"], "pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1}
    train_spm(files / "albert.model", "unigram", 300, pad_piece="<pad>", **albert, **tsv)
    train_spm(files / "deberta.model", "unigram", 300, pad_id=0, pad_piece="[PAD]", bos_id=1, bos_piece="[CLS]", eos_id=2,
              eos_piece="[SEP]", unk_id=3, unk_piece="[UNK]", **tsv)
    train_spm(files / "xlmr.model", "unigram", 320, **tsv)
    train_spm(files / "xlnet.model", "unigram", 300,
              control_symbols=["<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"], **tsv)
    train_spm(files / "bigbird.model", "bpe", 330, pad_id=0, eos_id=1, bos_id=2, unk_id=3,
              control_symbols=["[CLS]", "[SEP]", "[MASK]"])
    train_spm(files / "t5.model", "unigram", 320, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, **tsv)
    train_spm(files / "pegasus.model", "unigram", 320, pad_id=0, eos_id=1, unk_id=2, bos_id=-1)
    train_spm(files / "llama.model", "bpe", 600, byte_fallback=True, user_defined_symbols=["<new>", "  "])
    train_spm(files / "gemma.model", "bpe", 620, byte_fallback=True, pad_id=0, eos_id=1, bos_id=2, unk_id=3, bos_piece="<bos>",
              eos_piece="<eos>", user_defined_symbols=["<start_of_turn>", "<end_of_turn>", "\n"], add_dummy_prefix=False,
              allow_whitespace_only_pieces=True)
    train_spm(files / "unigram-bytes.model", "unigram", 620, byte_fallback=True, remove_extra_whitespaces=False)
    train_spm(files / "nmt-nfkc.model", "unigram", 200, normalization_rule_name="nmt_nfkc")
    train_spm(files / "word.model", "word", 100)

    def drop(proto):
        proto.trainer_spec.ClearField("input")
        for piece in proto.pieces:
            piece.score = round(piece.score, 2)  # Equal scores: the order of merges among them.
    edit_spm(files / "llama-ties.model", files / "llama.model", drop)
    edit_spm(files / "llama-no-unk.model", files / "llama.model", lambda p: setattr(p.pieces[0], "type", 1))
    edit_spm(files / "llama-twice.model", files / "llama.model", lambda p: setattr(p.pieces[400], "piece", p.pieces[401].piece))
    edit_spm(files / "t5-other-type.model", files / "t5.model", lambda p: setattr(p.pieces[10], "type", 5))
    rules.unlink()


def words(n):
    seen = {}
    for line in CORPUS:
        for word in line.split():
            seen[word] = seen.get(word, 0) + 1
    return sorted(seen, key=lambda w: (-seen[w], w))[:n]


def make_vocab_txt(files, name, specials, newline="\n"):
    letters = sorted({c for line in CORPUS for c in line.lower() if c != " "})
    pieces = [w.lower() for w in words(60)] + letters + ["##" + c for c in letters] + ["##ing", "##ed", "##s", "The", "É"]
    vocab = specials + list(dict.fromkeys(p for p in pieces if p not in specials))
    (files / name).write_text(newline.join(vocab) + newline, encoding="utf-8", newline="")


def train_bpe(n, start, alphabet):
    """A plain trainer of merges over words that are lists of symbols."""
    counts = {}
    for line in CORPUS:
        for word in start(line):
            counts[tuple(word)] = counts.get(tuple(word), 0) + 1
    merges = []
    while len(merges) < n:
        pairs = {}
        for word, k in counts.items():
            for pair in zip(word, word[1:]):
                pairs[pair] = pairs.get(pair, 0) + k
        if not pairs:
            break
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        new = {}
        for word, k in counts.items():
            out = []
            for symbol in word:
                if out and (out[-1], symbol) == best:
                    out[-1] += symbol
                else:
                    out.append(symbol)
            new[tuple(out)] = new.get(tuple(out), 0) + k
        counts = new
    symbols = list(dict.fromkeys(alphabet + [s for line in CORPUS for w in start(line) for s in w]))
    return symbols + list(dict.fromkeys(a + b for a, b in merges if a + b not in symbols)), merges


def make_bpe(files):
    to_char = bytes_to_unicode()

    def byte_words(line):
        return [[to_char[b] for b in (" " * (i > 0) + w).encode()] for i, w in enumerate(line.split())]

    def end_words(line):
        return [list(w[:-1]) + [w[-1] + "</w>"] for w in line.lower().split()]

    def byte_end_words(line):
        return [[to_char[b] for b in w.encode()[:-1]] + [to_char[w.encode()[-1]] + "</w>"] for w in line.lower().split()]

    bytes_ = [to_char[b] for b in range(256)]

    def write(name, vocab, merges, header="#version: 0.2\n", end="\n", newline="\n", specials=(), first=()):
        ids = {t: i for i, t in enumerate(list(first) + [v for v in vocab if v not in first] + list(specials))}
        (files / f"{name}.json").write_text(json.dumps(ids, ensure_ascii=False), encoding="utf-8")
        text = header + "\n".join(f"{a} {b}" for a, b in merges) + end
        (files / f"{name}.txt").write_text(text.replace("\n", newline), encoding="utf-8", newline="")

    vocab, merges = train_bpe(150, byte_words, bytes_)
    write("gpt2", vocab, merges, specials=["<|endoftext|>"])
    write("gpt2-no-end", vocab, merges, end="", newline="\r\n", specials=["<|endoftext|>"])
    write("gpt2-twice", vocab, merges[:50] + merges[10:20] + merges[50:], specials=["<|endoftext|>"])
    write("roberta", vocab, merges, first=["<s>", "<pad>", "</s>", "<unk>"], specials=["<mask>"])
    write("deberta", vocab, merges, first=["[CLS]", "[PAD]", "[SEP]", "[UNK]"], specials=["[MASK]"])
    write("qwen2", vocab, merges, header="#version: 0.2\n\n")
    write("whisper", vocab, merges, specials=["<|endoftext|>"])
    vocab, merges = train_bpe(150, byte_end_words, bytes_ + [b + "</w>" for b in bytes_])
    write("clip", vocab, merges, specials=["<|startoftext|>", "<|endoftext|>"])
    vocab, merges = train_bpe(150, end_words, [])
    write("openai", vocab, merges, first=["<unk>"])
    write("herbert", vocab, merges, header="#version: 0.2\n", first=["<s>", "<pad>", "</s>", "<unk>"], specials=["<mask>"])
    write("herbert-plain", vocab, merges, header="",
          first=["<s>", "<pad>", "</s>", "<unk>"], specials=["<mask>"])


def make_tiktoken(files):
    ranks = [bytes([b]) for b in range(256)]
    known = set(ranks)
    for line in CORPUS:
        for word in line.split():
            raw = b" " + word.encode()
            for end in range(2, len(raw) + 1):
                if raw[:end] not in known:
                    known.add(raw[:end])
                    ranks.append(raw[:end])
    ranks = ranks[:420]
    text = "".join("%s %d\n" % (base64.b64encode(t).decode(), i) for i, t in enumerate(ranks))
    (files / "plain.tiktoken").write_text(text)
    tekken = {"config": {"pattern": r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
                         "num_vocab_tokens": 420, "default_vocab_size": 400, "default_num_special_tokens": 24,
                         "version": "v3"},
              "vocab": [{"rank": i, "token_bytes": base64.b64encode(t).decode(), "token_str": None}
                        for i, t in enumerate(ranks)]}
    (files / "tekken.json").write_text(json.dumps(tekken))


def make_files(files):
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir(parents=True)
    make_spm(files)
    bert = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    make_vocab_txt(files, "bert.txt", bert)
    make_vocab_txt(files, "bert-crlf.txt", bert + ["", "dup", "dup"], "\r\n")
    make_vocab_txt(files, "bert-no-specials.txt", ["[PAD]", "[UNK]"])
    make_vocab_txt(files, "splinter.txt", bert + ["[QUESTION]", "."])
    make_vocab_txt(files, "funnel.txt", ["<pad>", "<unk>", "<cls>", "<sep>", "<mask>", "<s>", "</s>"])
    make_vocab_txt(files, "mpnet.txt", ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"])
    make_bpe(files)
    make_tiktoken(files)


# -- the reference ----------------------------------------------------------------------------------------

converted = []
convert = fast_module.convert_slow_tokenizer


def converting(*args, **kwargs):
    tokenizer = convert(*args, **kwargs)
    converted.append(json.loads(tokenizer.to_str()))
    return tokenizer


fast_module.convert_slow_tokenizer = converting


def write_folder(folder, spec, files):
    for name, content in spec.items():
        if isinstance(content, str):
            shutil.copyfile(files / content, folder / name)
        else:
            (folder / name).write_text(json.dumps(content), encoding="utf-8")


def load_tekken(path):
    """convert_tekken_tokenizer() with the pattern of the file, which the model's own tokenizer has, too."""
    import transformers.integrations.mistral as mistral
    pattern = json.loads(path.read_text())["config"]["pattern"]
    original = mistral.MistralConverter

    class Converter(original):
        def __init__(self, **kwargs):
            super().__init__(pattern=pattern, **kwargs)

        def converted(self):
            tokenizer = super().converted()
            converted.append(json.loads(tokenizer.to_str()))
            return tokenizer

    mistral.MistralConverter = Converter
    try:
        return mistral.convert_tekken_tokenizer(str(path))
    finally:
        mistral.MistralConverter = original


def load_encoding(folder, name):
    """As integrations/tiktoken.py convert_tiktoken_to_fast(), from a file in place of a download."""
    import tiktoken_ext.openai_public as encodings
    from transformers.convert_slow_tokenizer import TikTokenConverter
    encodings.load_tiktoken_bpe = lambda *args, **kwargs: {}
    encoding = getattr(encodings, name.removesuffix(".tiktoken"))()
    tokenizer = TikTokenConverter(vocab_file=str(folder / name), pattern=encoding["pat_str"],
                                  additional_special_tokens=encoding["special_tokens"]).converted()
    converted.append(json.loads(tokenizer.to_str()))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def load(folder, spec):
    for name in spec:
        if name.endswith(".tiktoken"):
            return load_encoding(folder, name)
    if "tekken.json" in spec:
        return load_tekken(folder / "tekken.json")
    return AutoTokenizer.from_pretrained(str(folder))


def encodings(tokenizer, seed):
    """Of some texts and a pair: `in` is the index among TEXTS and then PAIRS."""
    backend, out, r = tokenizer.backend_tokenizer, [], random.Random(seed)
    backend.no_padding()
    backend.no_truncation()
    for i in sorted(r.sample(range(len(TEXTS)), 6)) + [len(TEXTS) + r.randrange(len(PAIRS))]:
        try:
            e = backend.encode(TEXTS[i]) if i < len(TEXTS) else backend.encode(*PAIRS[i - len(TEXTS)])
        except Exception as e:
            out.append({"in": i, "error": str(e)[:100]})
            continue
        out.append({"in": i, "ids": e.ids, "offsets": [x for o in e.offsets for x in o],
                    "decode": backend.decode(e.ids, skip_special_tokens=False)})
        if any(e.type_ids):
            out[-1]["types"] = e.type_ids
    return out


def describe(tokenizer, seed):
    backend = tokenizer.backend_tokenizer
    state = json.loads(backend.to_str())
    special = {t: [str(tokenizer._special_tokens_map[t]), backend.token_to_id(str(tokenizer._special_tokens_map[t]))]
               for t in TOKENS if tokenizer._special_tokens_map.get(t) is not None}
    return {"added_tokens": state["added_tokens"], "post_processor": state["post_processor"],
            "normalizer": state["normalizer"], "pre_tokenizer": state["pre_tokenizer"], "special": special,
            "max_length": tokenizer.model_max_length if tokenizer.model_max_length < 1e18 else None,
            "padding_side": tokenizer.padding_side, "truncation_side": tokenizer.truncation_side,
            "clean_up": tokenizer.clean_up_tokenization_spaces, "inputs": sorted(tokenizer.model_input_names),
            "encodings": encodings(tokenizer, seed)}


def without_charsmap(value):
    """A long base64 text becomes its length and digest: the same map stands in the model already."""
    if isinstance(value, dict):
        return {k: ("%d:%s" % (len(v), fnv(v)) if k == "precompiled_charsmap" and isinstance(v, str)
                    else without_charsmap(v)) for k, v in value.items()}
    return [without_charsmap(v) for v in value] if isinstance(value, list) else value


def fnv(text):
    digest = 0xcbf29ce484222325
    for byte in text.encode():
        digest = (digest ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return "%016x" % digest


def run(name, spec, files, keep_document):
    case = {"name": name, "files": spec}
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp) / "folder"
        folder.mkdir()
        write_folder(folder, spec, files)
        converted.clear()
        try:
            tokenizer = load(folder, spec)
            if not isinstance(tokenizer, PreTrainedTokenizerFast):
                raise TypeError("not a fast tokenizer")
            case.update(describe(tokenizer, name))
            if converted and keep_document:
                case["document"] = without_charsmap(converted[-1])
        except BaseException as e:  # The Rust side panics with a BaseException.
            if isinstance(e, KeyboardInterrupt):
                raise
            case = {"name": name, "files": spec, "error": f"{type(e).__name__}: {str(e)[:150]}"}
    return case


# -- cases ------------------------------------------------------------------------------------------------

def bpe(name):
    return {"vocab.json": f"{name}.json", "merges.txt": f"{name}.txt"}


# Of each class: its files.
FAMILIES = {
    "AlbertTokenizer": {"spiece.model": "albert.model"}, "BartTokenizer": bpe("roberta"),
    "BarthezTokenizer": {"sentencepiece.bpe.model": "xlmr.model"}, "BertTokenizer": {"vocab.txt": "bert.txt"},
    "BigBirdTokenizer": {"spiece.model": "bigbird.model"}, "BlenderbotTokenizer": bpe("roberta"),
    "CamembertTokenizer": {"sentencepiece.bpe.model": "xlmr.model"}, "CLIPTokenizer": bpe("clip"),
    "CodeGenTokenizer": bpe("gpt2"), "ConvBertTokenizer": {"vocab.txt": "bert.txt"}, "DebertaTokenizer": bpe("deberta"),
    "DebertaV2Tokenizer": {"spm.model": "deberta.model"}, "DistilBertTokenizer": {"vocab.txt": "bert.txt"},
    "DPRReaderTokenizer": {"vocab.txt": "bert.txt"}, "DPRQuestionEncoderTokenizer": {"vocab.txt": "bert.txt"},
    "DPRContextEncoderTokenizer": {"vocab.txt": "bert.txt"}, "ElectraTokenizer": {"vocab.txt": "bert.txt"},
    "FNetTokenizer": {"spiece.model": "albert.model"}, "FunnelTokenizer": {"vocab.txt": "funnel.txt"},
    "GPT2Tokenizer": bpe("gpt2"), "HerbertTokenizer": bpe("herbert"), "LayoutLMTokenizer": {"vocab.txt": "bert.txt"},
    "LayoutLMv2Tokenizer": {"vocab.txt": "bert.txt"}, "LayoutLMv3Tokenizer": bpe("roberta"),
    "LayoutXLMTokenizer": {"sentencepiece.bpe.model": "xlmr.model"}, "LongformerTokenizer": bpe("roberta"),
    "LEDTokenizer": bpe("roberta"), "LxmertTokenizer": {"vocab.txt": "bert.txt"},
    "MBartTokenizer": {"sentencepiece.bpe.model": "xlmr.model"}, "MBart50Tokenizer": {"sentencepiece.bpe.model": "xlmr.model"},
    "MPNetTokenizer": {"vocab.txt": "mpnet.txt"}, "MobileBertTokenizer": {"vocab.txt": "bert.txt"},
    "MvpTokenizer": bpe("roberta"), "NllbTokenizer": {"sentencepiece.bpe.model": "xlmr.model"},
    "OpenAIGPTTokenizer": bpe("openai"), "PegasusTokenizer": {"spiece.model": "pegasus.model"},
    "Qwen2Tokenizer": bpe("qwen2"), "ReformerTokenizer": {"spiece.model": "t5.model"},
    "RealmTokenizer": {"vocab.txt": "bert.txt"}, "RetriBertTokenizer": {"vocab.txt": "bert.txt"},
    "RemBertTokenizer": {"sentencepiece.model": "albert.model"}, "RobertaTokenizer": bpe("roberta"),
    "SeamlessM4TTokenizer": {"sentencepiece.bpe.model": "xlmr.model"}, "SqueezeBertTokenizer": {"vocab.txt": "bert.txt"},
    "T5Tokenizer": {"spiece.model": "t5.model"}, "MT5Tokenizer": {"spiece.model": "t5.model"},
    "UdopTokenizer": {"spiece.model": "t5.model"}, "WhisperTokenizer": bpe("whisper"),
    "XLMRobertaTokenizer": {"sentencepiece.bpe.model": "xlmr.model"}, "XLNetTokenizer": {"spiece.model": "xlnet.model"},
    "SplinterTokenizer": {"vocab.txt": "splinter.txt"}, "XGLMTokenizer": {"sentencepiece.bpe.model": "xlmr.model"},
    "LlamaTokenizer": {"tokenizer.model": "llama.model"}, "CodeLlamaTokenizer": {"tokenizer.model": "llama.model"},
    "GemmaTokenizer": {"tokenizer.model": "gemma.model"},
}
MISSING = ["PreTrainedTokenizer", "GPTNeoXTokenizer", "BloomTokenizer", "CohereTokenizer", "NougatTokenizer"]

WHISPER_ADDED = {t: 1000 + i for i, t in enumerate(
    ["<|startoftranscript|>", "<|en|>", "<|zh|>", "<|de|>", "<|translate|>", "<|transcribe|>", "<|notimestamps|>", "<|0.00|>"])}


def added(content, **flags):
    return {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True,
            **flags}


def token(content, **flags):
    return {"__type": "AddedToken", **added(content, **flags)}


def special_cases():
    """(name, class, config, files beside the class's or in place of them)"""
    yield "bert-cased", "BertTokenizer", {"do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False}, {}
    yield "bert-not-basic", "BertTokenizer", {"do_basic_tokenize": False, "do_lower_case": False}, {}
    yield "bert-crlf", "BertTokenizer", {}, {"vocab.txt": "bert-crlf.txt"}
    yield "bert-no-specials", "BertTokenizer", {"pad_token": "[PAD]", "cls_token": "<c>"}, {"vocab.txt": "bert-no-specials.txt"}
    yield "bert-model-type", None, {"model_max_length": 77}, {"vocab.txt": "bert.txt", "config.json": {"model_type": "bert"}}
    yield "bert-config-class", None, None, {"vocab.txt": "bert.txt", "config.json": {
        "model_type": "roberta", "tokenizer_class": "BertTokenizer"}}
    yield "bert-decoder", "BertTokenizer", {"added_tokens_decoder": {"0": added("[PAD]"), "3": added("[SEP]", lstrip=True), "900": added(
        "<new>", special=False, normalized=True)}}, {}
    yield "bert-added-json", "BertTokenizer", {}, {"added_tokens.json": {"<new>": 900, "NEW": 901, "[MASK]": 4},
                                                   "special_tokens_map.json": {"sep_token": "[SEP]", "cls_token": added("[CLS]"), "additional_special_tokens": ["<x>", added("<y>", rstrip=True)]}}
    yield "bert-additional-unsaid", "BertTokenizer", {"additional_special_tokens": [
        {"__type": "AddedToken", "content": "NEW", "lstrip": False, "rstrip": False, "special": False}]}, {}
    yield "layoutlmv2-cased", "LayoutLMv2Tokenizer", {"do_lower_case": False, "do_basic_tokenize": False}, {}
    yield "splinter-left", "SplinterTokenizer", {"padding_side": "left", "question_token": "[Q]"}, {}
    yield "gpt2-no-end", "GPT2Tokenizer", {}, bpe("gpt2-no-end")
    yield "gpt2-twice", "GPT2Tokenizer", {"add_prefix_space": True}, bpe("gpt2-twice")
    yield "gpt2-bos", "GPT2Tokenizer", {"add_bos_token": True, "bos_token": token("<|new|>", normalized=True)}, {}
    yield "gpt2-null", "GPT2Tokenizer", {"bos_token": None, "pad_token": "<pad>"}, {}
    yield "gpt-neo", None, None, {**bpe("gpt2"), "config.json": {"model_type": "gpt_neo"}}
    yield "roberta-prefix", "RobertaTokenizer", {"add_prefix_space": True, "trim_offsets": False}, {}
    yield "roberta-tokens", "RobertaTokenizer", {"mask_token": token("<mask>", lstrip=True), "cls_token": "<c>"}, {}
    yield "bart-mask", "BartTokenizer", {"mask_token": "<m>", "additional_special_tokens": ["<new>"]}, {}
    yield "herbert-plain", "HerbertTokenizer", {}, bpe("herbert-plain")
    yield "qwen2-chat", "Qwen2Tokenizer", {"additional_special_tokens": ["<|im_start|>"], "added_tokens_decoder": {
        "1000": added("<|endoftext|>"), "1001": added("<|im_start|>")}, "add_prefix_space": False}, {}
    yield "whisper-added", "WhisperTokenizer", {}, {"added_tokens.json": WHISPER_ADDED}
    yield "whisper-german", "WhisperTokenizer", {"language": "German", "task": "translate", "predict_timestamps": True}, {
        "added_tokens.json": WHISPER_ADDED}
    yield "whisper-wrong", "WhisperTokenizer", {"language": "Klingon"}, {"added_tokens.json": WHISPER_ADDED}
    yield "markuplm", "MarkupLMTokenizer", {"tags_dict": {"a": 0}}, bpe("roberta")
    yield "albert-accents", "AlbertTokenizer", {"keep_accents": True, "do_lower_case": False}, {}
    yield "albert-nfkc", "AlbertTokenizer", {}, {"spiece.model": "nmt-nfkc.model"}
    yield "rembert-lower", "RemBertTokenizer", {"do_lower_case": True, "keep_accents": False}, {}
    yield "deberta-punct", "DebertaV2Tokenizer", {"split_by_punct": True, "do_lower_case": True}, {}
    yield "deberta-nfkc", "DebertaV2Tokenizer", {}, {"spm.model": "nmt-nfkc.model"}
    yield "camembert-null", "CamembertTokenizer", {"additional_special_tokens": None, "pad_token": "<p>"}, {}
    yield "camembert-decoder", "CamembertTokenizer", {"added_tokens_decoder": {"900": added("<new>")}}, {}
    yield "xlmr-nfkc", "XLMRobertaTokenizer", {}, {"sentencepiece.bpe.model": "nmt-nfkc.model"}
    yield "xlmr-added", "XLMRobertaTokenizer", {}, {"added_tokens.json": {"<new>": 900, "</s>": 2}}
    yield "mbart-lang", "MBartTokenizer", {"src_lang": "de_DE", "additional_special_tokens": ["<new>", "en_XX"]}, {}
    yield "mbart50-lang", "MBart50Tokenizer", {"src_lang": "fr_XX", "additional_special_tokens": ["<new>"]}, {}
    yield "mbart50-wrong", "MBart50Tokenizer", {"src_lang": "xx_XX"}, {}
    yield "nllb-legacy", "NllbTokenizer", {"src_lang": "deu_Latn", "legacy_behaviour": True}, {}
    yield "nllb-given", "NllbTokenizer", {"additional_special_tokens": ["fra_Latn", "eng_Latn"]}, {}
    yield "seamless-lang", "SeamlessM4TTokenizer", {"src_lang": "deu", "tgt_lang": "__eng__", "additional_special_tokens": [
        "__deu__", "__eng__"]}, {}
    yield "seamless-prefix", "SeamlessM4TTokenizer", {"add_prefix_space": False, "additional_special_tokens": ["__eng__", "__fra__"]}, {}
    yield "t5-extra", "T5Tokenizer", {"extra_ids": 3}, {}
    yield "t5-given", "T5Tokenizer", {"extra_ids": 2, "additional_special_tokens": ["<x>"]}, {}
    yield "t5-listed", "T5Tokenizer", {"extra_ids": 2, "additional_special_tokens": ["<extra_id_0>", "<extra_id_1>"], "added_tokens_decoder": {
        "320": added("<extra_id_1>", lstrip=True, rstrip=True), "321": added("<extra_id_0>", lstrip=True, rstrip=True)}}, {}
    yield "t5-conflict", "T5Tokenizer", {"extra_ids": 5, "additional_special_tokens": ["<extra_id_0>"]}, {}
    yield "t5-late", "T5Tokenizer", {"additional_special_tokens": ["<x>"], "eos_token": "<e>"}, {}
    yield "t5-new", "T5Tokenizer", {"legacy": False}, {}
    yield "t5-prefix", "T5Tokenizer", {"add_prefix_space": False}, {}
    yield "t5-null-prefix", "T5Tokenizer", {"add_prefix_space": None}, {}
    yield "t5-nfkc", "T5Tokenizer", {}, {"spiece.model": "nmt-nfkc.model"}
    yield "t5-word", "T5Tokenizer", {}, {"spiece.model": "word.model"}
    yield "t5-other-type", "T5Tokenizer", {}, {"spiece.model": "t5-other-type.model"}
    yield "t5-bytes", "T5Tokenizer", {}, {"spiece.model": "unigram-bytes.model"}
    yield "pegasus-offset", "PegasusTokenizer", {"offset": 10}, {}
    yield "pegasus-given", "PegasusTokenizer", {"additional_special_tokens": ["<a>", "<b>"], "offset": 8}, {}
    yield "pegasus-no-sent", "PegasusTokenizer", {"mask_token_sent": None, "mask_token": "<mask>", "offset": 0}, {}
    yield "llama-new", "LlamaTokenizer", {"legacy": False, "add_eos_token": True}, {}
    yield "llama-prefix", "LlamaTokenizer", {"add_prefix_space": False, "add_bos_token": False}, {}
    yield "llama-prefix-new", "LlamaTokenizer", {"add_prefix_space": True, "legacy": False}, {}
    yield "llama-null-prefix", "LlamaTokenizer", {"add_prefix_space": None}, {}
    yield "llama-ties", "LlamaTokenizer", {}, {"tokenizer.model": "llama-ties.model"}
    yield "llama-no-unk", "LlamaTokenizer", {}, {"tokenizer.model": "llama-no-unk.model"}
    yield "llama-twice", "LlamaTokenizer", {}, {"tokenizer.model": "llama-twice.model"}
    yield "llama-unigram", "LlamaTokenizer", {}, {"tokenizer.model": "unigram-bytes.model"}
    yield "llama-decoder", "LlamaTokenizer", {"added_tokens_decoder": {"0": added("<unk>"), "1": added("<s>"), "2": added(
        "</s>"), "900": added("<|new|>", special=False)}, "pad_token": "</s>"}, {}
    yield "llama-no-bos", "LlamaTokenizer", {"bos_token": None}, {}
    yield "llama-other-names", "LlamaTokenizer", {"bos_token": "<b>", "eos_token": token("<e>"), "unk_token": "<u>"}, {}
    yield "code-llama-infill", "CodeLlamaTokenizer", {"suffix_token": None, "additional_special_tokens": ["<x>"]}, {}
    yield "gemma-names", "GemmaTokenizer", {"pad_token": "<p>", "add_eos_token": True}, {}
    yield "gemma-llama", "GemmaTokenizer", {}, {"tokenizer.model": "llama.model"}
    yield "tiktoken", None, {"tokenizer_class": "PreTrainedTokenizerFast", "additional_special_tokens": ["<|a|>", "<|b|>"]}, {
        "tokenizer.model": "plain.tiktoken"}
    yield "tiktoken-llama", None, {"tokenizer_class": "LlamaTokenizer", "bos_token": "<|a|>"}, {"tokenizer.model": "plain.tiktoken"}
    yield "tiktoken-map", None, {"tokenizer_class": "LlamaTokenizer"}, {"tokenizer.model": "plain.tiktoken", "special_tokens_map.json": {
        "bos_token": "<|b|>", "eos_token": "<|c|>", "additional_special_tokens": ["<|a|>", "<|b|>"]}}
    for name in ("r50k_base", "p50k_base", "cl100k_base", "o200k_base"):
        yield f"encoding-{name}", None, None, {f"{name}.tiktoken": "plain.tiktoken"}
    yield "tekken", None, {}, {"tekken.json": "tekken.json"}
    yield "no-files", "BertTokenizer", {}, {"vocab.txt": None}
    yield "no-merges", "GPT2Tokenizer", {}, {"merges.txt": None}
    for name in MISSING:
        yield f"unconvertible-{name}", name, {}, bpe("gpt2")


# Folders that have tokenizer.json and the vocabulary file.
BOTH = [("both-llama", "LlamaTokenizer", {}), ("both-llama-null", "LlamaTokenizer", {"add_prefix_space": None}),
        ("both-llama-slow", "LlamaTokenizer", {"add_prefix_space": False, "pad_token": "<new>"}),
        ("both-llama-slow-decoder", "LlamaTokenizer", {"add_prefix_space": True, "legacy": False, "added_tokens_decoder": {
            "0": added("<unk>"), "1": added("<s>"), "2": added("</s>"), "900": added("<|new|>", special=False)}}),
        ("both-t5-slow", "T5Tokenizer", {"add_prefix_space": False, "extra_ids": 100}),
        ("both-bert", "BertTokenizer", {"do_lower_case": False}), ("both-bert-from-slow", "BertTokenizer", {"from_slow": True, "sep_token": "\n"}),
        ("both-llama-from-slow", "LlamaTokenizer", {"from_slow": True}), ("both-t5-null", "T5Tokenizer", {"tokenizer_file": None}),
        ("both-xlnet-null", "XLNetTokenizer", {"tokenizer_file": None, "cls_token": "<c>", "unk_token": "<u>"}),
        ("both-rembert-null", "RemBertTokenizer", {"tokenizer_file": None})]


def folder_spec(cls, config, extra):
    spec = {**FAMILIES.get(cls, {}), **extra}
    spec = {k: v for k, v in spec.items() if v is not None}
    if config is not None:
        spec["tokenizer_config.json"] = {**({"tokenizer_class": cls} if cls else {}), **config}
    return spec


def save_json(spec, files, name):
    """The tokenizer.json of a folder, among the files."""
    with tempfile.TemporaryDirectory() as tmp:
        folder = pathlib.Path(tmp)
        write_folder(folder, spec, files)
        AutoTokenizer.from_pretrained(str(folder)).backend_tokenizer.save(str(files / name), pretty=False)
    return {"tokenizer.json": name}


def random_token(r, strings):
    content = r.choice(strings)
    if r.random() < 0.6:
        return content
    return token(content, lstrip=r.random() < 0.3, rstrip=r.random() < 0.3, normalized=r.random() < 0.5, special=r.random() < 0.7,
                 single_word=r.random() < 0.2)


STRINGS = ["[CLS]", "[SEP]", "[PAD]", "[UNK]", "[MASK]", "<s>", "</s>", "<pad>", "<unk>", "<mask>", "<new>", "NEW", "the", "x y", "<|endoftext|>",
           "<|new|>", "Hello"]


def random_config(r, cls):
    config = {"tokenizer_class": cls + r.choice(["", "Fast"])}
    for key in TOKENS:
        if r.random() < 0.25:
            config[key] = None if r.random() < 0.15 else random_token(r, STRINGS)
    if r.random() < 0.3:
        config["additional_special_tokens"] = [random_token(r, STRINGS) for _ in range(r.randrange(3))]
    for key in ("do_lower_case", "add_prefix_space", "trim_offsets", "tokenize_chinese_chars", "strip_accents", "add_bos_token",
                "add_eos_token", "keep_accents", "legacy", "split_special_tokens", "clean_up_tokenization_spaces"):
        if r.random() < 0.15:
            config[key] = r.random() < 0.5
    if r.random() < 0.2:
        config["padding_side"] = r.choice(["left", "right"])
    if r.random() < 0.2:
        config["truncation_side"] = r.choice(["left", "right"])
    if r.random() < 0.3:
        config["model_max_length"] = r.choice([12, 512, 1e30, 77.0])
    if r.random() < 0.35:
        config["added_tokens_decoder"] = {
            str(r.choice([0, 1, 2, 3, 4, 5, 900, 901, 902])): added(
                r.choice(STRINGS), lstrip=r.random() < 0.3, rstrip=r.random() < 0.3, normalized=r.random() < 0.5,
                special=r.random() < 0.6) for _ in range(r.randrange(1, 4))}
    if r.random() < 0.1:
        config["extra_special_tokens"] = {"image_token": r.choice(STRINGS)}
    return config


def random_folder(r, jsons):
    cls = r.choice(list(FAMILIES) + ["PreTrainedTokenizer", "GPTNeoXTokenizer", "BloomTokenizer"])
    spec = {"tokenizer_config.json": random_config(r, cls)}
    spec.update(jsons[cls] if cls in jsons and r.random() < 0.7 else FAMILIES.get(cls, jsons.get(cls, {})))
    if cls == "WhisperTokenizer":  # Its template would name two ids alike.
        spec["tokenizer_config.json"].pop("added_tokens_decoder", None)
    if r.random() < 0.25:
        spec["special_tokens_map.json"] = {k: (added(r.choice(STRINGS), lstrip=r.random() < 0.3) if r.random() < 0.4 else r.choice(
            STRINGS)) for k in r.sample(TOKENS, 3)}
        if r.random() < 0.4:
            spec["special_tokens_map.json"]["additional_special_tokens"] = [r.choice(STRINGS), added(r.choice(STRINGS))]
    if r.random() < 0.2:
        spec["added_tokens.json"] = {r.choice(STRINGS): i for i in r.sample([3, 5, 900, 901], 2)}
    return spec


def cases(files, n_random, seed):
    for cls in FAMILIES:
        yield f"default-{cls}", folder_spec(cls, {}, {}), True
    for name, cls, config, extra in special_cases():
        yield name, folder_spec(cls, config, extra), True
    jsons = {cls: save_json(folder_spec(cls, {}, {}), files, f"{cls}.tokenizer.json") for cls in
             ["BertTokenizer", "RobertaTokenizer", "GPT2Tokenizer", "LlamaTokenizer", "T5Tokenizer", "MBartTokenizer",
              "MPNetTokenizer", "XLNetTokenizer", "RemBertTokenizer", "Qwen2Tokenizer", "GemmaTokenizer", "CLIPTokenizer", "NllbTokenizer"]}
    jsons.update({"PreTrainedTokenizer": jsons["GPT2Tokenizer"], "GPTNeoXTokenizer": jsons["GPT2Tokenizer"],
                  "BloomTokenizer": jsons["Qwen2Tokenizer"], "DistilBertTokenizer": jsons["BertTokenizer"],
                  "BartTokenizer": jsons["RobertaTokenizer"], "CodeLlamaTokenizer": jsons["LlamaTokenizer"],
                  "MBart50Tokenizer": jsons["MBartTokenizer"], "BigBirdTokenizer": jsons["RobertaTokenizer"],
                  "LayoutLMv2Tokenizer": jsons["BertTokenizer"], "FNetTokenizer": jsons["XLNetTokenizer"]})
    for cls, spec in jsons.items():
        yield f"json-{cls}", {**spec, "tokenizer_config.json": {"tokenizer_class": cls}}, False
    for name, cls, config in BOTH:
        yield name, {**folder_spec(cls, config, {}), **jsons[cls]}, True
    r = random.Random(seed)
    for i in range(n_random):
        yield f"random-{seed}-{i}", random_folder(r, jsons), False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=HERE.parent.parent / "tests/data/tokenizers-convert", type=pathlib.Path)
    parser.add_argument("--random", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    files = args.out / "files"
    make_files(files)
    n_errors = 0
    with open(args.out / "cases.jsonl", "w", encoding="utf-8") as out:
        out.write(json.dumps({"texts": TEXTS, "pairs": PAIRS}) + "\n")
        for name, spec, keep_document in cases(files, args.random, args.seed):
            case = run(name, spec, files, keep_document)
            n_errors += "error" in case
            if "error" in case and not name.startswith("random"):
                print(name, case["error"], file=sys.stderr)
            out.write(json.dumps(case, separators=(",", ":")) + "\n")
    print(n_errors, "errors", file=sys.stderr)


if __name__ == "__main__":
    main()
