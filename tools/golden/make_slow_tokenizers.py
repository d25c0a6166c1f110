#!/usr/bin/env python3
"""Writes tests/data/tokenizers-slow: folders of classes that transformers runs in Python, and what it makes of texts.

    python make_slow_tokenizers.py [--seed N] [--random N] [--texts N] [--out DIR]
    (transformers==4.55.4 sentencepiece protobuf)

`files/` holds small SentencePiece models that are trained here, `cases.jsonl` one folder a line; README.md says what is in it.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile

os.environ["TRANSFORMERS_VERBOSITY"] = "critical"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from make_tokenizer_folders import CORPUS, edit_spm, train_spm  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

ALPHABET = [" ", "  ", " ", "\t", "\n", "\u00a0", "\u3000", "\u2581", ",", ".", "!", "'", "<", ">", "_", "<<", ">>", "a", "e", "o", "t",
            "the", "dog", "1", "2", "\ufb01", "\u00bd", "\uff26", "e\u0301", "\u00e9", "\u00fc", "\u65e5", "\u672c", "\u041c", "\U0001f600",
            "\u200b", "\u200d", "\u03a3", "\u00df", "\u0149", "\ufffd", "\u00ad", "\x1c", "\x00", ">>de<<", ">>x y<<", "__de__", "__en__", "<s>", "</s>", "<pad>",
            "<unk>", "<new>", "<sp>", "<S>", "z", "zz", "[x]", "<0x41>", "[S1]"]


# -- vocabularies -----------------------------------------------------------------------------------------

def make_models(files):
    rules = files / "rules.tsv"
    table = [("\ufb01", "fi"), ("\u00bd", "1/2"), ("\t", " "), ("\n", " "), ("\u00a0", " "), ("\u3000", "  "), ("\u200b", ""), ("e\u0301", "\u00e9"),
             ("\uff26", "F"), ("ab", "ba"), ("abc", "X y"), ("\u00ad", "")]
    rules.write_text("".join("%s\t%s\n" % (" ".join("%X" % ord(c) for c in a), " ".join("%X" % ord(c) for c in b))
                             for a, b in table))
    tsv = {"normalization_rule_tsv": str(rules), "normalization_rule_name": "user_defined"}
    symbols = {"user_defined_symbols": ["<new>", "dog", "\u65e5", "a\u0301"], "control_symbols": ["[x]", "z"]}
    train_spm(files / "unigram.model", "unigram", 300, **tsv)
    train_spm(files / "bpe.model", "bpe", 300, **tsv)
    train_spm(files / "unigram-symbols.model", "unigram", 320, **symbols, **tsv)
    train_spm(files / "bpe-symbols.model", "bpe", 330, **symbols, **tsv)
    train_spm(files / "unigram-bytes.model", "unigram", 560, byte_fallback=True, remove_extra_whitespaces=False)
    train_spm(files / "bpe-bytes.model", "bpe", 560, byte_fallback=True, add_dummy_prefix=False, unk_surface="?")
    train_spm(files / "suffix.model", "unigram", 300, treat_whitespace_as_suffix=True, **tsv)
    train_spm(files / "spaces.model", "bpe", 300, remove_extra_whitespaces=False, add_dummy_prefix=False,
              allow_whitespace_only_pieces=True, split_by_whitespace=False)
    rules.unlink()

    def unused(proto):
        proto.trainer_spec.ClearField("input")
        for i, piece in enumerate(proto.pieces):
            piece.score = round(piece.score, 1)
            if piece.type == 1 and i % 5 == 0 and len(piece.piece) > 1:
                piece.type = 5

    def plain(proto):
        proto.trainer_spec.ClearField("input")

    for name in [p.name for p in files.glob("*.model")]:
        edit_spm(files / name, files / name, plain)
    edit_spm(files / "unigram-unused.model", files / "unigram.model", unused)
    edit_spm(files / "bpe-unused.model", files / "bpe.model", unused)


def make_char_models(files):
    symbols = {"user_defined_symbols": ["<new>", "dog", "\u65e5"], "control_symbols": ["[x]", "z"]}
    train_spm(files / "char.model", "char", 70)
    train_spm(files / "char-symbols.model", "char", 60, **symbols)
    for name in ("char.model", "char-symbols.model"):
        edit_spm(files / name, files / name, lambda proto: proto.trainer_spec.ClearField("input"))


def pieces_of(path):
    from sentencepiece import sentencepiece_model_pb2
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(path.read_bytes())
    return [p.piece for p in proto.pieces]


# -- folders ----------------------------------------------------------------------------------------------

def added(rng, content, special):
    return {"content": content, "lstrip": rng.random() < 0.3, "rstrip": rng.random() < 0.3, "single_word": False,
            "normalized": rng.random() < 0.3, "special": special}


def vocab_of(rng, files, model, specials, more):
    """Most pieces of the model, in some order, and what the model does not have."""
    tokens = [p for p in dict.fromkeys(pieces_of(files / model)) if rng.random() < 0.95]
    tokens += [t for t in more if rng.random() < 0.5]
    rng.shuffle(tokens)
    tokens = [t for t in dict.fromkeys(tokens) if t not in specials + ["<pad>"]]
    return {t: i for i, t in enumerate(specials + tokens)}


def random_config(rng, vocab, known):
    config = {"clean_up_tokenization_spaces": rng.random() < 0.3}
    if rng.random() < 0.5:
        listed = {t: vocab[t] for t in known if t in vocab}
        names = [n for n in ("<new>", "<sp>", "[x]", "the", "dogs") if rng.random() < 0.4]
        decoder = {str(i): added(rng, t, True) for t, i in listed.items()}
        for i, name in enumerate(names):
            decoder[str(vocab.get(name, len(vocab) + 200 + i))] = added(rng, name, rng.random() < 0.5)
        config["added_tokens_decoder"] = decoder
    if rng.random() < 0.4:
        config["additional_special_tokens"] = [t for t in ("<sp>", "__de__", ">>de<<", "quick") if rng.random() < 0.6]
    return config


def marian(rng, files, models):
    source, target = rng.choice(models), rng.choice(models)
    vocab = vocab_of(rng, files, source, ["</s>", "<unk>"], ["the dog", ">>de<<", ">>x y<<", "\U0001f600", *pieces_of(files / target)[-40:]])
    vocab["<pad>"] = len(vocab)
    config = {"tokenizer_class": "MarianTokenizer", **random_config(rng, vocab, ["</s>", "<unk>", "<pad>"])}
    if rng.random() < 0.3:
        config["model_max_length"] = 64
    return {"source.spm": source, "target.spm": target, "vocab.json": vocab, "tokenizer_config.json": config}


def m2m(rng, files, models):
    model = rng.choice(models)
    vocab = vocab_of(rng, files, model, ["<s>", "<pad>", "</s>", "<unk>"], ["the dog", "\U0001f600"])
    config = {"tokenizer_class": "M2M100Tokenizer", **random_config(rng, vocab, ["<s>", "</s>", "<unk>", "<pad>"])}
    for key, values in (("src_lang", ["de", "fr"]), ("tgt_lang", ["ja"]), ("language_codes", ["wmt21", "m2m100"])):
        if rng.random() < 0.4:
            config[key] = rng.choice(values)
    if config.get("language_codes") == "wmt21" and config.get("src_lang") == "fr":
        del config["src_lang"]
    return {"sentencepiece.bpe.model": model, "vocab.json": vocab, "tokenizer_config.json": config}


def speech2text(rng, files, models):
    model = rng.choice(models)
    vocab = vocab_of(rng, files, model, ["<s>", "<pad>", "</s>", "<unk>"], ["the dog", "\U0001f600"])
    config = {"tokenizer_class": "Speech2TextTokenizer", **random_config(rng, vocab, ["<s>", "</s>", "<unk>", "<pad>"])}
    return {"sentencepiece.bpe.model": model, "vocab.json": vocab, "tokenizer_config.json": config}


def speecht5(rng, files, models):
    model = rng.choice([*models, *[m for m in models if m.startswith("char")] * 4])
    vocab = {t: i for i, t in enumerate(pieces_of(files / model))}
    config = {"tokenizer_class": "SpeechT5Tokenizer", **random_config(rng, vocab, ["<s>", "</s>", "<unk>"])}
    if rng.random() < 0.2:
        config["eos_token"] = rng.choice(["<end>", "the", "<unk>"])
    return {"spm_char.model": model, "tokenizer_config.json": config}


def siglip(rng, files, models):
    model = rng.choice([m for m in models if m not in ("unigram-bytes.model", "spaces.model")])
    vocab = {t: i for i, t in enumerate(pieces_of(files / model))}
    config = {"tokenizer_class": "SiglipTokenizer", **random_config(rng, vocab, ["<s>", "</s>", "<unk>"])}
    if rng.random() < 0.3:
        config["do_lower_case"] = rng.random() < 0.3
    if rng.random() < 0.2:
        config[rng.choice(["pad_token", "eos_token", "unk_token"])] = rng.choice(["<end>", "the", "<unk>", "</s>"])
    return {"spiece.model": model, "tokenizer_config.json": config}


def characters(rng, specials, alphabet):
    """A vocabulary of most characters, and some longer tokens."""
    tokens = [t for t in alphabet if rng.random() < 0.9] + [t for t in ("<new>", "the", "og", "<") if rng.random() < 0.4]
    tokens = [t for t in dict.fromkeys(specials + tokens)]
    rng.shuffle(tokens)
    return {t: i for i, t in enumerate(tokens)}


LATIN = list("abcdefghijklmnopqrstuvwxyz'ATX-") + ["\u00e9", "\u0163", "\u65e5", "\u03c3"]


def wav2vec2(rng, files, models):
    delimiter = rng.choice(["|", "|", " ", "\u2581", "__"])
    vocab = characters(rng, [t for t in ("<pad>", "<s>", "</s>", "<unk>", "|", delimiter) if t == "<unk>" or rng.random() < 0.95], LATIN)
    is_raised = rng.random() < 0.3
    if is_raised:
        tokens = [t.upper() if t[0].isalpha() and rng.random() < 0.9 else t for t in vocab]
        vocab = {t: i for i, t in enumerate(dict.fromkeys([*tokens, "\u03a3"]))}
    config = {"tokenizer_class": "Wav2Vec2CTCTokenizer", **random_config(rng, vocab, ["<s>", "</s>", "<unk>", "<pad>"])}
    if delimiter != "|":
        config["word_delimiter_token"] = delimiter
    if is_raised:
        config["do_lower_case"] = True
    if rng.random() < 0.2:
        config["replace_word_delimiter_char"] = rng.choice(["_", "", "  "])
    if rng.random() < 0.2:
        config["pad_token"] = rng.choice(["a", "[PAD]", None])
    if rng.random() < 0.2:
        config["target_lang"], vocab = "eng", {"deu": {"<unk>": 0}, "eng": vocab}
    return {"vocab.json": vocab, "tokenizer_config.json": config}


def phoneme(rng, files, models):
    """Without do_phonemize: with it the reference needs packages that few have."""
    vocab = characters(rng, [t for t in ("<pad>", "<s>", "</s>", "<unk>", "|") if t == "<unk>" or rng.random() < 0.95], [*LATIN, "dog.", "brown", "a\tt"])
    config = {"tokenizer_class": "Wav2Vec2PhonemeCTCTokenizer", "do_phonemize": False, **random_config(rng, vocab, ["<s>", "</s>", "<unk>", "<pad>"])}
    if rng.random() < 0.5:
        config["word_delimiter_token"] = "|"
    if rng.random() < 0.2:
        config["pad_token"] = rng.choice(["a", "[PAD]"])
    return {"vocab.json": vocab, "tokenizer_config.json": config}


def vits(rng, files, models):
    vocab = characters(rng, [t for t in ("<pad>", "<unk>", " ") if rng.random() < 0.7], LATIN)
    config = {"tokenizer_class": "VitsTokenizer", "phonemize": False, **random_config(rng, vocab, ["<unk>"])}
    if rng.random() < 0.5:
        config["pad_token"] = next(t for t in vocab if t != " ")
    for key in ("add_blank", "normalize"):
        if rng.random() < 0.3:
            config[key] = rng.random() < 0.3
    if rng.random() < 0.3:
        config["language"] = "ron"
    return {"vocab.json": vocab, "tokenizer_config.json": config}


def esm(rng, files, models):
    tokens = ["<cls>", "<pad>", "<eos>", "<unk>", *"LAGVSERTIDPKQNFYMHWCXBUZO.-", "<null_1>", "<mask>"]
    tokens += [t for t in ("the", "LA", "", "L") if rng.random() < 0.3]
    config = {"tokenizer_class": "EsmTokenizer", **random_config(rng, {t: i for i, t in enumerate(tokens)}, ["<cls>", "<mask>"])}
    if rng.random() < 0.2:
        config["eos_token"] = rng.choice(["<null_1>", None])
    return {"vocab.txt": "text:" + "\n".join(rng.choice(["", " "]) + t for t in tokens), "tokenizer_config.json": config}


def byt5(rng, files, models):
    config = {"tokenizer_class": "ByT5Tokenizer", **random_config(rng, {"a": 100, "\u00e9": 236, "dogs": 600}, ["a", "\u00e9"])}
    config.pop("additional_special_tokens", None)
    if rng.random() < 0.5:
        config["extra_ids"] = rng.choice([0, 3, 125])
        if rng.random() < 0.5:
            config["additional_special_tokens"] = [f"<extra_id_{i}>" for i in range(config["extra_ids"] or 2)] + ["<sp>"]
    if rng.random() < 0.2:
        config["eos_token"] = rng.choice(["<end>", "</s>"])
    return {"tokenizer_config.json": config}


def perceiver(rng, files, models):
    config = {"tokenizer_class": "PerceiverTokenizer", **random_config(rng, {"a": 103, "\u00e9": 239}, ["a"])}
    if rng.random() < 0.2:
        config["sep_token"] = rng.choice(["<end>", "[CLS]"])
    return {"tokenizer_config.json": config}


def bert_generation(rng, files, models):
    model = rng.choice(models)
    config = {"tokenizer_class": "BertGenerationTokenizer", **random_config(rng, {t: i for i, t in enumerate(pieces_of(files / model))}, ["<s>", "</s>"])}
    if rng.random() < 0.3:
        config[rng.choice(["sep_token", "pad_token", "eos_token", "unk_token"])] = rng.choice(["<end>", "the", "<unk>", "</s>"])
    return {"spiece.model": model, "tokenizer_config.json": config}


def gpt_sw3(rng, files, models):
    model = rng.choice(models)
    config = {"tokenizer_class": "GPTSw3Tokenizer", **random_config(rng, {t: i for i, t in enumerate(pieces_of(files / model))}, ["<s>", "<unk>"])}
    if rng.random() < 0.3:
        config[rng.choice(["pad_token", "eos_token", "unk_token"])] = rng.choice(["<end>", "the", "<unk>", "</s>", None])
    return {"spiece.model": model, "tokenizer_config.json": config}


def named_ids(files, model, reserved, offset):
    """The ids of pieces behind those of reserved tokens."""
    vocab = {p: i + offset for i, p in enumerate(pieces_of(files / model)) if i + offset >= len(reserved)}
    return vocab | reserved


def xlm_prophetnet(rng, files, models):
    model = rng.choice(models)
    vocab = {t: i for i, t in enumerate(["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"])}
    config = {"tokenizer_class": "XLMProphetNetTokenizer", **random_config(rng, named_ids(files, model, vocab, 12), list(vocab))}
    if rng.random() < 0.3:
        config[rng.choice(["sep_token", "pad_token", "unk_token"])] = rng.choice(["<end>", "the", "<unk>", "[unused3]"])
    return {"prophetnet.tokenizer": model, "tokenizer_config.json": config}


FAIRSEQ = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
ENTITIES = {"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3, "Earth": 4}


def entities(rng, config):
    if rng.random() < 0.3:
        config["entity_token_1"] = rng.choice(["<sp>", "the", "<ent2>"])
    if rng.random() < 0.3:
        config["additional_special_tokens"] = ["<ent>", "<sp>", "<ent2>"]


def mluke(rng, files, models):
    model = rng.choice(models)
    config = {"tokenizer_class": "MLukeTokenizer", **random_config(rng, named_ids(files, model, FAIRSEQ, 1), list(FAIRSEQ))}
    entities(rng, config)
    if rng.random() < 0.3:
        config[rng.choice(["sep_token", "pad_token", "unk_token", "mask_token"])] = rng.choice(["<end>", "the", "<unk>"])
    return {"sentencepiece.bpe.model": model, "entity_vocab.json": ENTITIES, "tokenizer_config.json": config}


def plbart(rng, files, models):
    model = rng.choice(models)
    config = {"tokenizer_class": "PLBartTokenizer", **random_config(rng, named_ids(files, model, FAIRSEQ, 1), list(FAIRSEQ))}
    for key, values in (("src_lang", ["java", "python", "__en_XX__"]), ("tgt_lang", ["en_XX"]), ("language_codes", ["base", "multi"])):
        if rng.random() < 0.4:
            config[key] = rng.choice(values)
    if rng.random() < 0.3:
        config.pop("clean_up_tokenization_spaces")
    if rng.random() < 0.2:
        config[rng.choice(["eos_token", "unk_token"])] = rng.choice(["<end>", "the", "<unk>"])
    return {"sentencepiece.bpe.model": model, "tokenizer_config.json": config}


def bartpho(rng, files, models):
    model = rng.choice(models)
    words = [w for w in dict.fromkeys(pieces_of(files / model)) if rng.random() < 0.9 and len(w.split()) == 1 and w not in FAIRSEQ]
    if rng.random() < 0.1:
        words.append(rng.choice([words[0], "a b"]))
    rng.shuffle(words)
    config = {"tokenizer_class": "BartphoTokenizer", **random_config(rng, FAIRSEQ | {w: i + 4 for i, w in enumerate(words)}, list(FAIRSEQ))}
    if rng.random() < 0.3:
        config[rng.choice(["sep_token", "pad_token", "unk_token", "mask_token"])] = rng.choice(["<end>", "<unk>"])
    return {"sentencepiece.bpe.model": model, "dict.txt": "text:" + "".join(w + rng.choice(["\n", " 12\n", " 1\r\n"]) for w in words),
            "tokenizer_config.json": config}


def byte_image(text):
    table = [b for b in range(256) if chr(b).isprintable() and b != 0x20 and b != 0xAD and not 0x7F <= b <= 0xA0]
    images = {b: chr(b) for b in table}
    images.update({b: chr(256 + i) for i, b in enumerate(b for b in range(256) if b not in images)})
    return "".join(images[b] for b in text.encode())


def learn_merges(rng, words, n):
    """Merges in about the order in which they come to be; some are exchanged, and some come twice."""
    merges = []
    words = [list(w) for w in words]
    for _ in range(n):
        pairs = {}
        for w in words:
            for pair in zip(w, w[1:]):
                pairs[pair] = pairs.get(pair, 0) + 1
        if not pairs:
            break
        a, b = rng.choice(sorted(pairs, key=lambda p: (-pairs[p], p))[:6])
        merges.append((a, b))
        for w in words:
            i = 0
            while i + 1 < len(w):
                if (w[i], w[i + 1]) == (a, b):
                    w[i:i + 2] = [a + b]
                i += 1
    for _ in range(rng.choice([0, 0, 4, 20])):
        i, k = rng.randrange(len(merges)), rng.randrange(len(merges))
        merges[i], merges[k] = merges[k], merges[i]
    return merges + rng.sample(merges, rng.choice([0, 0, 3])), [t for w in words for t in w]


def word_bpe(rng, suffix, joiner, image=lambda text: text):
    """The tokens and the merges of the corpus."""
    corpus = [image(w if suffix or not i else " " + w) for line in CORPUS for i, w in enumerate(line.split())]
    words = [list(w[:-1]) + [w[-1] + suffix] for w in corpus if w]
    merges, symbols = learn_merges(rng, words, rng.choice([20, 80, 150]))
    symbols += [s for pair in merges for s in (*pair, "".join(pair))] + [c for w in words for c in w]
    tokens = {s[:len(s) - len(suffix)] if suffix and s.endswith(suffix) else s + joiner for s in symbols}
    tokens = sorted(t for t in tokens if t and rng.random() < 0.95) + [t for t in ("the dog", "quick", "\U0001f600") if rng.random() < 0.4]
    return [t for t in tokens if len(t.split()) == 1 or t == "the dog"], merges


def merge_lines(rng, merges, count=""):
    lines = [f"{a} {b}{count}" for a, b in merges]
    for _ in range(rng.choice([0, 0, 2])):
        lines.insert(rng.randrange(len(lines)), rng.choice(["", "a", "a b c d", "t\u00a0h" + count]))
    return "\n".join(lines) + rng.choice(["\n", ""])


def ctrl(rng, files, models):
    tokens, merges = word_bpe(rng, "</w>", "@@")
    tokens += [t for t in ("<unk>", "\n", "dog\n") if rng.random() < 0.8]
    vocab = {t: i for i, t in enumerate(tokens)}
    config = {"tokenizer_class": "CTRLTokenizer", **random_config(rng, vocab, ["<unk>"])}
    if rng.random() < 0.3:
        config[rng.choice(["pad_token", "unk_token", "eos_token"])] = rng.choice(["<end>", "the", "<unk>"])
    return {"vocab.json": vocab, "merges.txt": "text:#version: 0.2\n" + merge_lines(rng, merges), "tokenizer_config.json": config}


def byte_sequence(rng, text):
    return " ".join(f"{b:02x}" for b in text.encode()[:rng.choice([1, 2, 3, 5])])


def myt5(rng, files, models):
    """Rules that begin alike, chains of both maps, and several that become the same."""
    words = [w for line in CORPUS for w in line.split()] + ["\u00e9", "e\u0301", "\u65e5\u672c", "th", "t", "A", " the", "\U0001f600"]
    maps = []
    for _ in range(2):
        rules = {byte_sequence(rng, rng.choice(words)): byte_sequence(rng, rng.choice(words)) for _ in range(rng.choice([0, 5, 40]))}
        for old in list(rules)[:10]:
            rules[old + " " + byte_sequence(rng, rng.choice(words))] = rng.choice(["ff", "c3", "80 81", rules[old]])
        maps.append(rules)
    vocab = {"<pad>": 0, "</s>": 1, "<unk>": 2, "dogs": 500}
    config = {"tokenizer_class": "MyT5Tokenizer", **random_config(rng, vocab, ["<pad>", "</s>", "<unk>"])}
    config["extra_ids"] = rng.choice([0, 2, 125])
    if config["extra_ids"] and "additional_special_tokens" in config:
        config["additional_special_tokens"] += [f"<extra_id_{i}>" for i in range(config["extra_ids"])]
    return {"byte_maps.json": {"decompose_map": maps[0], "merge_map": maps[1]}, "tokenizer_config.json": config}


def blenderbot_small(rng, files, models):
    """The class is that of the model type: where a file names it, another one is taken."""
    tokens, merges = word_bpe(rng, "</w>", "@@")
    tokens += [t for t in ("__newln__", "__start__", "__end__", "__null__", "'", ".", ".@@", "σ", "ς", "σ@@") if rng.random() < 0.9] + ["__unk__"] * (rng.random() < 0.95)
    vocab = {t: i for i, t in enumerate(dict.fromkeys(tokens))}
    config = random_config(rng, vocab, ["__start__", "__end__", "__unk__", "__null__"])
    if rng.random() < 0.3:
        config[rng.choice(["pad_token", "unk_token", "eos_token"])] = rng.choice(["<end>", "the", "<unk>"])
    return {"vocab.json": vocab, "merges.txt": "text:#version: 0.2\n" + merge_lines(rng, merges), "tokenizer_config.json": config,
            "config.json": {"model_type": "blenderbot-small"}}


def speech2text2(rng, files, models):
    tokens, merges = word_bpe(rng, "</w>", "@@")
    vocab = {t: i for i, t in enumerate(dict.fromkeys([*FAIRSEQ, *tokens]))}
    config = {"tokenizer_class": "Speech2Text2Tokenizer", **random_config(rng, vocab, list(FAIRSEQ))}
    if rng.random() < 0.3:
        config["do_lower_case"] = True
    if rng.random() < 0.3:
        config[rng.choice(["pad_token", "unk_token", "eos_token"])] = rng.choice(["<end>", "the", "<unk>"])
    listed = {"vocab.json": vocab, "tokenizer_config.json": config}
    if rng.random() < 0.8:
        listed["merges.txt"] = "text:" + merge_lines(rng, merges, rng.choice(["", " 17"]))
    return listed


def phobert(rng, files, models, name="PhobertTokenizer"):
    tokens, merges = word_bpe(rng, "</w>", "@@")
    tokens += [t for t in ("<mask>",) if rng.random() < 0.1]
    tokens = list(dict.fromkeys(tokens))
    config = {"tokenizer_class": name, **random_config(rng, FAIRSEQ | {t: i + 4 for i, t in enumerate(tokens)}, list(FAIRSEQ))}
    if rng.random() < 0.4 and "added_tokens_decoder" not in config:
        config[rng.choice(["pad_token", "sep_token", "unk_token", "mask_token"])] = "<end>"
    lines = "".join(f"{t} {rng.randrange(1, 1000)}\n" for t in tokens)
    return {"vocab.txt": "text:" + lines, "bpe.codes": "text:" + merge_lines(rng, merges, " 17"), "tokenizer_config.json": config}


def bertweet(rng, files, models):
    return phobert(rng, files, models, "BertweetTokenizer")


def luke(rng, files, models):
    tokens, merges = word_bpe(rng, "", "", byte_image)
    alphabet = [byte_image(chr(b)) for b in range(128) if rng.random() < 0.95] + sorted({c for b in range(256) for c in byte_image(chr(b))})
    vocab = {t: i for i, t in enumerate(dict.fromkeys([*FAIRSEQ, "<mask>", *tokens, *alphabet]))}
    config = {"tokenizer_class": "LukeTokenizer", **random_config(rng, vocab, list(FAIRSEQ))}
    entities(rng, config)
    return {"vocab.json": vocab, "merges.txt": "text:#version: 0.2\n" + merge_lines(rng, merges), "entity_vocab.json": ENTITIES,
            "tokenizer_config.json": config}


def mgpstr(rng, files, models):
    vocab = characters(rng, [t for t in ("[GO]", "[s]", " ") if rng.random() < 0.95], LATIN)
    return {"vocab.json": vocab, "tokenizer_config.json": {"tokenizer_class": "MgpstrTokenizer", **random_config(rng, vocab, ["[GO]", "[s]"])}}


def canine(rng, files, models):
    config = {"tokenizer_class": "CanineTokenizer", **random_config(rng, {"\ue000": 0xE000, "\0": 0, "\ue003": 0xE003, "e": 101, **{t: 1114200 + i for i, t in enumerate(("<new>", "<sp>", "[x]", "the", "dogs"))}},
                                                                    ["\ue000", "\0", "\ue003", "e"])}
    if rng.random() < 0.3:
        config[rng.choice(["pad_token", "sep_token", "mask_token"])] = rng.choice(["<end>", "a", "\ue002"])
    return {"tokenizer_config.json": config}


def dia(rng, files, models):
    config = {"tokenizer_class": "DiaTokenizer", **random_config(rng, {"<pad>": 0, "[S1]": 1, "a": 97, "dogs": 300}, ["<pad>", "a"])}
    if rng.random() < 0.2:
        config["eos_token"] = rng.choice(["<end>", "a", "<pad>"])
    return {"tokenizer_config.json": config}


MAKERS = (marian, m2m, wav2vec2, phoneme, vits, esm, byt5, perceiver, speech2text, speecht5, siglip, bert_generation, gpt_sw3, xlm_prophetnet,
          mluke, plbart, bartpho, ctrl, phobert, bertweet, luke, mgpstr, canine, dia, speech2text2, blenderbot_small, myt5)


# -- cases ------------------------------------------------------------------------------------------------

def random_text(rng, extra):
    if rng.random() < 0.2:
        return rng.choice(CORPUS)[:rng.randrange(1, 60)]
    parts = ALPHABET + extra * 3
    return "".join(rng.choice(parts) for _ in range(rng.choice([1, 2, 4, 8, 16, 30])))


def write_folder(folder, files, listed):
    for name, value in listed.items():
        if isinstance(value, str) and value.startswith("text:"):
            (folder / name).write_text(value[5:], encoding="utf-8")
        elif isinstance(value, str):
            shutil.copy(files / value, folder / name)
        else:
            (folder / name).write_text(json.dumps(value), encoding="utf-8")


def decoded(tokenizer, ids):
    """Nothing where the class cannot: of ids that it does not know."""
    try:
        return {"keep": tokenizer.decode(ids), "skip": tokenizer.decode(ids, skip_special_tokens=True)}
    except (TypeError, ValueError, IndexError, KeyError):
        return None


def ids_of(tokenizer, *texts, **options):
    """None where a text has no ids: the class has no unknown token then."""
    try:
        ids = tokenizer(*texts, **options)["input_ids"]
    except ValueError:
        return None
    return None if None in ids else ids


def encodings_of(rng, tokenizer, texts):
    out = []
    for text in texts:
        length = rng.randrange(2, 8)
        item = {"text": text, "ids": ids_of(tokenizer, text), "plain": ids_of(tokenizer, text, add_special_tokens=False), "length": length}
        if item["ids"] is not None:
            item["cut"] = ids_of(tokenizer, text, truncation=True, max_length=length)
            item |= decoded(tokenizer, item["ids"]) or {}
        out.append(item)
    size = min(len(tokenizer), 0xD800) + 3  # No surrogates, which are no text.
    high = [0xE000, 0xE001, 0xE002, 0xE003, 0xE004, 0x1F600, 0x110000] if len(tokenizer) > 0xD800 else []
    for _ in range(max(2, len(texts) // 4)):
        ids = [rng.choice(high) if high and rng.random() < 0.5 else rng.randrange(size) for _ in range(rng.randrange(12))]
        ids = [i for i in ids for _ in range(rng.choice([1, 1, 2]))]
        text = decoded(tokenizer, ids)
        out += [{"given": ids, **text}] if text else []
    return out


def ctc_of(rng, tokenizer):
    """Frames of ids, decoded with the places of characters and words."""
    out = []
    for _ in range(4):
        ids = [rng.randrange(len(tokenizer) + 1) for _ in range(rng.randrange(12))]
        ids = [i for i in ids for _ in range(rng.choice([1, 1, 2, 3]))]
        ids = [rng.choice([i, i, i, tokenizer.word_delimiter_token_id or 0, tokenizer.pad_token_id or 0]) for i in ids]
        skip, group, spaced = (rng.random() < 0.5 for _ in range(3))
        are_phonemes = hasattr(tokenizer, "phone_delimiter_token")
        if are_phonemes and not any(not skip or i not in tokenizer.all_special_ids for i in ids):
            continue  # The class cannot decode nothing.
        words = {} if are_phonemes else {"output_word_offsets": True}
        found = tokenizer.decode(ids, skip_special_tokens=skip, group_tokens=group, spaces_between_special_tokens=spaced,
                                 output_char_offsets=True, clean_up_tokenization_spaces=False, **words)
        spans = {name: [[o[key], int(o["start_offset"]), int(o["end_offset"])] for o in found[f"{key}_offsets"]]
                 for name, key in (("chars", "char"), ("words", "word")) if f"{key}_offsets" in found}
        out.append({"ids": ids, "skip": skip, "group": group, "spaced": spaced, "text": found["text"], **spans})
    return out


def pairs_of(tokenizer, room):
    """Two texts, whole and cut to several lengths; None where they have no ids."""
    texts = ("the dog", "a fox of the")
    ids = [ids_of(tokenizer, *texts)]
    if ids[0] is None:
        return ids * 6
    return ids + [ids_of(tokenizer, *texts, truncation=True, max_length=room + n) for n in (2, 3, 5, 6, 9)]


def case(rng, files, name, listed, n_texts):
    with tempfile.TemporaryDirectory() as folder:
        write_folder(pathlib.Path(folder), files, listed)
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            tokenizer("", "")
        except Exception as e:
            return {"name": name, "files": listed, "error": f"{type(e).__name__}: {e}"[:200]}
        extra = [t.content for t in tokenizer.added_tokens_decoder.values()]
        texts = ["", "the quick brown dog.", "  >>de<< the dog", ">>de<<the  dog "] + [random_text(rng, extra) for _ in range(n_texts)]
        out = {"name": name, "files": listed, "size": len(tokenizer), "encodings": encodings_of(rng, tokenizer, texts)}
        out["room"] = tokenizer.num_special_tokens_to_add(pair=True)
        out["pairs"] = pairs_of(tokenizer, out["room"])
        out["eos"] = tokenizer.eos_token_id
        if hasattr(tokenizer, "word_delimiter_token"):
            out["ctc"] = ctc_of(rng, tokenizer)
        if listed["tokenizer_config.json"].get("tokenizer_class") in ("M2M100Tokenizer", "PLBartTokenizer"):
            name = "ja" if hasattr(tokenizer, "get_lang_id") else rng.choice(["python", "java", "__en_XX__"])
            tokenizer.src_lang = name
            out["language"] = {"name": name, "ids": tokenizer("the dog")["input_ids"],
                               "id": tokenizer.lang_code_to_id[tokenizer.src_lang]}
        return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--random", type=int, default=108)
    parser.add_argument("--only", nargs="*", help="names of the functions that make folders; all")
    parser.add_argument("--texts", type=int, default=12)
    parser.add_argument("--out", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2] / "tests/data/tokenizers-slow")
    args = parser.parse_args()
    files = args.out / "files"
    files.mkdir(parents=True, exist_ok=True)
    if not list(files.glob("*.model")):
        make_models(files)
    if not (files / "char.model").exists():
        make_char_models(files)
    models = sorted(p.name for p in files.glob("*.model"))
    makers = [m for m in MAKERS if not args.only or m.__name__ in args.only]
    with open(args.out / "cases.jsonl", "w", encoding="utf-8") as out:
        for i in range(args.random):
            rng = random.Random(f"{args.seed}-{i}")
            make = makers[i % len(makers)]
            print(json.dumps(case(rng, files, f"{make.__name__}-{args.seed}-{i}", make(rng, files, models), args.texts)), file=out)


if __name__ == "__main__":
    main()
