"""The tests of a stack: tests/test_attacks_STACK.py imports them, and says STACK."""

import pytest
from stacks import skip_unless_it_works

from attacks import load_attacks
from attacks.grading import USER, grade, grader_of
from attacks.world import World

ATTACKS = load_attacks()


@pytest.fixture(scope="module", params=[None, USER], ids=["this user", "an ordinary user"])
def runs(request):
    """(Run of the class, Run of the innocents alone), with one course secret."""
    stack = request.module.STACK
    skip_unless_it_works(stack)
    with grader_of(request.param) as grader, World() as world:
        alone = grade(world, grader, stack, [], name="innocents")
        yield grade(world, grader, stack, ATTACKS.values()), alone


@pytest.fixture
def run(runs):
    return runs[0]


@pytest.mark.parametrize("name", ATTACKS)
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
