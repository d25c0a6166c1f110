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
            "\u200b", "\u200d", "\ufffd", "\u00ad", "\x1c", "\x00", ">>de<<", ">>x y<<", "__de__", "__en__", "<s>", "</s>", "<pad>",
            "<unk>", "<new>", "<sp>", "[x]", "<0x41>"]


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
    config = {"tokenizer_class": "Wav2Vec2CTCTokenizer", **random_config(rng, vocab, ["<s>", "</s>", "<unk>", "<pad>"])}
    if delimiter != "|":
        config["word_delimiter_token"] = delimiter
    if rng.random() < 0.2:
        config["replace_word_delimiter_char"] = rng.choice(["_", "", "  "])
    if rng.random() < 0.2:
        config["pad_token"] = rng.choice(["a", "[PAD]", None])
    if rng.random() < 0.2:
        config["target_lang"], vocab = "eng", {"deu": {"<unk>": 0}, "eng": vocab}
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


MAKERS = (marian, m2m, wav2vec2, vits, esm, byt5, perceiver, speech2text, speecht5, siglip)


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
    except (TypeError, ValueError, IndexError):
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
    size = len(tokenizer) + 3
    for _ in range(max(2, len(texts) // 4)):
        ids = [rng.randrange(size) for _ in range(rng.randrange(12))]
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
        ids = [rng.choice([i, i, i, tokenizer.word_delimiter_token_id, tokenizer.pad_token_id or 0]) for i in ids]
        skip, group, spaced = (rng.random() < 0.5 for _ in range(3))
        found = tokenizer.decode(ids, skip_special_tokens=skip, group_tokens=group, spaces_between_special_tokens=spaced,
                                 output_char_offsets=True, output_word_offsets=True, clean_up_tokenization_spaces=False)
        spans = {name: [[o[key], int(o["start_offset"]), int(o["end_offset"])] for o in found[f"{key}_offsets"]]
                 for name, key in (("chars", "char"), ("words", "word"))}
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
        if hasattr(tokenizer, "get_lang_id"):
            tokenizer.src_lang = "ja"
            out["ja"] = {"ids": tokenizer("the dog")["input_ids"], "id": tokenizer.get_lang_id("ja")}
        return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--random", type=int, default=70)
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
    with open(args.out / "cases.jsonl", "w", encoding="utf-8") as out:
        for i in range(args.random):
            rng = random.Random(f"{args.seed}-{i}")
            make = MAKERS[i % len(MAKERS)]
            print(json.dumps(case(rng, files, f"{make.__name__}-{args.seed}-{i}", make(rng, files, models), args.texts)), file=out)


if __name__ == "__main__":
    main()
