# SPDX-License-Identifier: GPL-2.0-or-later
"""The county of a plan is that of most rows, by the field of its code, else by the keys."""

from plugin.core.checks.check import RunOptions
from plugin.core.plan.loading.reading import read_plan
from tests.core.small_plan import convert_to_source_layers, make_county_box, make_table


def test_blank_field_of_the_county_code_leaves_the_keys_to_decide():
    table = make_table([make_county_box(0, 0)], BSM=["140221000000000001"], XZQDM=[""])
    options = RunOptions(profile="shanxi")
    plan = read_plan(convert_to_source_layers({"CZKFBJ": table}), options.resolve_norm(), options)
    assert plan.area_code == "140221" and plan.is_area_code_from_data
