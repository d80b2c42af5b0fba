"""The tests of a stack: tests/test_attacks_*.py import them, and say STACK, AS_USER (None: as this one), NAMES."""

import os

import pytest
from stacks import skip_unless_it_works

from attacks import load_attacks
from attacks.grading import grade, grader_of
from attacks.world import World

ATTACKS = load_attacks()


# One a family. What makes a difference to a user makes it in all of these; the rest are for `make attacks`.
FEW = list({attack.family: name for name, attack in reversed(ATTACKS.items())}.values())
if os.environ.get("ATTACKS") == "all":
    FEW = list(ATTACKS)


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", metafunc.module.NAMES)


@pytest.fixture(scope="module")
def runs(request):
    """(Run of the class, Run of the innocents alone), with one course secret."""
    module = request.module
    skip_unless_it_works(module.STACK)
    with grader_of(module.AS_USER) as grader, World() as world:
        alone = grade(world, grader, module.STACK, [], name="innocents")
        yield grade(world, grader, module.STACK, [ATTACKS[name] for name in module.NAMES]), alone


@pytest.fixture
def run(runs):
    return runs[0]


def test_an_attack_fails(name, run):
    evidence = run.evidence(ATTACKS[name])
    evidence.check_end()
    ATTACKS[name].proof(evidence)


def test_innocents_get_what_they_get_without_attackers(runs):
    run, alone = runs
    assert run.innocents == alone.innocents


def test_the_run_ends_well(run):
    assert run.status == 0, run.said
    assert run.alive == set()


def test_nothing_outside_was_touched(run):
    assert run.changes == []


def test_the_grader_stays_small(run):
    """Of what attackers send it keeps no more than it has to."""
    assert run.peak_mb < 1024


def test_what_all_may_see_holds_no_secret(run):
    texts = [run.said.encode(), *((run.out / name).read_bytes() for name in ("grades.csv", "mistakes.csv"))]
    assert [
        place for place, canary in run.world.canaries.items() for t in texts if canary.encode() in t
    ] == []
