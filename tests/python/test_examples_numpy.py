"""What the documentation of transformers and optimum shows of pipelines, with the import changed and local models.

Source: transformers@v4.55.4 docs/source/en/pipeline_tutorial.md, main_classes/pipelines.md, add_new_pipeline.md;
optimum-onnx@v0.0.3 docs/source/onnxruntime/usage_guides/pipelines.mdx.
"""

from __future__ import annotations

import itertools
import sys
import unittest

try:
    import numpy as np
except ImportError:
    print("skipped: no numpy for this Python")
    sys.exit(77)

from support import BACKEND, MODELS, SST2, PipelineCase

from accelpipe import Pipeline, TextClassificationPipeline, pipeline
from accelpipe.pipelines import PIPELINE_REGISTRY
from accelpipe.pipelines.pt_utils import KeyDataset


def softmax(outputs):
    maxes = np.max(outputs, axis=-1, keepdims=True)
    shifted_exp = np.exp(outputs - maxes)
    return shifted_exp / shifted_exp.sum(axis=-1, keepdims=True)


class PairClassificationPipeline(Pipeline):
    """As add_new_pipeline.md has it, word for word."""

    def _sanitize_parameters(self, **kwargs):
        preprocess_kwargs = {}
        if "second_text" in kwargs:
            preprocess_kwargs["second_text"] = kwargs["second_text"]
        return preprocess_kwargs, {}, {}

    def preprocess(self, text, second_text=None):
        return self.tokenizer(text, text_pair=second_text, return_tensors=self.framework)

    def _forward(self, model_inputs):
        return self.model(**model_inputs)

    def postprocess(self, model_outputs):
        logits = model_outputs.logits[0].numpy()
        probabilities = softmax(logits)

        best_class = np.argmax(probabilities)
        label = self.model.config.id2label[best_class]
        score = probabilities[best_class].item()
        logits = logits.tolist()
        return {"label": label, "score": score, "logits": logits}


class ExampleTest(PipelineCase):
    def test_main_classes(self):
        pipe = pipeline("text-classification")
        self.assertEqual(pipe("This restaurant is awesome")[0]["label"], "POSITIVE")
        pipe = pipeline(model=MODELS / "roberta-mnli")
        self.assertIn(pipe("This restaurant is awesome")[0]["label"], pipe.model.config.label2id)
        pipe = pipeline("text-classification")
        labels = [row["label"] for row in pipe(["This restaurant is awesome", "This restaurant is awful"])]
        self.assertEqual(labels, ["POSITIVE", "NEGATIVE"])

    def test_datasets(self):
        pipe = pipeline("text-classification", device=0)
        dataset = [{"text": "A fine film."}, {"text": "A bad film."}] * 8
        for i, out in enumerate(pipe(KeyDataset(dataset, "text"), batch_size=8, truncation="only_first")):
            self.assertEqual(out["label"], ("POSITIVE", "NEGATIVE")[i % 2])

    def test_a_generator_without_an_end(self):
        def data():
            while True:
                yield "This is a test"

        pipe = pipeline("text-classification")
        outs = list(itertools.islice(pipe(data()), 20))
        self.assertEqual(len({out["label"] for out in outs}), 1)

    def test_batch_sizes(self):
        class MyDataset:
            def __len__(self):
                return 40

            def __getitem__(self, i):
                n = 64 if i % 64 == 0 else 1
                return "This is a test" * n

        pipe = pipeline("text-classification")
        dataset = MyDataset()
        for batch_size in [1, 8, 64, 256]:
            self.assertEqual(sum(1 for _ in pipe(dataset, batch_size=batch_size)), len(dataset))

    def test_custom_code(self):
        class MyPipeline(TextClassificationPipeline):
            def postprocess(self, model_outputs, **kwargs):
                result = super().postprocess(model_outputs, **kwargs)
                result["score"] = result["score"] * 100
                return result

        plain = pipeline(model=SST2)
        my_pipeline = MyPipeline(model=plain.model, tokenizer=plain.tokenizer)
        self.assertGreater(my_pipeline("This restaurant is awesome")["score"], 50)
        my_pipeline = pipeline(model=SST2, pipeline_class=MyPipeline)
        self.assertGreater(my_pipeline("This restaurant is awesome")["score"], 50)

    def test_a_new_pipeline(self):
        PIPELINE_REGISTRY.register_pipeline("pair-classification", pipeline_class=PairClassificationPipeline,
                                            pt_model=object, default={"pt": (str(MODELS / "bert-mnli"), "db8eb1f")},
                                            type="text")
        classifier = pipeline("pair-classification", model=MODELS / "bert-mnli")
        result = classifier("I like you", second_text="I love you")
        reference = pipeline("text-classification", model=MODELS / "bert-mnli")({"text": "I like you",
                                                                                "text_pair": "I love you"})
        self.assertEqual(result["label"], reference["label"])
        self.assertAlmostEqual(result["score"], reference["score"], places=4)
        self.assertEqual(len(result["logits"]), classifier.model.config.num_labels)

    def test_tasks_of_the_tutorial(self):
        oracle = pipeline("zero-shot-classification", model=MODELS / "bert-mnli")
        out = oracle("I have a problem with my iphone that needs to be resolved asap!!",
                     candidate_labels=["english", "german"])
        self.assertEqual(list(out), ["sequence", "labels", "scores"])
        token_classifier = pipeline("ner", model=MODELS / "bert-ner", aggregation_strategy="simple")
        self.assertIsInstance(token_classifier("My name is Wolfgang and I live in Berlin"), list)
        unmasker = pipeline("fill-mask", model=MODELS / "distilbert-mlm", top_k=2)
        self.assertEqual(len(unmasker("Paris is the [MASK] of France.")), 2)
        extractor = pipeline("feature-extraction", model=MODELS / "minilm-embed")
        self.assertEqual(np.asarray(extractor("This is a simple test.")).ndim, 3)

    def test_optimum(self):
        classifier = pipeline(task="text-classification", accelerator=BACKEND)
        self.assertEqual(classifier("I like you. I love you.")[0]["label"], "POSITIVE")
        onnx_qa = pipeline("question-answering", model=MODELS / "roberta-squad2", accelerator=BACKEND)
        pred = onnx_qa(question="What's my name?", context="My name is Philipp and I live in Nuremberg.")
        self.assertEqual(list(pred), ["score", "start", "end", "answer"])
        with self.assertRaises(TypeError):
            pipeline("question-answering", model=object(), tokenizer="x", accelerator=BACKEND)


if __name__ == "__main__":
    unittest.main()
