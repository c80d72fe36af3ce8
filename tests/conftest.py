# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings and test order for the whole test suite."""

import gc
import os
import re

import pytest
from hypothesis import HealthCheck, settings

# On a busy machine an example may take longer than any limit. `make test-all` has the other profile.
for profile, examples in (("daily", 20), ("exhaustive", 100)):
    settings.register_profile(
        profile,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        max_examples=examples,
    )
settings.load_profile("daily")

# SQLite would wait for the disk at each of thousands of small databases. Tests do not need that: a test that kills a
# writer reads the data passed to the system, and no test simulates a power failure.
os.environ.setdefault("OGR_SQLITE_SYNCHRONOUS", "OFF")

#: The slowest files in the order of their start. Tests of the desktop mostly wait, therefore they alternate with others.
SLOW_FILES = (
    "tests/desktop/test_new_county.py",
    "tests/metamorphic/test_metamorphic.py",
    "tests/mutations/test_mutations.py",
    "tests/core/package/test_export.py",
    "tests/desktop/test_package.py",
    "tests/plans/test_golden.py",
    "tests/core/package/test_inspect.py",
    "tests/desktop/test_desktop.py",
    "tests/qgis/test_export_maps.py",
    "tests/core/counties/test_batch.py",
    "tests/desktop/test_everyday.py",
    "tests/core/package/test_bad_input.py",
    "tests/core/counties/test_dask.py",
    "tests/core/fixes/test_fix_properties.py",
    "tests/desktop/test_half_hour.py",
    "tests/core/fixes/test_previews_and_written_copies.py",
    "tests/core/package/test_honest_mistakes.py",
    "tests/qgis/test_package_maps.py",
    "tests/core/render/test_many_findings.py",
    "tests/desktop/test_fixing.py",
    "tests/cases/test_threads.py",
    "tests/qgis/test_export_package.py",
    "tests/mutations/test_live.py",
    "tests/desktop/test_readable.py",
    "tests/mutations/test_through_a_database.py",
    "tests/core/package/test_dataset_comparison.py",
    "tests/shape/test_package.py",
    "tests/desktop/test_keys.py",
    "tests/core/package/test_receiver_rules.py",
    "tests/shape/test_names_in_prose.py",
)
#: Files that read the same checks of the sample (tests/sample.py) run in one process.
OF_THE_SAMPLE = (
    "tests/plans/test_golden.py",
    "tests/plans/test_all_rules.py",
    "tests/plans/test_sample_county.py",
    "tests/core/engine/test_run_order.py",
    "tests/core/figures/heritage/test_heritage_list.py",
    "tests/core/render/test_json.py",
    "tests/core/test_county_generator.py",
)
#: Files that read the same syntax trees of the code (tests/shape/syntax.py) run in one process.
OF_THE_CODE = (
    "tests/shape/test_attributes.py",
    "tests/shape/test_docstrings.py",
    "tests/shape/test_language.py",
    "tests/shape/test_module_names.py",
    "tests/shape/test_names_in_prose.py",
    "tests/shape/test_references.py",
    "tests/shape/test_shape.py",
)
#: Files that read the same reports of rule examples (tests/rule_examples.py) run in one process.
OF_THE_EXAMPLES = (
    "tests/core/rules/test_rule_examples.py",
    "tests/core/standard/test_setting_marks.py",
    "tests/core/standard/messages/test_figures.py",
    "tests/shape/test_sources_of_rules.py",
    "tests/upgrade/test_finding_figures.py",
)
GROUPS = {
    **dict.fromkeys(OF_THE_SAMPLE, "the sample"),
    **dict.fromkeys(OF_THE_CODE, "the code"),
    **dict.fromkeys(OF_THE_EXAMPLES, "the examples"),
}
#: Files shared by several processes, with the key of their parts.
SHARED_FILES = {
    "tests/mutations/test_mutations.py": re.compile(r"\[(?:DOC00|DOC|LAW|)"),
    "tests/metamorphic/test_metamorphic.py": re.compile(r"\[part \d"),
}


def order_files(files):
    """Return files in the order of their start: slow files first, so that all processes end at about the same time.

    The other files of the desktop are spread over the others: while all processes wait for a desktop, none computes.
    """
    slow = [file for file in SLOW_FILES if file in files]
    rest = [file for file in files if file not in SLOW_FILES]
    desktop = [file for file in rest if file.startswith("tests/desktop/")]
    others = [file for file in rest if file not in desktop]
    # Each file has its place in a run of length 1.
    places = {file: (place + 0.5) / len(some) for some in (desktop, others) for place, file in enumerate(some)}
    return [*slow, *sorted(rest, key=places.__getitem__)]


def pytest_collection_modifyitems(items):
    """Sort the tests by the order of their files."""
    files = dict.fromkeys(item.nodeid.partition("::")[0] for item in items)
    order = {file: place for place, file in enumerate(order_files(files))}
    items.sort(key=lambda item: order[item.nodeid.partition("::")[0]])


def pytest_collection_finish():
    """Exclude all objects that exist after collection from garbage collections, and collect less often.

    Syntax trees of the code have millions of objects that live as long as their tests. The end of a live check would
    include them all again (`CollectionExclusion.end`), so that each later collection takes a second.
    """
    gc.collect()
    gc.freeze()
    gc.unfreeze = lambda: None
    gc.set_threshold(100_000, 20, 100)


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
            if file in GROUPS:
                return GROUPS[file]
            part = SHARED_FILES[file].search(nodeid) if file in SHARED_FILES else None
            return file if part is None else f"{file} {part.group()}"

    return Scheduling(config, log)
