# SPDX-License-Identifier: GPL-2.0-or-later
"""A Python for other processes is used only after it imported what they need."""

import os
import sys

import pytest

from plugin.core.cancellation import Cancellation
from plugin.core.errors import Cancelled
from plugin.core.parallel import python_program
from plugin.core.parallel.python_program import find_python_program

MODULES = ("csv", "plugin.core.errors")


@pytest.fixture
def candidates(monkeypatch, tmp_path):
    """Offer no program; return a function that makes a shell script a candidate."""
    paths = []
    monkeypatch.setattr(python_program, "_list_candidates", lambda: tuple(paths))

    def add(name, script):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        paths.append(str(path))
        return str(path)

    return add


def test_the_running_python_is_found():
    assert find_python_program(MODULES) == sys.executable


def test_the_first_program_that_imports_the_modules_is_found_and_tried_once(candidates, tmp_path):
    candidates("broken", "exit 3")
    wanted = candidates("python 程序", f'echo >> "{tmp_path}/starts"; exec "{sys.executable}" "$@"')
    candidates("never tried", f'echo >> "{tmp_path}/starts"; exit 0')
    assert find_python_program(MODULES) == find_python_program(MODULES) == wanted
    assert len((tmp_path / "starts").read_text().splitlines()) == 1


def test_no_program_is_found_without_one_that_imports_the_modules(candidates):
    candidates("python", f'exec "{sys.executable}" "$@"')
    candidates("other version", "exit 1")
    assert find_python_program(("no.such.module",)) == ""


def test_search_can_be_cancelled_and_ends_the_program(candidates, tmp_path):
    candidates("slow", f'echo $$ > "{tmp_path}/pid"; exec sleep 60')
    with pytest.raises(Cancelled):
        find_python_program(MODULES, Cancellation((tmp_path / "pid").exists))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert not [program for program, _modules in python_program._results if program.endswith("slow")]


def test_a_program_that_took_too_long_is_tried_again(candidates, tmp_path, monkeypatch):
    monkeypatch.setattr(python_program, "_TRIAL_SECONDS", 0.3)
    first = f'[ -e "{tmp_path}/begun" ] || {{ touch "{tmp_path}/begun"; exec sleep 60; }}'
    wanted = candidates("busy", f"{first}; exit 0")
    assert find_python_program(MODULES) == ""
    monkeypatch.setattr(python_program, "_TRIAL_SECONDS", 20.0)
    assert (tmp_path / "begun").exists() and find_python_program(MODULES) == wanted
