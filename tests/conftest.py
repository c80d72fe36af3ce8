# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings and test order for the whole test suite."""

import gc
import os
import re

import pytest
from hypothesis import settings

# On a busy machine an example may take longer than any limit.
settings.register_profile("sanxian", deadline=None)
settings.load_profile("sanxian")

# SQLite would wait for the disk at each of thousands of small databases. Tests do not need that: a test that kills a
# writer reads the data passed to the system, and no test simulates a power failure.
os.environ.setdefault("OGR_SQLITE_SYNCHRONOUS", "OFF")

#: The slowest files in the order of their start. Tests of the desktop mostly wait, therefore they alternate with others.
SLOW_FILES = (
    "tests/desktop/test_package.py",
    "tests/mutations/test_mutations.py",
    "tests/core/package/test_export.py",
    "tests/desktop/test_desktop.py",
    "tests/core/package/test_inspect.py",
    "tests/qgis/test_export_maps.py",
    "tests/desktop/test_wizard.py",
    "tests/qgis/test_package_maps.py",
    "tests/core/render/test_many_findings.py",
    "tests/desktop/test_waivers.py",
    "tests/core/package/test_bad_input.py",
    "tests/core/package/test_forged.py",
    "tests/desktop/test_results.py",
    "tests/cases/test_threads.py",
    "tests/qgis/test_inspect_package.py",
    "tests/desktop/test_maps.py",
    "tests/qgis/test_live.py",
    "tests/qgis/test_export_package.py",
    "tests/desktop/test_selected.py",
    "tests/mutations/test_through_a_database.py",
    "tests/mutations/test_live.py",
    "tests/desktop/test_keys.py",
    "tests/core/package/test_dataset_comparison.py",
    "tests/plans/test_golden.py",
    "tests/qgis/test_new_county.py",
    "tests/shape/test_package.py",
    "tests/core/package/test_receiver_rules.py",
)
#: Files that read the same checks of the sample (tests/sample.py) run in one process.
OF_THE_SAMPLE = (
    "tests/plans/test_golden.py",
    "tests/plans/test_all_rules.py",
    "tests/plans/test_sample_county.py",
    "tests/core/engine/test_rule_groups.py",
    "tests/core/engine/test_run_order.py",
    "tests/core/exchange/vct/test_check_after_import.py",
    "tests/core/heritage/test_heritage_list.py",
    "tests/core/render/test_json.py",
    "tests/core/test_county_generator.py",
)
#: Files shared by several processes, with the key of their parts.
SHARED_FILES = {"tests/mutations/test_mutations.py": re.compile(r"\[(?:DOC00|DOC|LAW|)")}


def pytest_collection_modifyitems(items):
    """Start slow files first, so that all processes end at about the same time."""
    order = {name: place for place, name in enumerate(SLOW_FILES)}
    items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(order)))


def pytest_collection_finish():
    """Exclude all objects that exist after collection from garbage collections."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Return one process more than there are processors.

    Tests that start a program mostly wait for it.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Run the tests of one file in one process, except for a few long files."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            if file in OF_THE_SAMPLE:
                return "the sample"
            part = SHARED_FILES[file].search(nodeid) if file in SHARED_FILES else None
            return file if part is None else f"{file} {part.group()}"

    return Scheduling(config, log)
