#!/usr/bin/env python3
"""Other tokenizers as programs that take turns, as tokenize.c is ours.

  peer.py LIBRARY --mode encode|ids --tokenizer FILE --text FILE [--blingfire-model NAME]

LIBRARY: tiktoken, sentencepiece, blingfire or fastokens. Each encodes all lines of the text by the fastest of its own
calls, on one thread (measure.py says how fastokens is held to one), without special tokens. What tokenizer.json holds is
given to tiktoken as ranks and pattern, and to sentencepiece as the model that it was converted from; blingfire has
compiled models of its own.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import statistics
import struct
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ["RAYON_NUM_THREADS"] = "1"

# openai/tiktoken@0.14.0 tiktoken_ext/openai_public.py r50k_pat_str; tokenizer.json says it by use_regex.
GPT2_PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""

Ids = Sequence[int]
Encoder = Callable[[list[str]], Sequence[Ids]]


def byte_alphabet() -> dict[str, int]:
    """openai/gpt-2 encoder.py bytes_to_unicode, the other way round."""
    shown = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)]
    others = [b for b in range(256) if b not in shown]
    return {chr(b): b for b in shown} | {chr(256 + i): b for i, b in enumerate(others)}


def split_pattern(data: dict[str, Any]) -> str:
    steps = data["pre_tokenizer"].get("pretokenizers", [data["pre_tokenizer"]])
    return next((step["pattern"]["Regex"] for step in steps if step["type"] == "Split"), GPT2_PATTERN)


def tiktoken_encoder(data: dict[str, Any]) -> Encoder:
    import tiktoken

    alphabet = byte_alphabet()
    special = {token["content"] for token in data["added_tokens"]}
    ranks = {bytes(alphabet[c] for c in token): i for token, i in data["model"]["vocab"].items() if token not in special}
    encoding = tiktoken.Encoding("peer", pat_str=split_pattern(data), mergeable_ranks=ranks, special_tokens={})
    return lambda lines: [encoding.encode_ordinary(line) for line in lines]


def sentencepiece_model(data: dict[str, Any]) -> bytes:
    from sentencepiece import sentencepiece_model_pb2 as pb

    proto = pb.ModelProto()
    model, kinds = data["model"], pb.ModelProto.SentencePiece
    special = {token["content"] for token in data["added_tokens"]}
    is_bpe = model["type"] == "BPE"
    if is_bpe:
        pieces = sorted(model["vocab"], key=model["vocab"].get)
        rows = [(piece, -float(i)) for i, piece in enumerate(pieces)]
        unk = model["unk_token"]
    else:
        rows = [(piece, score) for piece, score in model["vocab"]]
        unk = rows[model["unk_id"]][0]
    for piece, score in rows:
        kind = (kinds.UNKNOWN if piece == unk else kinds.CONTROL if piece in special else
                kinds.BYTE if is_bpe and piece.startswith("<0x") and piece.endswith(">") else kinds.NORMAL)
        proto.pieces.add(piece=piece, score=score, type=kind)
    names = [piece for piece, _ in rows]
    proto.trainer_spec.model_type = pb.TrainerSpec.BPE if is_bpe else pb.TrainerSpec.UNIGRAM
    proto.trainer_spec.byte_fallback = bool(model.get("byte_fallback"))
    proto.trainer_spec.vocab_size = len(names)
    proto.trainer_spec.unk_id = names.index(unk)
    for field, token in (("bos_id", "<s>"), ("eos_id", "</s>"), ("pad_id", "<pad>")):
        setattr(proto.trainer_spec, field, names.index(token) if token in names else -1)
    charsmaps = [step["precompiled_charsmap"] for step in
                 data["normalizer"].get("normalizers", [data["normalizer"]]) if step["type"] == "Precompiled"]
    proto.normalizer_spec.precompiled_charsmap = base64.b64decode(charsmaps[0]) if charsmaps else b""
    proto.normalizer_spec.add_dummy_prefix = True
    proto.normalizer_spec.remove_extra_whitespaces = bool(charsmaps)
    proto.normalizer_spec.escape_whitespaces = True
    return proto.SerializeToString()


def sentencepiece_encoder(data: dict[str, Any]) -> Encoder:
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=sentencepiece_model(data))
    return lambda lines: processor.encode(lines, num_threads=1)


def blingfire_encoder(name: str) -> Encoder:
    import blingfire

    model = blingfire.load_model(str(Path(blingfire.__file__).parent / name))
    return lambda lines: [blingfire.text_to_ids(model, line, len(line.encode()) + 1, 100, True) for line in lines]


class Flat:
    """The result of fastokens as one buffer, cut into lines only when somebody looks."""

    def __init__(self, ids: bytes, offsets: bytes) -> None:
        self.ids, self.offsets = ids, struct.unpack(f"<{len(offsets) // 8}Q", offsets)

    def __iter__(self) -> Any:
        for start, end in zip(self.offsets, self.offsets[1:]):
            yield struct.unpack(f"<{end - start}I", self.ids[4 * start:4 * end])


def fastokens_encoder(file: Path, looks: bool) -> Encoder:
    import fastokens

    tokenizer = fastokens.Tokenizer.from_file(str(file))
    if looks:
        return lambda lines: Flat(*tokenizer.encode_batch_flat(lines))  # type: ignore[return-value]
    return tokenizer.encode_batch_flat


def make_encoder(args: argparse.Namespace) -> Encoder:
    data = json.loads(args.tokenizer.read_text(encoding="utf-8")) if args.library != "blingfire" else {}
    if args.library == "tiktoken":
        return tiktoken_encoder(data)
    if args.library == "sentencepiece":
        return sentencepiece_encoder(data)
    if args.library == "blingfire":
        return blingfire_encoder(args.blingfire_model)
    return fastokens_encoder(args.tokenizer, args.mode == "ids")


def serve_turns(call: Callable[[], object]) -> None:
    """Answers turns, as bench/common.h describes them."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        wall = []
        cpu_before = time.process_time()
        for _ in range(int(line)):
            before = time.perf_counter()
            call()
            wall.append(time.perf_counter() - before)
        cpu_s = (time.process_time() - cpu_before) / len(wall)
        print(json.dumps({"n": len(wall), "wall_s": statistics.median(wall), "cpu_s": cpu_s}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", choices=("tiktoken", "sentencepiece", "blingfire", "fastokens"))
    parser.add_argument("--mode", choices=("encode", "ids"), required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--blingfire-model")
    args = parser.parse_args()
    lines = [line for line in args.text.read_bytes().decode().split("\n") if line]
    encode = make_encoder(args)
    if args.mode == "encode":
        serve_turns(lambda: encode(lines))
    else:
        for ids in encode(lines):
            sys.stdout.buffer.write(struct.pack(f"<{len(ids) + 1}I", *ids, 0xFFFFFFFF))


if __name__ == "__main__":
    main()
