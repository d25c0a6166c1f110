"""Generators, iterators and datasets."""

from __future__ import annotations

import itertools
import time
import unittest

from support import BAD, GOOD, PipelineCase

from accelpipe.pipelines.pt_utils import KeyDataset, KeyPairDataset, PipelineIterator


class Dataset:
    """As torch's: a length and items, and nothing else."""

    def __init__(self, items):
        self.items, self.n_read = items, 0

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        self.n_read += 1
        return self.items[i]


class StreamTest(PipelineCase):
    def setUp(self) -> None:
        super().setUp()
        self.pipe = self.make()
        self.texts = [GOOD, BAD] * 40
        self.expected = [row["label"] for row in self.pipe(self.texts)]

    def labels(self, results):
        return [row["label"] for row in results]

    def test_generator_iterator_dataset(self):
        for inputs in ((text for text in self.texts), iter(self.texts), map(str, self.texts), Dataset(self.texts),
                       KeyDataset(Dataset([{"t": text} for text in self.texts]), "t")):
            results = self.pipe(inputs)
            self.assertIsInstance(results, PipelineIterator)
            self.assertEqual(self.labels(results), self.expected)
        pairs = KeyPairDataset(Dataset([{"a": GOOD, "b": BAD}] * 3), "a", "b")
        self.assertEqual(list(self.pipe(pairs)), [self.pipe({"text": GOOD, "text_pair": BAD})] * 3)

    def test_length_is_the_inputs(self):
        self.assertEqual(len(self.pipe(Dataset(self.texts))), 80)
        with self.assertRaises(TypeError):
            len(self.pipe(text for text in self.texts))

    def test_a_dataset_can_be_read_twice(self):
        results = self.pipe(Dataset(self.texts[:4]))
        self.assertEqual(self.labels(results), self.expected[:4])
        self.assertEqual(self.labels(results), self.expected[:4])
        once = self.pipe(iter(self.texts[:4]))
        self.assertEqual(len(list(once)), 4)
        self.assertEqual(list(once), [])

    def test_inputs_without_an_end_are_read_as_needed(self):
        n_read = 0

        def endless():
            nonlocal n_read
            for n_read in itertools.count(1):
                yield GOOD

        results = self.pipe(endless())
        self.assertEqual(n_read, 0)
        next(results)
        self.assertEqual(n_read, 1)
        for _ in itertools.islice(results, 100):
            pass
        self.assertLess(n_read, 400)

    def test_with_a_batch_size_a_window_is_a_batch(self):
        data = Dataset(self.texts)
        results = self.pipe(data, batch_size=8)
        next(results)
        self.assertEqual(data.n_read, 8)
        for _ in range(8):
            next(results)
        self.assertEqual(data.n_read, 16)

    def test_slow_inputs_are_answered_one_by_one(self):
        given = []

        def slow():
            for text in self.texts[:6]:
                given.append(text)
                yield text
                time.sleep(0.01)

        for i, _ in enumerate(self.pipe(slow())):
            self.assertLessEqual(len(given) - i, 2)

    def test_an_input_that_fails_stands_alone(self):
        results = self.pipe(iter([GOOD, 42, {1, 2}, BAD]))
        self.assertEqual(next(results)["label"], "POSITIVE")
        with self.assertRaises(ValueError):
            next(results)
        with self.assertRaisesRegex(TypeError, "set"):
            next(results)
        self.assertEqual(next(results)["label"], "NEGATIVE")
        with self.assertRaises(StopIteration):
            next(results)

    def test_what_a_generator_raises_comes_in_its_place(self):
        def broken():
            yield GOOD
            yield BAD
            raise LookupError("here")

        results = self.pipe(broken(), batch_size=8)
        self.assertEqual(self.labels([next(results), next(results)]), ["POSITIVE", "NEGATIVE"])
        with self.assertRaisesRegex(LookupError, "here"):
            next(results)
        with self.assertRaises(StopIteration):
            next(results)

    def test_parameters_reach_every_window(self):
        for row in self.pipe(Dataset(self.texts[:5]), top_k=2):
            self.assertEqual(len(row), 2)
        with self.assertRaisesRegex(ValueError, "top_q"):
            next(self.pipe(Dataset(self.texts), top_q=2))

    def test_results_equal_those_of_a_list(self):
        by_stream = list(self.pipe(iter(self.texts), batch_size=16))
        by_list = self.pipe(self.texts, batch_size=16)
        self.assertEqual(by_stream, by_list)


if __name__ == "__main__":
    unittest.main()
