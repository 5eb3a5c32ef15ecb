"""A program that gives helpers hostile arguments and prints what came of it, as JSON.

It runs in a process of its own: without the tests' run-time checks of shapes, which would speak
before the library does, and where a crash or a hang harms nothing else.

Usage: ``fuzz_arguments.py all PACKAGE`` tries every hostile value in the place of every argument;
``fuzz_arguments.py EXAMPLES PACKAGE ...`` has Hypothesis draw so many values an argument.
"""

import inspect
import json
import sys

sys.path.insert(0, __file__.rpartition("/tests/")[0])

from hypothesis import HealthCheck, given, settings

from tests.fuzz_calls import helpers, signature, valid_call
from tests.fuzz_values import drawn, hostile
from tests.fuzz_verdict import verdict, watch

SEVERAL = inspect.Parameter.VAR_POSITIONAL


def values_of(call, name):
    """Return the valid value of an argument, and how to put another one in its place."""
    valid = call.arguments[name]
    if signature(call.helper).parameters[name].kind == SEVERAL:
        return valid[0], lambda value: (value, *valid[1:])
    return valid, lambda value: value


def try_all(call, name, tell):
    valid, place = values_of(call, name)
    for kind, value in hostile(valid).items():
        tell(kind, verdict(call, name, kind, place(value)))


def try_drawn(call, name, tell, examples):
    valid, place = values_of(call, name)

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn(valid))
    def attempt(pair):
        kind, value = pair
        tell(kind, verdict(call, name, kind, place(value)))

    attempt()


def main(how, packages):
    watch()
    found = {"helpers": 0, "arguments": 0, "calls": 0, "without a call": [], "faults": []}
    for package in packages:
        for helper in helpers(package):
            call = valid_call(package, helper)
            if call is None:
                found["without a call"].append(f"{package}.{helper}")
                continue
            found["helpers"] += 1
            for name in call.arguments:
                found["arguments"] += 1
                place = [package, helper, name]

                def tell(kind, fault, place=place):
                    found["calls"] += 1
                    if fault:
                        found["faults"].append([*place, kind, fault])

                if how == "all":
                    try_all(call, name, tell)
                else:
                    try_drawn(call, name, tell, int(how))
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
