# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages name the overlaps of control lines at their place, and only those."""

from plugin.core.examples.plans import make_example_plan
from plugin.core.messages.texts import Texts
from plugin.core.model.rule import load_all_rules
from plugin.core.results.run import run_check

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
REMOTE_SQUARE_WKT = "POLYGON ((6000 0, 6100 0, 6100 100, 6000 100, 6000 0))"
FAR_SQUARE_WKT = "POLYGON ((3000 0, 3100 0, 3100 100, 3000 100, 3000 0))"


def check_lines(farmland_wkt, codes=("REL001", "REL004")):
    """Return the finding on a red line outside every protection zone, and the plan."""
    layers = {
        "zones": [{"wkt": SQUARE_WKT, "zone_code": "300"}],
        "red_line": [SQUARE_WKT],
        "farmland": [farmland_wkt],
        "boundary": [REMOTE_SQUARE_WKT],
    }
    plan = make_example_plan(layers)
    report = run_check(plan, [load_all_rules()[code] for code in codes])
    (finding,) = [one for one in report.findings if one.code == "REL004"]
    return finding, plan


def test_message_advises_to_resolve_a_control_line_overlap_found_at_the_same_place_first():
    finding, _ = check_lines(SQUARE_WKT)
    assert "此处有永久基本农田与生态保护红线重叠（REL001，…000001），请先处理并重新检查。请对照" in finding.message


def test_message_does_not_advise_to_resolve_overlaps_first_if_none_is_at_the_same_place():
    message = check_lines(FAR_SQUARE_WKT, codes=("REL001", "REL002", "REL003", "REL004"))[0].message
    assert "先处理" not in message


def test_message_advises_to_resolve_overlaps_if_any_are_listed_when_the_overlap_rules_did_not_run():
    message = check_lines(SQUARE_WKT, codes=("REL004",))[0].message
    assert "请先处理" not in message and "此处另列有控制线重叠（REL001–REL003）的，先处理重叠。" in message


def test_message_of_a_live_check_advises_to_resolve_overlaps_if_any_are_listed():
    finding, plan = check_lines(SQUARE_WKT)
    del finding.params["shown"]["overlaps"]
    message = Texts("zh").format_message(finding, plan.norm.standard.templates)
    assert "此处另列有控制线重叠（REL001–REL003）的，先处理重叠。" in message


def test_message_on_a_fragment_below_one_square_metre_mentions_the_overlap_that_covers_it():
    fragment_wkt = "POLYGON ((99.7 0, 100.7 0, 100.7 1.2, 99.7 1.2, 99.7 0))"
    layers = {"red_line": [SQUARE_WKT], "farmland": [fragment_wkt], "GDBHMB": [fragment_wkt]}
    layers |= {"boundary": [REMOTE_SQUARE_WKT]}
    rules = [load_all_rules()[code] for code in ("REL001", "REL002", "REL003", "REL010")]
    (finding,) = [one for one in run_check(make_example_plan(layers), rules).findings if one.code == "REL010"]
    assert finding.area_m2 < 1 and "此处宽度不小于容差" in finding.message
    assert "此处有永久基本农田与生态保护红线重叠（REL001，…000001），请先处理并重新检查。" in finding.message
