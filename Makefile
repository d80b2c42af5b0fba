# The commands of the project. `make` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PEERS := .bench
PINNED := --quiet --disable-pip-version-check --require-hashes --no-deps

SUBMISSIONS ?= data/sample_class/submissions
OUT ?= graded
JOBS ?=
ROSTER ?=
STUDENT ?=
EXERCISE ?=
# 1: regrade writes what changes without asking.
YES ?=
COURSE ?= $(OUT)/course
# What Canvas or Moodle exported; the assignment's column there, if it is not called as in the TOML.
GRADEBOOK ?=
COLUMN ?=
WORKSHEET ?=
ASSIGNMENT ?= autograder/assignments/edf.toml
LAB ?= lab
# Options for JupyterLab, such as --no-browser.
JUPYTER ?=
# Of the benchmarks: by default all.
SUBJECTS ?=

# A variable that is misspelt, such as `submissions`, would be ignored, and another class graded than was meant.
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
KNOWN := $(shell sed -nE 's/^([A-Z]+) [?:]=.*/\1/p' $(firstword $(MAKEFILE_LIST)))
ifneq ($(filter-out $(KNOWN),$(GIVEN)),)
$(error There is no variable $(filter-out $(KNOWN),$(GIVEN)). There are: $(KNOWN))
endif

.DEFAULT_GOAL := help
.PHONY: help setup grade explain regrade formgrader canvas moodle gradescope similarity release solutions lab test fuzz attacks torture validate doctor skeleton lint measure data-full lock lock-bench bench clean

help:  ## list the commands
	@echo "make COMMAND, with COMMAND one of"
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## */\t/' | expand -t 14 | sed 's/^/  /'

setup: $(READY)  ## make the environment in .venv (the others do it by themselves)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3.11"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

grade: $(READY)  ## grade a class: SUBMISSIONS=folder OUT=folder JOBS=n ROSTER=csv (by default the sample class)
	@$(BIN)/autograder grade "$(SUBMISSIONS)" --out "$(OUT)" --course "$(COURSE)" --assignment "$(ASSIGNMENT)" \
		$(if $(JOBS),--jobs $(JOBS)) $(if $(ROSTER),--roster "$(ROSTER)")

explain: $(READY)  ## why a student has these points: STUDENT=name EXERCISE=id OUT=folder
	@test -n "$(STUDENT)" || { echo "Name a student of grades.csv: make explain STUDENT=name EXERCISE=id"; exit 2; }
	@$(BIN)/autograder explain "$(STUDENT)" $(EXERCISE) --out "$(OUT)"

regrade: $(READY)  ## judge one exercise of a graded class again, after a check was mended: EXERCISE=id OUT=folder YES=1
	@test -n "$(EXERCISE)" || { echo "Name an exercise: make regrade EXERCISE=id"; exit 2; }
	@$(BIN)/autograder regrade --exercise "$(EXERCISE)" --out "$(OUT)" $(if $(JOBS),--jobs $(JOBS)) $(if $(filter 1 yes,$(YES)),--yes)

formgrader: $(READY)  ## look at the graded class in nbgrader's formgrader: COURSE=folder
	@$(BIN)/autograder formgrader --course "$(COURSE)" -- $(JUPYTER)

canvas: $(READY)  ## write the grades for Canvas to import: GRADEBOOK=csv (exported by Canvas) COLUMN=title OUT=folder ROSTER=csv
	@test -n "$(GRADEBOOK)" || { echo "Name what Canvas exported: make canvas GRADEBOOK=grades.csv"; exit 2; }
	@$(BIN)/autograder canvas "$(GRADEBOOK)" --out "$(OUT)" --assignment "$(ASSIGNMENT)" \
		$(if $(ROSTER),--roster "$(ROSTER)") $(if $(COLUMN),--column "$(COLUMN)")

moodle: $(READY)  ## write the grades for Moodle to import: WORKSHEET=csv (exported by Moodle) or ROSTER=csv, OUT=folder
	@$(BIN)/autograder moodle $(if $(WORKSHEET),"$(WORKSHEET)") --out "$(OUT)" --assignment "$(ASSIGNMENT)" \
		$(if $(ROSTER),--roster "$(ROSTER)")

gradescope: $(READY)  ## build gradescope.zip, an autograder for Gradescope, with the course secret in it
	@$(BIN)/autograder gradescope --assignment "$(ASSIGNMENT)"

similarity: $(READY)  ## show which submissions look alike: SUBMISSIONS=folder OUT=folder ROSTER=csv
	@$(BIN)/autograder similarity "$(SUBMISSIONS)" --out "$(OUT)/similarity" --assignment "$(ASSIGNMENT)" \
		$(if $(ROSTER),--roster "$(ROSTER)")

release: $(READY)  ## make what students receive in released/, and nbgrader's folders in course/
	@$(BIN)/autograder release --assignment "$(ASSIGNMENT)"

solutions: $(READY)  ## make the handout for after the deadline in handout/
	@$(BIN)/autograder solutions --assignment "$(ASSIGNMENT)"

lab: $(READY)  ## start JupyterLab on a student's bundle: LAB=folder (made if it is not there)
	@$(BIN)/autograder lab --assignment "$(ASSIGNMENT)" --folder "$(LAB)" -- $(JUPYTER)

test: $(READY)  ## run the project's own tests
	@$(BIN)/ruff check .
	@$(BIN)/autograder skeleton --check
	@$(BIN)/python -m pytest -q -n auto --dist loadfile

# A test that is stuck is ended after 15 minutes, and says where it was.
fuzz: $(READY)  ## try 20,000 broken inputs on what reads strangers' files (10 minutes; `make test` tries a few)
	@FUZZ=full $(BIN)/python -m pytest -q tests/fuzz -o faulthandler_timeout=900 -o faulthandler_exit_on_timeout=true

attacks: $(READY)  ## every attack, as every user, and on graders without some of their layers (docs/attacks.md; an hour)
	@ATTACKS=all $(BIN)/python -m pytest -q -n auto --dist loadfile tests/test_attacks_*.py
	@cd tests && ../$(BIN)/python -m attacks

torture: $(READY)  ## kill the grader, fill its disk, damage its files: is all there afterwards? (docs/faults.md; an hour)
	@cd tests && ../$(BIN)/python -m faults

# Of an assignment that is named, only that one's exercises, and no page is written.
validate: $(READY)  ## grade the grader: wrong variants are caught, right ones pass (docs/validity.md): JOBS=n
	@$(BIN)/autograder validate $(if $(JOBS),--jobs $(JOBS)) $(if $(filter command environment,$(origin ASSIGNMENT)), \
		--assignment "$(ASSIGNMENT)",--markdown docs/validity.md)

doctor: $(READY)  ## say what isolation this machine gives
	@$(BIN)/autograder doctor

skeleton: $(READY)  ## make pset/edf.py anew from solutions/edf.py and the assignment
	@$(BIN)/autograder skeleton
	@cp pset/edf.py data/sample_class/submissions/xavi/edf.py

lint: $(READY)  ## check and format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

measure: $(READY)  ## measure what the judge's tolerances rest on (15 minutes; tables for docs/judging.md)
	@$(BIN)/python tests/measure_judging.py

bench: $(READY) $(PEERS)/ready  ## measure against nbgrader, otter-grader, PyTorch (docs/benchmarks.md): SUBJECTS="edf students"
	@cd tests && ../$(BIN)/python -m bench $(SUBJECTS)

# PyTorch's build for CPUs is not in the registry, but the settings of pip may lead to one.
# The registry's own build for Linux brings gigabytes of GPU libraries, without which it can't be imported.
$(PEERS)/ready: tests/bench/requirements.lock tests/bench/torch_cpu.lock tests/bench/torch.lock
	$(PYTHON) -m venv --clear $(PEERS)
	$(PEERS)/bin/python -m pip install $(PINNED) -r tests/bench/requirements.lock
	$(PEERS)/bin/python -m pip install $(PINNED) -r tests/bench/torch_cpu.lock || { \
		echo "pip finds no build of PyTorch for CPUs: it takes the registry's (on Linux some 3 GB)"; \
		$(PEERS)/bin/python -m pip install $(PINNED) -r tests/bench/torch.lock; }
	@touch $@

data-full: $(READY)  ## download the full MNIST
	@$(BIN)/python data/fetch_full.py

lock: $(READY)  ## pin the newest versions of all packages in requirements.lock
	@$(BIN)/python -m pip install --quiet uv
	@{ echo '# Made by `make lock` from pyproject.toml.'; \
	   $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	   --no-header --no-annotate --extra dev pyproject.toml; } > requirements.lock

# PyTorch and its GPU libraries into a file of their own.
lock-bench: $(READY)  ## pin what the benchmarks measure against (tests/bench/requirements.in)
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		tests/bench/requirements.in | awk ' \
		/^[a-z]/ { file = "tests/bench/" (/^(torch=|cuda|nvidia|triton)/ ? "torch" : "requirements") ".lock" } \
		!(file in seen) { seen[file]; print "# Made by `make lock-bench` from requirements.in." > file } \
		{ print > file }'

clean:  ## remove the environment (not the course secret, not what was graded)
	rm -rf $(VENV) $(PEERS) *.egg-info
