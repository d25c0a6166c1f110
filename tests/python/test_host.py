"""Living in an application: threads, asyncio, signals, processes, memory."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import pickle
import resource
import tempfile
import threading
import time
import unittest
from pathlib import Path

import support
from support import BAD, GOOD, PipelineCase, run_python

import accelpipe

# How much of what should run for long: 1 in `make test`; 60 gives two minutes of threads and 1,000,000 calls.
LONG = float(os.environ.get("ACCELPIPE_TEST_LONG", "1"))


def classify(pipe, text):
    return pipe(text)[0]["label"]


def make_and_classify(text):
    pipe = accelpipe.pipeline("text-classification", accelerator=support.BACKEND)
    return pipe(text)[0]["label"]


def use_parents(connection, pipe):
    try:
        connection.send(pipe(GOOD))
    except RuntimeError as error:
        connection.send(str(error))


class ThreadTest(PipelineCase):
    def test_sixteen_threads_on_one_pipeline(self):
        pipe = self.make()
        expected = {text: pipe(text) for text in (GOOD, BAD, GOOD + BAD)}
        end, wrong, n_calls = time.monotonic() + 2 * LONG, [], [0] * 16

        def work(i):
            while time.monotonic() < end and not wrong:
                for text, result in expected.items():
                    if pipe(text) != result:
                        wrong.append(text)
                if i % 4 == 0 and len(list(pipe(iter(expected)))) != 3:
                    wrong.append("stream")
                n_calls[i] += 1

        threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertTrue(all(n_calls), n_calls)

    def test_other_threads_run_during_a_call(self):
        pipe = self.make()
        ticks, done = 0, threading.Event()

        def call():
            pipe([GOOD * 20] * 200)
            done.set()

        thread = threading.Thread(target=call)
        thread.start()
        while not done.wait(0.001):
            ticks += 1
        thread.join()
        self.assertGreater(ticks, 10)


class MemoryTest(unittest.TestCase):
    """Of a million calls in all their forms, on a model that costs nothing."""

    def test_calls_do_not_grow(self):
        with tempfile.TemporaryDirectory() as folder:
            pipe = accelpipe.pipeline("text-classification", model=support.make_replay_model(Path(folder)),
                                      accelerator="replay")
        n_calls = int(17_000 * LONG)

        def work(n):
            for i in range(n):
                pipe("hi")
                if i % 10 == 0:
                    pipe(["hi", "a"], top_k=2, progress=lambda done, total: None)
                    list(pipe(iter(["hi", 3, "b"][:1 + i % 2 * 2:2])))
                    pipe.postprocess(pipe.forward(pipe.preprocess("hi")), top_k=1)
                    for bad in ({"text": GOOD, "text_pair": 3}, 42, {1, 2}):
                        try:
                            pipe(bad)
                        except (ValueError, TypeError):
                            pass

        work(5000)
        gc.collect()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        work(n_calls)
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertLess(grown_kb, 512, f"{n_calls} calls")


class AsyncTest(PipelineCase):
    def test_acall(self):
        pipe = self.make()

        async def main():
            one, many = await asyncio.gather(pipe.acall(GOOD), pipe.acall([GOOD, BAD], top_k=1))
            stream = await pipe.acall(iter([GOOD, BAD]))
            return one, many, stream

        one, many, stream = asyncio.run(main())
        self.assertEqual((one, many), (pipe(GOOD), pipe([GOOD, BAD], top_k=1)))
        self.assertEqual([row["label"] for row in stream], ["POSITIVE", "NEGATIVE"])

    def test_cancelling_the_task_stops_the_call(self):
        pipe = self.make()
        texts = [GOOD * 30] * 20_000

        async def main():
            task = asyncio.ensure_future(pipe.acall(texts))
            await asyncio.sleep(0.3)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task

        started = time.monotonic()
        asyncio.run(main())  # waits for the executor's thread
        self.assertLess(time.monotonic() - started, 30)

    def test_errors_are_awaited(self):
        with self.assertRaises(ValueError):
            asyncio.run(self.make().acall(42))


INTERRUPTED = """
import os, signal, sys, threading, time
import accelpipe
pipe = accelpipe.pipeline("text-classification", accelerator=sys.argv[1])
kind = sys.argv[2]
texts = ["I loved every minute of it. " * 30] * 20000
def interrupt():
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt, daemon=True).start()
if kind == "own":
    told = []
    signal.signal(signal.SIGINT, lambda *_: told.append(1))
    while not told:
        assert len(pipe(texts[:20])) == 20, "a handler that raises nothing lets the call go on"
    print("own")
    sys.exit()
started = time.monotonic()
try:
    if kind == "list":
        pipe(texts)
    elif kind == "one":
        pipe(texts, batch_size=20000)
    else:
        for _ in pipe(iter(texts), batch_size=1000):
            pass
except KeyboardInterrupt:
    assert time.monotonic() - started < 20
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    print(kind, len(pipe("x")))
"""


class InterruptTest(PipelineCase):
    def test_ctrl_c(self):
        for kind in ("list", "one", "stream"):
            with self.subTest(kind=kind):
                done = run_python(INTERRUPTED, support.BACKEND, kind)
                self.assertEqual((done.stdout, done.returncode), (f"{kind} 1\n", 0), done.stderr)

    def test_a_handler_of_the_application(self):
        done = run_python(INTERRUPTED, support.BACKEND, "own")
        self.assertEqual((done.stdout, done.returncode), ("own\n", 0), done.stderr)


FORKED = """
import os, sys
import accelpipe
pid = os.fork()
pipe = accelpipe.pipeline("text-classification", accelerator=sys.argv[1])
assert pipe("I loved it.")[0]["label"] == "POSITIVE"
if pid:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


class ProcessTest(PipelineCase):
    def test_pickling_makes_it_anew(self):
        pipe = self.make(top_k=2, batch_size=4)
        again = pickle.loads(pickle.dumps(pipe))
        self.assertIsNot(again._handle, pipe._handle)
        self.assertIs(type(again), type(pipe))
        self.assertEqual((again(GOOD), again.batch_size), (pipe(GOOD), 4))
        self.assertIs(pickle.loads(pickle.dumps(accelpipe.pipeline)), accelpipe.pipeline)
        self.assertEqual(pickle.loads(pickle.dumps(pipe.tokenizer)).encode(GOOD), pipe.tokenizer.encode(GOOD))
        self.assertEqual(pickle.loads(pickle.dumps(pipe.model)).config, pipe.model.config)

    def test_spawned_workers_get_the_pipeline(self):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            self.assertEqual(pool.starmap(classify, [(self.make(), GOOD), (self.make(), BAD)]),
                             ["POSITIVE", "NEGATIVE"])

    def test_after_a_fork_the_parents_pipeline_is_an_error(self):
        """As in a worker of a DataLoader whose dataset has a pipeline."""
        pipe = self.make()
        pipe(GOOD)
        context = multiprocessing.get_context("fork")
        here, there = context.Pipe()
        worker = context.Process(target=use_parents, args=(there, pipe))
        worker.start()
        self.assertTrue(here.poll(60), "no answer")
        self.assertRegex(here.recv(), "forked.*spawn")
        worker.join(60)
        self.assertEqual(worker.exitcode, 0)
        self.assertEqual(pipe(GOOD), pipe(GOOD))

    def test_after_a_fork_a_new_pipeline_is_an_error_where_a_runtime_ran(self):
        self.make()(GOOD)
        with multiprocessing.get_context("fork").Pool(1) as pool:
            with self.assertRaisesRegex(RuntimeError, "forked"):
                pool.apply(make_and_classify, (GOOD,))

    def test_a_fork_before_the_first_pipeline_works(self):
        done = run_python(FORKED, support.BACKEND)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
