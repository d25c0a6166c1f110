"""Classes of pipelines, what hangs on them, and subclasses of an application."""

from __future__ import annotations

import json
import os
import tempfile
import unittest
from pathlib import Path

from support import BACKEND, BAD, GOOD, MODELS, SST2, PipelineCase

import accelpipe
from accelpipe import ChunkPipeline, Pipeline, TextClassificationPipeline, pipeline
from accelpipe.pipelines import PIPELINE_REGISTRY


class Percent(TextClassificationPipeline):
    def postprocess(self, model_outputs, **parameters):
        result = super().postprocess(model_outputs, **parameters)
        return {**result, "score": 100 * result["score"]} if isinstance(result, dict) else result


class Shout(TextClassificationPipeline):
    def preprocess(self, inputs, exclaim="", **parameters):
        return super().preprocess(inputs + exclaim, **parameters)

    def _sanitize_parameters(self, exclaim=None, **kwargs):
        preprocess, forward, postprocess = super()._sanitize_parameters(**kwargs)
        if exclaim is not None:
            preprocess["exclaim"] = exclaim
        return preprocess, forward, postprocess


class OnlyParameters(TextClassificationPipeline):
    def _sanitize_parameters(self, n=None, **kwargs):
        parts = super()._sanitize_parameters(**kwargs)
        if n is not None:
            parts[2]["top_k"] = n
        return parts


class Bare(Pipeline):
    """One that leaves nothing to the library but the model."""

    def _sanitize_parameters(self, second=None, **kwargs):
        return ({} if second is None else {"second": second}), {}, {}

    def preprocess(self, text, second=None):
        self.seen.append(text)
        return {"feed": self._handle.preprocess(text, {"text_pair": second} if second else None)[0]}

    seen: list = []

    def _forward(self, model_inputs):
        return {"logits": self._handle.forward([model_inputs["feed"]], None)[0]["logits"]}

    def postprocess(self, model_outputs, best=True):
        row = model_outputs["logits"].tolist()[0]
        index = row.index(max(row))
        return self.model.config.id2label[index]


class Windows(accelpipe.QuestionAnsweringPipeline):
    def postprocess(self, model_outputs, **parameters):
        self.n_windows = len(model_outputs)
        return super().postprocess(model_outputs, **parameters)


class SubclassTest(PipelineCase):
    def test_replaced_postprocess(self):
        ours, plain = self.make(pipeline_class=Percent), self.make()
        self.assertIs(type(ours), Percent)
        expected = plain([GOOD, BAD])
        for result in (ours([GOOD, BAD]), ours([GOOD, BAD], batch_size=2), list(ours(iter([GOOD, BAD]))),
                       [ours(GOOD), ours(BAD)]):
            for row, reference in zip(result, expected):
                self.assertAlmostEqual(row["score"], 100 * reference["score"], places=3)
        self.assertAlmostEqual(ours(GOOD, function_to_apply="none")["score"] / 100,
                               plain(GOOD, function_to_apply="none")[0]["score"], places=4)

    def test_replaced_preprocess_and_parameters(self):
        pipe = self.make(pipeline_class=Shout, exclaim="!!")
        plain = self.make()
        self.assertEqual(pipe("I loved it")["score"], plain("I loved it!!")[0]["score"])
        self.assertEqual(pipe("I loved it", exclaim="?")["score"], plain("I loved it?")[0]["score"])
        with self.assertRaisesRegex(ValueError, "no_such"):
            pipe("I loved it", no_such=1)

    def test_replaced_parameters_alone_leave_calls_to_the_library(self):
        pipe = self.make(pipeline_class=OnlyParameters, n=2)
        self.assertEqual(len(pipe(GOOD)), 2)
        self.assertEqual(len(pipe(GOOD, n=1)), 1)
        self.assertEqual([len(row) for row in pipe(iter([GOOD, BAD]))], [2, 2])

    def test_a_class_of_its_own_is_registered(self):
        PIPELINE_REGISTRY.register_pipeline("pair-classification", pipeline_class=Bare, default={"pt": (str(SST2), "x")},
                                            type="text")
        self.assertIn("pair-classification", PIPELINE_REGISTRY.get_supported_tasks())
        pipe = pipeline("pair-classification", accelerator=BACKEND)
        self.assertEqual((type(pipe), pipe.task), (Bare, "pair-classification"))
        self.assertEqual(pipe([GOOD, BAD]), ["POSITIVE", "NEGATIVE"])
        self.assertEqual(pipe(GOOD, second=BAD), "NEGATIVE")
        named = pipeline("pair-classification", model=MODELS / "bert-mnli", accelerator=BACKEND)
        self.assertIn(named(GOOD), named.model.config.id2label.values())

    def test_a_subclass_is_lazy_on_a_stream(self):
        Bare.seen.clear()
        results = pipeline(model=SST2, pipeline_class=Bare, accelerator=BACKEND)(iter([GOOD] * 10))
        next(results)
        self.assertEqual(len(Bare.seen), 1)

    def test_chunks(self):
        given = {"question": "Where was Anna born?", "context": "Anna was born in Hamburg. " * 60}
        options = {"model": MODELS / "distilbert-squad", "accelerator": BACKEND}
        ours, plain = pipeline("question-answering", pipeline_class=Windows, **options), pipeline(**options)
        self.assertIsInstance(ours, ChunkPipeline)
        parameters = {"max_seq_len": 64, "doc_stride": 16}
        expected = plain(given, **parameters)
        result = ours(given, **parameters)
        self.assertEqual({**result, "score": 0}, {**expected, "score": 0})
        self.assertAlmostEqual(result["score"], expected["score"], places=4)
        self.assertGreater(ours.n_windows, 2)

    def test_phases_one_by_one(self):
        pipe = self.make()
        feed = pipe.preprocess(GOOD)
        self.assertEqual(feed["input_ids"].tolist(), [pipe.tokenizer.encode(GOOD)])
        output = pipe.forward(feed)
        self.assertEqual(output.logits.tolist(), output[0].tolist())
        self.assertEqual(pipe.postprocess(output, top_k=1)[0]["label"], "POSITIVE")

    def test_errors_of_a_subclass_show_its_lines(self):
        class Broken(TextClassificationPipeline):
            def postprocess(self, model_outputs, **_):
                raise LookupError("mine")

        pipe = self.make(pipeline_class=Broken)
        try:
            pipe(GOOD)
        except LookupError as error:
            names, entry = [], error.__traceback__
            while entry:
                names.append(entry.tb_frame.f_code.co_name)
                entry = entry.tb_next
            self.assertEqual((names[0], names[-1]), ("test_errors_of_a_subclass_show_its_lines", "postprocess"))
        else:
            self.fail("nothing was raised")


class AttributeTest(PipelineCase):
    def test_model_and_configuration(self):
        pipe = self.make()
        config = pipe.model.config
        self.assertEqual(config.id2label, {0: "NEGATIVE", 1: "POSITIVE"})
        self.assertEqual(config.label2id, {"NEGATIVE": 0, "POSITIVE": 1})
        self.assertEqual((config.num_labels, config.model_type), (2, "bert"))
        with self.assertRaises(AttributeError):
            config.no_such_entry
        self.assertEqual((pipe.device.type, str(pipe.device), pipe.framework), ("cpu", "cpu", "pt"))
        self.assertEqual(pipe.torch_dtype, "float32")
        self.assertIsNone(pipe.feature_extractor)
        self.assertEqual(pipe.describe()["accelerator"], BACKEND)
        self.assertTrue(pipe.explain()["decisions"])

    def test_a_configuration_that_is_given(self):
        entries = json.loads((SST2 / "config.json").read_text())
        pipe = self.make(model=SST2, config={**entries, "id2label": {0: "bad", 1: "good"}, "label2id": {}})
        self.assertEqual(pipe(GOOD)[0]["label"], "good")
        self.assertEqual(pipe.model.config.id2label[1], "good")

    def test_save_pretrained(self):
        pipe = self.make(model=MODELS / "distilbert-squad", task="question-answering")
        given = {"question": "Who?", "context": "Anna was born in Hamburg."}
        with tempfile.TemporaryDirectory() as folder:
            pipe.save_pretrained(folder)
            again = pipeline("question-answering", model=folder, accelerator=BACKEND)
            self.assertEqual(again(given), pipe(given))
            self.assertTrue(os.path.isfile(Path(folder) / "config.json"))

    def test_tokenizer(self):
        tokenizer = self.make().tokenizer
        self.assertEqual(tokenizer.tokenize("I loved it."), ["i", "loved", "it", "."])
        ids = tokenizer.encode("I loved it.")
        self.assertEqual((ids[0], ids[-1]), (tokenizer.cls_token_id, tokenizer.sep_token_id))
        self.assertEqual(tokenizer.decode(ids, skip_special_tokens=True), "i loved it.")
        self.assertEqual(tokenizer.convert_ids_to_tokens(ids)[1:3], ["i", "loved"])
        batch = tokenizer([GOOD, "a"], padding=True, truncation=True, max_length=5, return_offsets_mapping=True)
        self.assertEqual({len(row) for name in ("input_ids", "attention_mask", "token_type_ids") for row in batch[name]},
                         {5})
        self.assertEqual(batch.offset_mapping[0][1], (0, 1))
        self.assertEqual(batch["attention_mask"][1], [1, 1, 1, 0, 0])
        parts = tokenizer(GOOD, truncation=True, max_length=5, stride=1, return_overflowing_tokens=True)
        self.assertEqual(parts["overflow_to_sample_mapping"], [0] * len(parts["input_ids"]))
        self.assertGreater(len(parts["input_ids"]), 1)
        words = tokenizer([["I", "loved"], ["it"]], is_split_into_words=True)
        self.assertEqual(words.word_ids(0), [None, 0, 1, None])
        pair = tokenizer("a", "b c")
        self.assertEqual(pair.sequence_ids(), [None, 0, None, 1, 1, None])
        self.assertEqual(pair["token_type_ids"], [0, 0, 0, 1, 1, 1])
        with self.assertRaisesRegex(ValueError, "truncation"):
            tokenizer("a", truncation="both")
        self.assertEqual(len(tokenizer.get_vocab()), len(tokenizer))
        self.assertEqual(tokenizer.convert_tokens_to_ids(["[MASK]", "no such token"]),
                         [tokenizer.mask_token_id, tokenizer.unk_token_id])

    def test_a_tokenizer_that_is_given_as_an_object(self):
        plain = self.make(model=SST2)

        class Serialized:  # as of the package tokenizers
            def to_str(self):
                return (SST2 / "tokenizer.json").read_text(encoding="utf-8")

        class Saved:  # as of transformers
            def save_pretrained(self, folder):
                for name in ("tokenizer.json", "tokenizer_config.json"):
                    (Path(folder) / name).write_bytes((SST2 / name).read_bytes())

        for given in (Serialized(), Saved(), plain.tokenizer):
            pipe = self.make(model=SST2, tokenizer=given)
            self.assertEqual(pipe(GOOD), plain(GOOD))
            self.assertEqual(pipe.tokenizer.encode(GOOD), plain.tokenizer.encode(GOOD))
            self.assertEqual(pipe.tokenizer.pad_token, "[PAD]")


if __name__ == "__main__":
    unittest.main()
