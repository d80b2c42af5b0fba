"""One side of a benchmark, in a process of its own: `python -m bench.worker MODULE FUNCTION ARGUMENTS`.

FUNCTION of bench.MODULE, called with ARGUMENTS (a JSON object), gives what is to be run, a function without
arguments. Each line of standard input is a count; the answer is the wall time and the CPU time of one run, in
seconds, as the mean over so many. Uses only the standard library: the peers' environment runs it, too.
"""

import importlib
import json
import sys
import time


def main(module, function, arguments):
    run = getattr(importlib.import_module(f"bench.{module}"), function)(**json.loads(arguments))
    for line in sys.stdin:
        count = int(line)
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(wall / count, cpu / count, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
