# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of a small exported package, one for each module of tests."""

import shutil
from pathlib import Path

import pytest

from plugin.core.plan.loading.assembly import assemble_plan
from tests.core.package.package_copies import (
    COUNTY_OPTIONS,
    PACKAGE_ROOT,
    PACKAGE_RULES,
    export_small_package,
    inspect_findings,
    write_geopackage_spec,
)
from tests.core.package.test_table_figures import make_complete_layers
from tests.core.small_plan import convert_to_source_layers


@pytest.fixture(scope="module")
def geopackage_spec(tmp_path_factory):
    return write_geopackage_spec(tmp_path_factory.mktemp("样式"))


@pytest.fixture(scope="module")
def exported_package(tmp_path_factory, geopackage_spec):
    return export_small_package(tmp_path_factory.mktemp("成果"), geopackage_spec)


@pytest.fixture(scope="module")
def assembled_plan():
    """Return the plan that was exported, with layers in memory."""
    return assemble_plan(convert_to_source_layers(make_complete_layers()), COUNTY_OPTIONS.resolve_norm(), source="x")


@pytest.fixture
def copied_package(exported_package, tmp_path):
    return Path(shutil.copytree(exported_package, tmp_path / PACKAGE_ROOT))


@pytest.fixture(scope="module")
def unchanged_findings(exported_package, geopackage_spec, assembled_plan):
    """Return the findings on the unchanged package, by (rule code, message case)."""
    return inspect_findings(exported_package, geopackage_spec, assembled_plan, [*PACKAGE_RULES, "DOC011"])
