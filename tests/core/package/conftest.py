# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of a small exported package, one for each module of tests."""

import shutil
from pathlib import Path

import pytest

from plugin.core.checks.check import check_plan
from plugin.core.package.export import ExportOrder, export_package
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.plan.loading.assembly import assemble_plan
from tests.core.package.package_copies import COUNTY_OPTIONS, PACKAGE_ROOT, PACKAGE_RULES, inspect_findings
from tests.core.package.test_table_figures import make_complete_layers
from tests.core.package_fixtures import write_documents
from tests.core.small_plan import convert_to_source_layers


@pytest.fixture(scope="module")
def geopackage_spec(tmp_path_factory):
    path = tmp_path_factory.mktemp("样式") / "form.toml"
    path.write_text(load_package_spec("county").path.read_text("utf-8").replace("数据.gdb", "数据.gpkg"), "utf-8")
    return load_package_spec(path)


@pytest.fixture(scope="module")
def exported_package(tmp_path_factory, geopackage_spec):
    """Return a package of a small county with errors, exported by force."""
    folder = tmp_path_factory.mktemp("成果")
    return export_package(
        check_plan(convert_to_source_layers(make_complete_layers()), COUNTY_OPTIONS),
        ExportOrder(geopackage_spec, folder, write_documents(folder / "文档"), is_forced=True),
    ).path


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
