"""pipeline(), its calls, and its errors."""

from __future__ import annotations

import inspect
import io
import logging
import pathlib
import traceback
import unittest
import warnings

from support import BACKEND, BAD, GOOD, MODELS, SST2, PipelineCase

import accelpipe
from accelpipe import _core, pipeline


class CallTest(PipelineCase):
    def test_single_list_and_parameters(self):
        pipe = self.make("sentiment-analysis")
        self.assertEqual(pipe.task, "text-classification")
        one = pipe(GOOD)
        self.assertEqual([list(row) for row in one], [["label", "score"]])
        self.assertEqual(one[0]["label"], "POSITIVE")
        self.assertIs(type(one[0]["score"]), float)
        many = pipe([GOOD, BAD], batch_size=2)
        self.assertEqual([row["label"] for row in many], ["POSITIVE", "NEGATIVE"])
        self.assertEqual(len(pipe(GOOD, top_k=None)), 2)
        self.assertEqual(pipe({"text": GOOD, "text_pair": BAD})["label"], "NEGATIVE")

    def test_parameters_of_the_creation_are_defaults_of_calls(self):
        pipe = self.make(top_k=None, batch_size=3)
        self.assertEqual(len(pipe(GOOD)[0]), 2)
        self.assertEqual(len(pipe(GOOD, top_k=1)), 1)
        self.assertEqual(pipe.batch_size, 3)
        self.assertEqual(pipe._postprocess_params, {"top_k": None})

    def test_model_folders_as_paths_and_objects(self):
        by_path = self.make(None, model=pathlib.Path(SST2))
        self.assertEqual(by_path.task, "text-classification")
        by_model = accelpipe.TextClassificationPipeline(model=by_path.model, tokenizer=by_path.tokenizer)
        self.assertIs(by_model._handle, by_path._handle)
        self.assertEqual(by_model(GOOD), by_path(GOOD))
        other = accelpipe.TextClassificationPipeline(model=str(SST2), top_k=2)
        self.assertEqual(len(other(GOOD)[0]), 2)

    def test_a_tokenizer_with_options(self):
        self.assertEqual(self.make(model=SST2, tokenizer=(str(SST2), {"use_fast": False}))(GOOD),
                         self.make(model=SST2)(GOOD))
        with self.assertRaisesRegex(TypeError, "the option 'padding_side' of a pair is not supported"):
            self.make(model=SST2, tokenizer=(str(SST2), {"padding_side": "left"}))

    def test_dtype_goes_before_the_default_of_torch_dtype(self):
        self.assertEqual(self.make(dtype="float32").torch_dtype, "float32")
        self.assertEqual(self.make(torch_dtype="auto", dtype="float32").torch_dtype, "float32")
        with self.assertRaisesRegex(ValueError, "contradict"):
            self.make(torch_dtype="float16", dtype="float32")

    def test_session_options_as_an_object(self):
        class SessionOptions:  # As onnxruntime's.
            intra_op_num_threads, inter_op_num_threads, graph_optimization_level, execution_mode = 1, 0, 1, 0
            enable_cpu_mem_arena, enable_mem_pattern = True, False

        from accelpipe.pipelines._create import _plain_kwargs

        given = {"session_options": SessionOptions(), "provider": "CPUExecutionProvider"}
        self.assertEqual(_plain_kwargs(given), {
            "session_options": {"intra_op_num_threads": 1, "graph_optimization_level": 1, "enable_mem_pattern": False},
            "provider": "CPUExecutionProvider"})
        if BACKEND == "ort":
            self.assertEqual(self.make(model_kwargs=given)(GOOD)[0]["label"], "POSITIVE")

    def test_inputs_by_keyword_and_position(self):
        pipe = self.make("question-answering", model=MODELS / "distilbert-squad")
        given = {"question": "Who?", "context": "Anna was born in Hamburg."}
        expected = pipe(given)
        self.assertEqual(pipe(**given), expected)
        self.assertEqual(pipe(given["question"], given["context"]), expected)
        with self.assertRaises(TypeError):
            pipe("a", "b", "c")
        with self.assertRaises(TypeError):
            self.make()("a", "b")

    def test_progress(self):
        seen = []
        self.make()([GOOD] * 5, batch_size=1, progress=lambda done, total: seen.append((done, total)))
        self.assertEqual(seen, [(i + 1, 5) for i in range(5)])

    def test_what_progress_raises_ends_the_call(self):
        def stop(done, total):
            raise LookupError(done)

        with self.assertRaisesRegex(LookupError, "1"):
            self.make()([GOOD] * 5, batch_size=1, progress=stop)

    def test_file_objects_and_bytes_are_arrays_of_bytes(self):
        self.assertEqual(bytes(_core.round_trip(io.BytesIO(b"abc"))), b"abc")
        with self.assertRaisesRegex(ValueError, "tensor"):
            self.make()(b"abc")


class Configuration:
    """As transformers' GenerationConfig."""

    def __init__(self, **values):
        self.values = values

    def to_dict(self):
        return {**self.values, "_from_model_config": False, "transformers_version": "4.55.4"}


class GenerationTest(PipelineCase):
    TEXT = "Light passes through the prism and"

    def generate(self, pipe, **params):
        return pipe(self.TEXT, return_full_text=False, **params)[0]["generated_text"]

    def test_an_assistant_changes_nothing(self):
        pipe = self.make("text-generation", model=MODELS / "gpt2-lm")
        for assistant in (str(MODELS / "gpt2-lm"), MODELS / "gpt2-lm", pipe.model):
            helped = self.make("text-generation", model=MODELS / "gpt2-lm", assistant_model=assistant)
            for params in ({"do_sample": False}, {"seed": 3}):
                self.assertEqual(self.generate(helped, max_new_tokens=20, **params),
                                 self.generate(pipe, max_new_tokens=20, **params))
        with self.assertRaises(TypeError):
            self.make("text-generation", model=MODELS / "gpt2-lm", assistant_model=3.5)
        with self.assertRaisesRegex(ValueError, "one of pipeline"):
            pipe(self.TEXT, assistant_model="x")

    def test_a_configuration_as_dict_and_object(self):
        values = {"max_new_tokens": 4, "num_beams": 2}
        pipe = self.make("text-generation", model=MODELS / "gpt2-lm", top_k=3)
        for config in (values, Configuration(**values)):
            self.assertEqual(self.generate(pipe, generation_config=config), " commentirstirstirst")
        created = self.make("text-generation", model=MODELS / "gpt2-lm", generation_config=Configuration(**values))
        self.assertEqual(self.generate(created), " commentirstirstirst")
        self.assertEqual(self.generate(created, max_new_tokens=2), self.generate(pipe, num_beams=2, do_sample=False,
                                                                                 max_new_tokens=2))

    def test_negative_prompts(self):
        pipe = self.make("text-generation", model=MODELS / "gpt2-lm")
        for ids in ([464, 1451], [[464, 1451]], memoryview(bytearray(16)).cast("q", (1, 2))):
            if isinstance(ids, memoryview):
                ids[0, 0], ids[0, 1] = 464, 1451
            self.assertEqual(self.generate(pipe, max_new_tokens=6, do_sample=False, guidance_scale=2.0,
                                           negative_prompt_ids=ids), "ted outsideirstoudacesior")


class ErrorTest(PipelineCase):
    def catch(self, run) -> BaseException:
        """What a call raises; its traceback has frames of this file alone, the last being the call's."""
        try:
            run()
        except Exception as error:
            files = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
            self.assertEqual(files, {__file__})
            return error
        self.fail("nothing was raised")

    def test_classes(self):
        cases = [(ValueError, {"accelerator": "onnx"}), (KeyError, {"task": "text-classifikation"}),
                 (OSError, {"model": "no/such/model"}), (TypeError, {"model": object()}),
                 (TypeError, {"pipeline_class": dict}), (ValueError, {"framework": "tf"}),
                 (ValueError, {"no_such_parameter": 1}), (TypeError, {"tokenizer": 3})]
        for kind, given in cases:
            with self.subTest(given=given):
                error = self.catch(lambda: pipeline(**{"task": "text-classification", **given}))
                self.assertIs(type(error), kind)

    def test_unknown_task_lists_tasks(self):
        with self.assertRaisesRegex(KeyError, "sentence-similarity"):
            pipeline("no-such-task")

    def test_errors_of_a_call(self):
        pipe = self.make()
        error = self.catch(lambda: pipe(42))
        self.assertIsInstance(error, ValueError)
        self.assertEqual(error.status, "AP_EINVAL")
        with self.assertRaises(KeyError):
            pipe(GOOD, function_to_apply="bogus")
        with self.assertRaisesRegex(ValueError, "top_k"):
            pipe(GOOD, top_q=1)

    def test_conversion(self):
        pipe = self.make()
        with self.assertRaises(UnicodeEncodeError):
            pipe("\ud800")
        with self.assertRaisesRegex(TypeError, "set"):
            pipe({1, 2})
        with self.assertRaises(OverflowError):
            pipe(GOOD, top_k=1 << 70)
        loop = []
        loop.append(loop)
        with self.assertRaisesRegex(ValueError, "deeper"):
            pipe(loop)
        with self.assertRaisesRegex(TypeError, "keys"):
            pipe({(1, 2): "x"})

    def test_fill_mask_without_a_mask(self):
        pipe = self.make("fill-mask", model=MODELS / "distilbert-mlm")
        with self.assertRaises(accelpipe.PipelineException) as caught:
            pipe("nothing is hidden")
        self.assertIsInstance(caught.exception, ValueError)

    def test_no_backend_is_an_import_error_with_commands(self):
        from support import run_python

        done = run_python("import accelpipe; accelpipe.pipeline('text-classification', accelerator='ort')",
                          ACCELPIPE_ORT_LIBRARY="/nonexistent/libonnxruntime.so")
        self.assertRegex(done.stderr, r"ImportError: .*pip install onnxruntime")


class LogTest(PipelineCase):
    def test_deprecated_parameters_are_warnings_at_the_callers_line(self):
        pipe = self.make()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            pipe(GOOD, return_all_scores=True)
        self.assertEqual([row.filename for row in caught], [__file__])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with self.assertRaises(UserWarning):
                pipe(GOOD, return_all_scores=True)

    def test_other_lines_go_to_logging(self):
        with self.assertLogs("accelpipe", logging.WARNING) as caught:
            pipeline("text-classification", model=SST2, image_processor="x", accelerator=BACKEND)
        self.assertIn("image_processor", caught.output[0])
        self.assertEqual(caught.records[0].filename, "test_call.py")

    def test_debug_lines_on_demand(self):
        logging.getLogger("accelpipe").setLevel(logging.DEBUG)
        try:
            with self.assertLogs("accelpipe", logging.DEBUG) as caught:
                self.make()
        finally:
            logging.getLogger("accelpipe").setLevel(logging.NOTSET)
        self.assertTrue(any(record.levelno == logging.DEBUG for record in caught.records))


class SignatureTest(unittest.TestCase):
    """What is generated says what the library's tables say now."""

    def test_signature_is_the_references(self):
        parameters = inspect.signature(pipeline).parameters
        self.assertEqual(list(parameters), [
            "task", "model", "config", "tokenizer", "feature_extractor", "image_processor", "processor", "framework",
            "revision", "use_fast", "token", "device", "device_map", "torch_dtype", "trust_remote_code",
            "model_kwargs", "pipeline_class", "accelerator", "kwargs"])
        defaults = {name: p.default for name, p in parameters.items() if p.default not in (None, p.empty)}
        self.assertEqual(defaults, {"use_fast": True, "torch_dtype": "auto"})

    def test_every_task_has_a_class_that_tells_its_parameters(self):
        from accelpipe import _generated

        for task in _core.describe_tasks():
            cls = _generated.CLASSES[task["name"]]
            self.assertEqual(cls.task, task["name"])
            for row in task["params"]:
                self.assertIn(f"    {row['name']} (", cls.__doc__)
                self.assertIn(row["doc"].split()[0], cls.__doc__)
        for row in _core.describe_params():
            self.assertIn(f"{row['name']} (", pipeline.__doc__)

    def test_stubs_name_every_parameter(self):
        stubs = (pathlib.Path(accelpipe.__file__).parent / "_generated.pyi").read_text(encoding="utf-8")
        compile(stubs, "_generated.pyi", "exec")
        for task in _core.describe_tasks():
            for row in task["params"]:
                self.assertIn(f" {row['name']}: ", stubs)

    def test_names_of_the_reference(self):
        from accelpipe.pipelines import PIPELINE_REGISTRY, Pipeline, pipeline as same
        from accelpipe.pipelines.base import PipelineException  # noqa: F401
        from accelpipe.pipelines.pt_utils import KeyDataset  # noqa: F401
        from accelpipe.pipelines.text_classification import TextClassificationPipeline

        self.assertIs(same, pipeline)
        self.assertTrue(issubclass(TextClassificationPipeline, Pipeline))
        self.assertIn("ner", PIPELINE_REGISTRY.get_supported_tasks())


class ConversionTest(unittest.TestCase):
    def test_round_trip(self):
        for value in (None, True, 0, -(1 << 63), 1.5, float("inf"), "", "h\u00e9llo \U0001f600", "a\0b", [], {},
                      [1, [2, {"a": None}]], {"b": 1, "a": [True, 2.0]}):
            self.assertEqual(_core.round_trip(value), value)
        self.assertIs(type(_core.round_trip(True)), bool)
        self.assertEqual(_core.round_trip((1, (2,))), [1, [2]])
        self.assertEqual(_core.round_trip({1: "x"}), {"1": "x"})

    def test_buffers_without_numpy(self):
        import array

        for code, values in (("f", [0.5, -2.0]), ("d", [0.25]), ("i", [-1, 2]), ("q", [1 << 40]), ("B", [255]),
                             ("h", [-3]), ("I", [7]), ("Q", [1 << 63])):
            given = array.array(code, values)
            back = _core.round_trip(given)
            self.assertEqual(back.tolist(), values)
        shaped = memoryview(bytes(range(6))).cast("B", (2, 3))
        self.assertEqual(_core.round_trip(shaped).tolist(), [[0, 1, 2], [3, 4, 5]])
        self.assertEqual(_core.round_trip(memoryview(bytes(8))[::2]), [0] * 4)
        self.assertEqual(_core.round_trip(b"").tolist(), [])

    def test_elements_are_borrowed_not_copied(self):
        given = bytearray(8)
        back = _core.round_trip({"a": given})  # released again
        given.extend(b"x")  # BufferError while a tensor has it
        self.assertEqual(len(back["a"]), 8)


if __name__ == "__main__":
    unittest.main()
