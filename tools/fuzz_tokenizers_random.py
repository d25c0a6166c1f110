"""Random tokenizers, texts and calls for fuzz_tokenizers.py. All of it follows from the random generator that is given."""
import copy
import json

BYTES = [c for c in range(0x100) if 0x21 <= c <= 0x7E or 0xA1 <= c <= 0xAC or 0xAE <= c <= 0xFF]
ALPHABET = {b: chr(b) for b in BYTES} | {b: chr(0x100 + i) for i, b in enumerate(b for b in range(0x100) if b not in BYTES)}

# Stretches of Unicode where texts, scripts, marks, digits, symbols and oddities live; the last is everything.
RANGES = [(0x20, 0x7E)] * 12 + [(0, 0x1F), (0x7F, 0xA0), (0xA1, 0xFF), (0x100, 0x17F), (0x180, 0x24F), (0x250, 0x2FF), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF),
          (0x530, 0x58F), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xB80, 0xBFF), (0xE00, 0xE7F), (0xF00, 0xFFF), (0x1000, 0x10FF), (0x1100, 0x11FF),
          (0x1680, 0x1690), (0x1780, 0x17FF), (0x1C80, 0x1CBF), (0x1D00, 0x1DBF), (0x1E00, 0x1EFF), (0x1F00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x209F),
          (0x20A0, 0x20FF), (0x2100, 0x218F), (0x2200, 0x22FF), (0x2460, 0x24FF), (0x2600, 0x27BF), (0x2E80, 0x2FDF), (0x3000, 0x30FF), (0x3130, 0x318F),
          (0x3200, 0x33FF), (0x4E00, 0x9FFF), (0xA640, 0xA7FF), (0xAC00, 0xD7FF), (0xE000, 0xE010), (0xF900, 0xFAFF), (0xFB00, 0xFB4F), (0xFB50, 0xFDFF),
          (0xFE00, 0xFE6F), (0xFF00, 0xFFEF), (0xFFF0, 0xFFFF), (0x10400, 0x1044F), (0x10D40, 0x10D8F), (0x11000, 0x1107F), (0x1D160, 0x1D1FF), (0x1D400, 0x1D7FF),
          (0x1E900, 0x1E95F), (0x1F1E6, 0x1F1FF), (0x1F300, 0x1F64F), (0x1F900, 0x1FAFF), (0x20000, 0x20100), (0x2F800, 0x2FA1F), (0xE0000, 0xE01EF)] + [(0, 0x10FFFF)] * 3
SPACES = [" "] * 10 + ["  ", "   ", "\t", "\n", "\r\n", "\n\n", "\r", "\u00a0", "\u3000", "\u2009", "\u200b", "\u2028", "\u0085", "\x0b", "\x1c", "\ufeff", " " * 7, " \n "]
WORDS = ("the of and to in is hello Hello HELLO world token tokens HTTPServer iPhone x_y foo.bar a.b/c?d=e 3.14 2024 1,000 100000 I'm don't IT'S we'VE they'll he'D 'S 'ſ ' "
         "für straße naïve ﬁne ½ ① Ⅷ ㎏ ﷺ İstanbul ΣΑΣ ς привет мир שלום مرحبا नमस्ते क्ष สวัสดี 你好世界 東京 こんにちは ガギ カ゛ 한국어 \u1112\u1161\u11ab 각 e\u0301 a\u0323\u0301 "
         "o\u0302\u0301 q\u0307\u0323 😀 👍🏽 👨‍👩‍👧 🇫🇷🇩 ❤️ ▁ Ġ Ċ ## ##ing @@ </w> <0x41> <0xE2> <unk> [UNK] <s> [SEP] -- _ ... ! ?? ( ) [ ] { } # $ % & * + = ~ ^ ` | \\ / \" : ; < >").split(" ")

REGEXES = [r"\s+", r"\s+$", r" {2,}", r"\p{N}{1,3}", r"\w+|[^\w\s]+", r"\d", r"\p{L}+", r"[^\s]+", r"\s", r"", r"a|b|", r"(?<=\p{Ll})(?=\p{Lu})", r"^\s|\s$", r"[[:punct:]]", r"\b", r"(?i:the|ss|k)+",
           r"\p{Han}|\p{Hiragana}", r"(\w)\1", r"[一-龥぀-ゟ゠-ヿ]+", r"\X", r"(?m).+", r".", r"\p{M}", r"[\r\n]", r" ?[^(\s|[.,!?…。，、।۔،])]+", r"\s?[A-Za-z]+", r"[0-9][0-9][0-9]", r"\h+", r"\R",
           "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
           r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
           r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
           r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
           r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
           r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
           r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""]
STRINGS = [" ", "a", "▁", "ab", "é", "\n", "", "the", ".", "Ġ", "👍", "aa", "\u0301"]
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]


def word(rnd):
    """A short string of one kind of characters."""
    if rnd.random() < 0.5:
        return rnd.choice(WORDS)
    first, last = rnd.choice(RANGES)
    chars = [rnd.randint(first, last) for _ in range(rnd.choice((1, 1, 2, 3, 5)))]
    return "".join(chr(c) for c in chars if not 0xD800 <= c <= 0xDFFF)


def flag(rnd):
    return rnd.random() < 0.5


# -- components ---------------------------------------------------------------------------------------------------


def pattern(rnd):
    if flag(rnd):
        return {"Regex": rnd.choice(REGEXES)}
    return {"String": rnd.choice(STRINGS) if rnd.random() < 0.8 else word(rnd)}


def sequence(rnd, key, one, depth):
    return {"type": "Sequence", key: [one(rnd, depth + 1) for _ in range(rnd.randint(0, 3))]}


def normalizer(rnd, depth=0):
    kind = rnd.choice(["Bert", "Strip", "StripAccents", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Nmt", "Replace", "Prepend", "ByteLevel"] + ["Sequence"] * (4 if depth < 2 else 0))
    if kind == "Bert":
        return {"type": "BertNormalizer", "clean_text": flag(rnd), "handle_chinese_chars": flag(rnd), "strip_accents": rnd.choice((None, True, False)), "lowercase": flag(rnd)}
    if kind == "Strip":
        return {"type": kind, "strip_left": flag(rnd), "strip_right": flag(rnd)}
    if kind == "Replace":
        return {"type": kind, "pattern": pattern(rnd), "content": rnd.choice(["", " ", "▁", "x", "ab", "é", "\u0301a"])}
    if kind == "Prepend":
        return {"type": kind, "prepend": rnd.choice(["▁", " ", "ab", "", "é"])}
    if kind == "Sequence":
        return sequence(rnd, "normalizers", normalizer, depth)
    return {"type": kind}


def metaspace(rnd):
    out = {"type": "Metaspace", "replacement": rnd.choice("▁▁▁▁_ "), "prepend_scheme": rnd.choice(["always", "first", "never"]), "split": flag(rnd)}
    if rnd.random() < 0.2:
        del out["prepend_scheme"]
        out["add_prefix_space"] = True
    return out


def byte_level(rnd):
    return {"type": "ByteLevel", "add_prefix_space": flag(rnd), "trim_offsets": flag(rnd), "use_regex": flag(rnd)}


def pre_tokenizer(rnd, depth=0):
    kind = rnd.choice(["BertPreTokenizer", "ByteLevel", "ByteLevel", "CharDelimiterSplit", "Metaspace", "Metaspace", "Whitespace", "Split", "Split", "Split", "Punctuation", "WhitespaceSplit",
                       "Digits", "UnicodeScripts", "FixedLength"] + ["Sequence"] * (5 if depth < 2 else 0))
    if kind == "ByteLevel":
        return byte_level(rnd)
    if kind == "CharDelimiterSplit":
        return {"type": kind, "delimiter": rnd.choice("a -é▁")}
    if kind == "Metaspace":
        return metaspace(rnd)
    if kind == "Split":
        return {"type": kind, "pattern": pattern(rnd), "behavior": rnd.choice(BEHAVIORS), "invert": flag(rnd)}
    if kind == "Punctuation":
        return {"type": kind, "behavior": rnd.choice(BEHAVIORS)}
    if kind == "Digits":
        return {"type": kind, "individual_digits": flag(rnd)}
    if kind == "FixedLength":
        return {"type": kind, "length": rnd.randint(1, 6)}
    if kind == "Sequence":
        return sequence(rnd, "pretokenizers", pre_tokenizer, depth)
    return {"type": kind}


def template(rnd, pair):
    pieces = [{"Sequence": {"id": "A", "type_id": rnd.randint(0, 2)}}] + ([{"Sequence": {"id": "B", "type_id": rnd.randint(0, 2)}}] if pair else [])
    for _ in range(rnd.randint(0, 3)):
        pieces.insert(rnd.randint(0, len(pieces)), {"SpecialToken": {"id": rnd.choice(["<s>", "</s>"]), "type_id": rnd.randint(0, 2)}})
    return pieces


def post_processor(rnd, depth=0):
    kind = rnd.choice(["Bert", "Roberta", "ByteLevel", "Template", "Template"] + ["Sequence"] * (1 if depth < 1 else 0))
    special = {"sep": ["</s>", rnd.randint(0, 9)], "cls": ["<s>", rnd.randint(0, 9)]}
    if kind == "Bert":
        return {"type": "BertProcessing"} | special
    if kind == "Roberta":
        return {"type": "RobertaProcessing"} | special | {"trim_offsets": flag(rnd), "add_prefix_space": flag(rnd)}
    if kind == "ByteLevel":
        return byte_level(rnd)
    if kind == "Sequence":
        return sequence(rnd, "processors", post_processor, depth)
    tokens = {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [2, 3], "tokens": ["</s>", "[SEP]"]}}
    return {"type": "TemplateProcessing", "single": template(rnd, False), "pair": template(rnd, True), "special_tokens": tokens}


def decoder(rnd, depth=0):
    kind = rnd.choice(["BPEDecoder", "ByteLevel", "WordPiece", "Metaspace", "CTC", "Replace", "Fuse", "Strip", "ByteFallback"] + ["Sequence"] * (5 if depth < 2 else 0))
    if kind == "BPEDecoder":
        return {"type": kind, "suffix": rnd.choice(["</w>", "", "a"])}
    if kind == "ByteLevel":
        return byte_level(rnd)
    if kind == "WordPiece":
        return {"type": kind, "prefix": rnd.choice(["##", "", "a"]), "cleanup": flag(rnd)}
    if kind == "Metaspace":
        return metaspace(rnd)
    if kind == "CTC":
        return {"type": kind, "pad_token": rnd.choice(["a", "<pad>", ""]), "word_delimiter_token": rnd.choice(["|", "b"]), "cleanup": flag(rnd)}
    if kind == "Replace":
        return {"type": kind, "pattern": pattern(rnd), "content": rnd.choice(["", " ", "x"])}
    if kind == "Strip":
        return {"type": kind, "content": rnd.choice(" a▁é"), "start": rnd.randint(0, 2), "stop": rnd.randint(0, 2)}
    if kind == "Sequence":
        return sequence(rnd, "decoders", decoder, depth)
    return {"type": kind}


# -- models -------------------------------------------------------------------------------------------------------


def base_tokens(rnd):
    """Special tokens, letters, and perhaps all of an alphabet: what a vocabulary begins with."""
    tokens = ["<unk>", "<s>", "</s>", "[SEP]"] + list("abcdehilnorstuvwABHTS' .,!") + ["▁", "é", "你", "好", "0", "1", "ß"]
    if flag(rnd):
        tokens += list(ALPHABET.values())
    if flag(rnd):
        tokens += [f"<0x{b:02X}>" for b in range(256) if rnd.random() < 0.999]
    tokens += [t for t in (word(rnd) for _ in range(20)) if t]
    return tokens


def in_order(tokens):
    return {t: i for i, t in enumerate(dict.fromkeys(tokens))}


def bpe(rnd):
    prefix, suffix = rnd.choice([None, None, None, "##", ""]), rnd.choice([None, None, None, "</w>", ""])
    tokens = base_tokens(rnd)
    tokens += [(prefix or "") + t for t in tokens if len(t) == 1] if prefix else []
    tokens += [t + suffix for t in tokens if len(t) <= 3] if suffix else []
    vocab, merges = in_order(tokens), []
    for _ in range(rnd.randint(0, 120)):
        a, b = rnd.choice(list(vocab)[4:]), rnd.choice(list(vocab)[4:])
        if prefix and not b.startswith(prefix) or len(a) + len(b) > 16:
            continue
        vocab.setdefault(a + b[len(prefix or ""):], len(vocab))
        merges.append([a, b])
    if rnd.random() < 0.1 and merges:
        merges.append(rnd.choice(merges))
    model = {"type": "BPE", "dropout": None, "unk_token": rnd.choice([None, "<unk>"]), "continuing_subword_prefix": prefix, "end_of_word_suffix": suffix,
             "fuse_unk": flag(rnd), "byte_fallback": flag(rnd), "ignore_merges": flag(rnd), "vocab": vocab, "merges": merges}
    if flag(rnd) and not any(" " in t for m in merges for t in m):
        model["merges"] = [" ".join(m) for m in merges]
    return model


def unigram(rnd):
    tokens = list(dict.fromkeys(base_tokens(rnd)))
    for _ in range(rnd.randint(0, 200)):
        t = rnd.choice(tokens) + rnd.choice(tokens)
        if len(t) < 12:
            tokens.append(t)
    if rnd.random() < 0.8:
        tokens = list(dict.fromkeys(tokens))
    few = [round(-rnd.random() * 12, rnd.randint(0, 16)) for _ in range(rnd.choice((2, 5, 200)))]
    vocab = [[t, rnd.choice(few)] for t in tokens]
    return {"type": "Unigram", "unk_id": rnd.choice((0, 0, 0, None, 5)), "vocab": vocab, "byte_fallback": flag(rnd)}


def word_piece(rnd):
    prefix = rnd.choice(["##", "##", "", "@"])
    tokens = base_tokens(rnd)
    tokens += [prefix + t for t in tokens[4:]]
    return {"type": "WordPiece", "unk_token": "<unk>", "continuing_subword_prefix": prefix, "max_input_chars_per_word": rnd.choice((100, 100, 5)), "vocab": in_order(tokens)}


def word_level(rnd):
    return {"type": "WordLevel", "vocab": in_order(base_tokens(rnd) + WORDS), "unk_token": rnd.choice(["<unk>", "<unk>", "missing"])}


def tokens_of(model):
    return [t for t, _ in model["vocab"]] if model["type"] == "Unigram" else list(model["vocab"])


# -- tokenizers ---------------------------------------------------------------------------------------------------


def add_tokens(rnd, config, vocab):
    """Adds random added tokens to the config."""
    listed = config.setdefault("added_tokens", [])
    for _ in range(rnd.randint(0, 6)):
        content = rnd.choice(vocab) if vocab and rnd.random() < 0.3 else word(rnd)
        if rnd.random() < 0.2:
            content = rnd.choice((" ", "")) + content + rnd.choice((" ", "")) + word(rnd)
        listed.append({"id": rnd.randint(0, 500), "content": content, "single_word": rnd.random() < 0.2, "lstrip": rnd.random() < 0.2, "rstrip": rnd.random() < 0.2,
                       "normalized": flag(rnd), "special": flag(rnd)})


def tokenizer(rnd):
    def maybe(make, p):
        return make(rnd) if rnd.random() < p else None

    model = rnd.choice((bpe, bpe, unigram, unigram, word_piece, word_level))(rnd)
    config = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": maybe(normalizer, 0.6), "pre_tokenizer": maybe(pre_tokenizer, 0.8),
              "post_processor": maybe(post_processor, 0.5), "decoder": maybe(decoder, 0.8), "model": model}
    if rnd.random() < 0.6:
        add_tokens(rnd, config, tokens_of(model))
    return config


def spoil(rnd, config):
    """Takes out or replaces a member somewhere: most readers would refuse it, and both have to agree."""
    places = []

    def walk(value):
        if isinstance(value, dict):
            places.extend((value, k) for k in value if k not in ("vocab", "merges"))
            for k, v in value.items():
                if k not in ("vocab", "merges", "special_tokens"):
                    walk(v)
        elif isinstance(value, list):
            for v in value:
                walk(v)

    walk({k: v for k, v in config.items() if k != "added_tokens"})
    place, key = rnd.choice(places)
    if key == "type" or rnd.random() < 0.6:
        place.pop(key, None)
    else:
        place[key] = copy.deepcopy(rnd.choice([None, True, 3, -1, "x", [], {}]))


# -- calls --------------------------------------------------------------------------------------------------------


class Texts:
    """Random calls for one tokenizer."""

    def __init__(self, rnd, tokenizer):
        self.rnd = rnd
        self.vocab = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
        self.n_ids = self.vocab[-1][1] + 3 if self.vocab else 3
        self.added = [token.content for _, token in sorted(tokenizer.get_added_tokens_decoder().items())]
        self.n_special = [tokenizer.num_special_tokens_to_add(pair) for pair in (False, True)]

    def part(self):
        rnd, kind = self.rnd, self.rnd.random()
        if kind < 0.35:
            return word(rnd)
        if kind < 0.60:
            return rnd.choice(SPACES)
        if kind < 0.68 and self.added:
            return rnd.choice(self.added)
        if kind < 0.72 and self.added:
            token = rnd.choice(self.added)
            return token[:rnd.randint(0, len(token))]
        if kind < 0.90 and self.vocab:
            token = rnd.choice(self.vocab)[0]
            return token if rnd.random() < 0.3 else token.replace("\u2581", " ").replace("\u0120", " ").replace("##", "")
        if kind < 0.94:
            return str(rnd.randint(0, 10 ** rnd.randint(1, 9)))
        return word(rnd) * rnd.randint(1, 6)

    def text(self):
        return "".join(self.part() for _ in range(self.rnd.choice((0, 1, 2, 4, 8, 12, 24))))

    def request(self):
        rnd, kind = self.rnd, self.rnd.random()
        if kind < 0.1:
            return {"ids_in": [rnd.randrange(self.n_ids) for _ in range(rnd.randint(0, 20))]}
        out = {"add_special_tokens": rnd.random() < 0.7}
        if kind < 0.15:
            return out | {"words": [self.text() for _ in range(rnd.randint(1, 5))]}
        out["text"] = self.text()
        if rnd.random() < 0.2:
            out["pair"] = self.text()
        if rnd.random() < 0.15:
            n = self.n_special["pair" in out]
            out["truncation"] = {"max_length": n + rnd.randint(0, 20), "stride": rnd.choice((0, 0, 1, 2)), "direction": rnd.choice(("left", "right")),
                                 "strategy": rnd.choice(("longest_first", "longest_first", "only_first", "only_second"))}
        if rnd.random() < 0.1:
            out["padding"] = {"direction": rnd.choice(("left", "right")), "pad_id": rnd.randint(0, 9), "pad_type_id": rnd.randint(0, 1), "pad_token": "<pad>"}
            if flag(rnd):
                out["padding"]["length"] = rnd.randint(0, 40)
            if flag(rnd):
                out["padding"]["pad_to_multiple_of"] = rnd.choice((1, 4, 8))
        return out


if __name__ == "__main__":
    import random
    print(json.dumps(tokenizer(random.Random(1))))
