"""numpy arrays in and out, and objects of other packages that are arrays, pictures or tokenizers."""

from __future__ import annotations

import gc
import sys
import unittest

try:
    import numpy
except ImportError:
    print("skipped: no numpy for this Python")
    sys.exit(77)

from support import BACKEND, GOOD, MODELS, SST2, PipelineCase

from accelpipe import _core, pipeline


class ArrayTest(unittest.TestCase):
    def test_every_type_comes_back(self):
        for name in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
                     "uint64", "bool"):
            given = numpy.array([[0, 1, 2], [3, 4, 5]]).astype(name)
            back = _core.round_trip({"a": [given]})["a"][0]
            self.assertEqual((back.dtype, back.shape), (given.dtype, given.shape))
            self.assertTrue((back == given).all())
            back[0, 0] = 1  # the caller's own

    def test_forms(self):
        dense = numpy.arange(24, dtype="f4").reshape(2, 3, 4)
        for given in (dense, dense[:, ::2], dense.T, numpy.asfortranarray(dense), dense.astype(">f4"),
                      numpy.zeros((0, 3), "f4"), numpy.zeros((2, 0), "i8")):
            back = _core.round_trip(given)
            self.assertEqual(back.shape, given.shape)
            self.assertTrue((back == given).all())
        read_only = dense.copy()
        read_only.flags.writeable = False
        self.assertTrue((_core.round_trip(read_only) == dense).all())

    def test_numbers_and_texts(self):
        self.assertEqual(_core.round_trip([numpy.float32(0.5), numpy.int64(-3), numpy.bool_(True), numpy.str_("a")]),
                         [0.5, -3, True, "a"])
        self.assertIs(type(_core.round_trip(numpy.bool_(True))), bool)
        self.assertEqual(_core.round_trip(numpy.array(2.5)), 2.5)
        self.assertEqual(_core.round_trip(numpy.array(["a", "bc"])), ["a", "bc"])
        self.assertEqual(_core.round_trip(numpy.array(["a", 1], dtype=object)), ["a", 1])

    def test_what_no_model_takes_is_refused(self):
        for given in (numpy.zeros(2, "c8"), numpy.zeros(2, "M8[s]"), numpy.zeros(2, [("a", "f4")])):
            with self.assertRaises(TypeError):
                _core.round_trip(given)
        with self.assertRaises((TypeError, ValueError)):
            _core.round_trip(numpy.zeros((1,) * 9, "f4"))

    def test_elements_are_not_copied_on_the_way_in(self):
        """A tensor of 256 MiB goes through a window without its size being taken again."""
        import resource

        given = numpy.ones(64 << 20, "f4")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        pipe = pipeline("text-classification", accelerator=BACKEND)
        for _ in range(2):
            with self.assertRaises(ValueError):
                pipe({"text": given})
        self.assertLess(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, 200_000)

    def test_an_array_is_given_back_after_the_call(self):
        given = numpy.ones(8, "f4")
        n_references = sys.getrefcount(given)
        _core.round_trip([given, {"b": given}])
        gc.collect()
        self.assertEqual(sys.getrefcount(given), n_references)


class OtherPackagesTest(PipelineCase):
    def test_tensors_of_torch_and_tables_of_pandas_by_their_methods(self):
        class Tensor:
            def detach(self):
                return self

            cpu = detach

            def numpy(self):
                return numpy.ones((1, 2), "f4")

        class Frame:
            columns = ["a"]

            def to_dict(self, orient):
                return {"a": ["1", "2"]} if orient == "list" else None

        self.assertEqual(_core.round_trip(Tensor()).tolist(), [[1.0, 1.0]])
        self.assertEqual(_core.round_trip(Frame()), {"a": ["1", "2"]})

    def test_pictures(self):
        class Image:
            """As PIL's, whose module is looked at."""

            __module__ = "PIL.Image"
            mode, width, height = "RGB", 2, 1

            def getbands(self):
                return ("R", "G", "B")

            def tobytes(self):
                return bytes(range(6))

        self.assertEqual(_core.round_trip(Image()).tolist(), [[[0, 1, 2], [3, 4, 5]]])

    def test_return_tensors(self):
        pipe = self.make("feature-extraction", model=MODELS / "minilm-embed")
        nested, array = pipe(GOOD), pipe(GOOD, return_tensors=True)
        self.assertIsInstance(array, numpy.ndarray)
        self.assertEqual(array.tolist(), nested)

    def test_tokenizer_to_model_as_in_transformers(self):
        pipe = self.make()
        batch = pipe.tokenizer([GOOD, "bad"], padding=True, return_tensors="pt")
        self.assertEqual(batch.input_ids.shape, batch["attention_mask"].shape)
        logits = pipe.model(**batch).logits
        self.assertEqual(logits.shape, (2, 2))
        scores = numpy.exp(logits[0].numpy())
        best = (scores / scores.sum()).argmax()
        self.assertEqual(pipe.model.config.id2label[best], pipe(GOOD)[0]["label"])

    def test_a_tokenizer_of_the_package_tokenizers(self):
        from tokenizers import Tokenizer

        given = Tokenizer.from_file(str(SST2 / "tokenizer.json"))
        pipe = self.make(model=SST2, tokenizer=given)
        self.assertEqual(pipe.tokenizer.encode(GOOD), given.encode(GOOD).ids)
        self.assertEqual(pipe(GOOD), self.make(model=SST2)(GOOD))


if __name__ == "__main__":
    unittest.main()
