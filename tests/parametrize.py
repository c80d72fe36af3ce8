# SPDX-License-Identifier: GPL-2.0-or-later
"""Cases of a test: many small ones as a single test, or a few in `make test` and the others in `make test-all`."""

import functools
import inspect
import os

import pytest

#: SANXIAN_CASE=text: run only cases whose name contains it, to debug one failure.
_WANTED_CASE = os.environ.get("SANXIAN_CASE", "")
#: Number of failures shown in full; the others are listed by name.
_MAX_SHOWN_FAILURES = 20


def first_daily(cases, count=1):
    """Return cases for `pytest.mark.parametrize`; all but the first ``count`` run in `make test-all` only.

    A tuple has the values of several parameters.
    """
    cases = list(cases)
    return [*cases[:count], *map(_mark_exhaustive, cases[count:])]


def first_of_each_daily(cases, key):
    """Return cases like `first_daily`: of the cases with one key (a function of the case), the first runs daily."""
    cases = list(cases)
    first = {key(case): number for number, case in reversed(list(enumerate(cases)))}
    return [case if first[key(case)] == number else _mark_exhaustive(case) for number, case in enumerate(cases)]


def _mark_exhaustive(case):
    if isinstance(case, type(pytest.param())):
        return pytest.param(*case.values, marks=[*case.marks, pytest.mark.exhaustive], id=case.id)
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.exhaustive)


def for_each(argument, cases, ids=None):
    """Call the decorated test once for each case, as a single test.

    All failing cases are listed. `pytest.mark.parametrize` makes one test of each case, which is slow and verbose when
    hundreds of files are compared with one rule.

    ``argument``: the test's parameter that gets the case ("a, b" for tuples). ``ids``: a name for each case, or a
    function of it. Other parameters stay fixtures. A skipped case counts as passed.
    """
    names = [name.strip() for name in argument.split(",")]
    cases = list(cases)
    known = [ids(case) for case in cases] if callable(ids) else list(ids) if ids is not None else list(map(str, cases))
    assert cases and len(known) == len(cases)

    def decorate(function):
        signature = inspect.signature(function)

        @functools.wraps(function)
        def run(**fixtures):
            failed, ran = {}, 0
            for name, case in zip(known, cases, strict=True):
                if _WANTED_CASE and _WANTED_CASE not in name:
                    continue
                ran += 1
                values = dict(zip(names, case if len(names) > 1 else (case,), strict=True))
                try:
                    function(**fixtures, **values)
                except pytest.skip.Exception:
                    continue
                except Exception as error:
                    failed[name] = f"{type(error).__name__}: {error}"
            assert ran or _WANTED_CASE, "no case was run"
            messages = "\n".join(f"{name}: {message}" for name, message in list(failed.items())[:_MAX_SHOWN_FAILURES])
            assert not failed, f"{len(failed)} of {ran} cases failed: {', '.join(failed)}\n{messages}"

        left = [p for p in signature.parameters.values() if p.name not in names]
        run.__signature__ = signature.replace(parameters=left)
        return run

    return decorate
