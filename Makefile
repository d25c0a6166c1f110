# The two commands of the README, and shortcuts. Everything is done by tools/deps.sh, CMake and CTest.

PREFIX ?= /usr/local
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
# Release is built with the system's compiler (GCC on Debian), asan with Clang, so that both see every file. CC
# chooses the first, as always with CMake when a build folder is new; ASAN_CC the second, in a folder of its own,
# because a change of compilers makes CMake forget what a preset says.
asan_dir = build/asan$(if $(ASAN_CC),-$(notdir $(ASAN_CC)))
asan_cc = $(if $(ASAN_CC),-DCMAKE_C_COMPILER=$(ASAN_CC))
FUZZ_SECONDS ?= 60
STRESS_SECONDS ?= 120

accelpipe = build/release/bin/accelpipe
# Two steps of one preset must not run at once, and CTest and Ninja are parallel themselves.
.NOTPARALLEL:
.DEFAULT_GOAL = build
.PHONY: help demo build test test-release test-asan check parity bench bench-tokenizers fuzz fuzz-tokenizers format install
.PHONY: stress clean test-deps deps-ipex release-all asan-all

help:
	@echo 'make demo      install what is missing, build, classify three sentences'
	@echo 'make test      all tests, in a release build and under ASan+UBSan'
	@echo 'make check     the two-minute part: unit, golden and command line tests in a release build'
	@echo 'make build     build/release: library, plugins, program'
	@echo 'make deps-ipex what the backend "ipex" needs: torch and IPEX (0.95 GB to download); build again afterwards'
	@echo 'make stress    threads on shared pipelines for STRESS_SECONDS=$(STRESS_SECONDS) seconds, under TSan and under ASan'
	@echo 'make parity    results against those of transformers, as a table'
	@echo 'make bench     speed and memory, as a table'
	@echo 'make bench-tokenizers   tokenizers against the reference crate and the fastest others; needs cargo'
	@echo 'make fuzz      each fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS) seconds'
	@echo 'make fuzz-tokenizers     random tokenizers and texts against the tokenizers package'
	@echo 'make format    clang-format all C files'
	@echo 'make wheel     build/release/dist: the Python package, for pip'
	@echo 'make install   into PREFIX=$(PREFIX); DESTDIR is honoured'
	@echo 'make clean     remove build/ (deps/ stays)'

demo: build
	$(accelpipe) run text-classification "I loved every minute of it." \
	    "The plot made no sense and the acting was worse." "It was fine, I suppose."

build:
	@tools/deps.sh build
	@cmake --preset release >/dev/null
	@cmake --build --preset release --parallel $(JOBS) --target product

test: test-release test-asan

test-release: release-all
	ctest --preset release --parallel $(JOBS)

test-asan: asan-all
	ctest --test-dir $(asan_dir) --output-on-failure --no-tests=error --parallel $(JOBS)

check: release-all
	ctest --preset release --parallel $(JOBS) --label-regex '^(unit|golden|cli|python)$$'

test-deps:
	@tools/deps.sh test

deps-ipex:
	@tools/deps.sh ipex

release-all: test-deps
	@cmake --preset release >/dev/null
	@cmake --build --preset release --parallel $(JOBS)

asan-all: test-deps
	@cmake --preset asan -B $(asan_dir) $(asan_cc) >/dev/null
	@cmake --build $(asan_dir) --parallel $(JOBS)

stress_tests = ^unit/tasks/(generation_)?threads$$

# Eight threads on pipelines of every task, under both sanitizers that can see what they do to each other.
stress: asan-all
	@cmake --preset tsan >/dev/null
	@cmake --build --preset tsan --parallel $(JOBS)
	AP_TEST_SECONDS=$(STRESS_SECONDS) ctest --test-dir build/tsan --verbose --no-tests=error -R '$(stress_tests)'
	AP_TEST_SECONDS=$(STRESS_SECONDS) ctest --test-dir $(asan_dir) --verbose --no-tests=error -R '$(stress_tests)'

parity: build
	tests/parity/run.sh

bench: build
	bench/run.sh

.PHONY: bench-tokenizers
bench-tokenizers: build
	bench/tokenizers/run.sh

fuzz: test-deps
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz --parallel $(JOBS) --target fuzzers
	tools/run_fuzz.sh build/fuzz $(FUZZ_SECONDS)

fuzz-tokenizers: release-all
	tools/fuzz_tokenizers.sh build/release

format:
	tools/format.sh

# With ONNX Runtime, so that the installed program needs neither this folder nor another download.
install: build
	DESTDIR=$(DESTDIR) cmake --install build/release --prefix $(PREFIX) --strip
	DESTDIR=$(DESTDIR) cmake --install build/release --prefix $(PREFIX) --component runtimes

.PHONY: wheel
wheel: test-deps
	@cmake --preset release >/dev/null
	@cmake --build --preset release --parallel $(JOBS) --target wheel
	@ls build/release/dist/*.whl

clean:
	rm -rf build
