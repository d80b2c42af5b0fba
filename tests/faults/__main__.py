"""Tries the faults, with progress, and writes docs/faults.md."""

import argparse
import collections
import concurrent.futures
import random
import sys
import tempfile
import time

from conftest import ROOT

from faults import FAULTS
from faults.disk import has_mounts
from faults.report import page
from faults.room import Lab
from faults.trial import try_fault


def main():
    """Returns the exit status: 1 if something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--only", default="", help="part of the faults' names; then no page is written")
    parser.add_argument("--times", type=int, help="how often each is tried, at most")
    options = parser.parse_args()
    faults = [f for f in FAULTS if options.only in f.name and (has_mounts() or not f.needs_mounts)]
    print(f"seed {options.seed}", flush=True)
    started, found = time.monotonic(), collections.defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        lab = Lab(folder, ("course", "nothing"))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            tried = [
                (fault, pool.submit(try_fault, fault, lab, options.seed, number, times))
                for fault in faults
                for times in [min(options.times or fault.times, fault.times)]
                for number in range(times)
            ]
            for done, (fault, future) in enumerate(tried, 1):
                outcome = future.result()
                found[fault].append(outcome)
                seconds, how = time.monotonic() - started, "wrong" if outcome.wrong else "ok"
                status = f"exit status {outcome.ended.status}"
                print(f"{done}/{len(tried)} {seconds:4.0f} s  {how}: {fault.name}; {outcome.where}; {status}")
                print("".join(f"    {sentence}\n" for sentence in outcome.wrong), end="", flush=True)
    if not options.only:
        (ROOT / "docs" / "faults.md").write_text(page(found, options.seed, options.times), encoding="utf-8")
    wrong = sum(bool(outcome.wrong) for outcomes in found.values() for outcome in outcomes)
    print(f"{len(tried)} trials with seed {options.seed}, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
