# SPDX-License-Identifier: GPL-2.0-or-later
"""Sums of ignored slivers (overlaps too small to report) per pair of layers.

Sums are compared with shapely. A sum above its limit is a finding.
"""

from dataclasses import asdict

import pytest
import shapely
from hypothesis import given, strategies as st

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.live.checker import IncrementalChecker
from plugin.core.engine.evaluate import choose_rules
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.model.rule import Severity, load_all_rules
from plugin.core.render.html import render_report
from plugin.core.standard import load_standard
from plugin.core.standard.messages.finding_message import SLIVER_TEXTS_KEY
from tests.core.small_plan import convert_to_source_layers, make_county_box, make_table, write_gpkg
from tests.county.measure import statutory_area

FARMLAND_ROLE, RED_LINE_ROLE, BOUNDARY_ROLE, ZONES_ROLE = "YJJBNTBHTB", "STBHHX", "CZKFBJ", "YDYHGHFQ"
#: A strip: 10 m long, 4 cm wide, below both minimums.
STRIP_LENGTH_M, STRIP_WIDTH_M = 10.0, 0.04
STRIP_M2 = STRIP_LENGTH_M * STRIP_WIDTH_M


def check_to_report(layers, *rules, **more):
    return check_plan(convert_to_source_layers(layers), RunOptions(rules=rules, **more)).report


def make_comb_overlap(count, *, features=1, wide=STRIP_WIDTH_M):
    """Return a red line and farmland that overlap in ``count`` thin strips.

    The farmland has ``features`` rows; each strip is ``wide`` metres wide.
    """
    field = make_county_box(0, 0, 3000, 3000)
    teeth = [make_county_box(20 * (n % 140), 3000 - wide - 25 * (n // 140), STRIP_LENGTH_M, wide) for n in range(count)]
    rows = [shapely.multipolygons(teeth[n::features]) for n in range(features)]
    return {FARMLAND_ROLE: make_table([field]), RED_LINE_ROLE: make_table(rows)}


def list_sliver_findings(found):
    return [f for f in found.findings if f.case == SLIVER_TEXTS_KEY]


def test_fifty_square_metres_of_slivers_on_one_feature_give_a_warning():
    few, many = (check_to_report(make_comb_overlap(n), "REL001") for n in (100, 130))
    assert list_sliver_findings(few) == [] and few.rules[0].outcome == "passed"
    (one,) = list_sliver_findings(many)
    assert one.area_m2 == pytest.approx(130 * STRIP_M2, rel=1e-3)
    assert (one.params["above"], one.params["largest_m2"]) == (2, pytest.approx(130 * STRIP_M2, rel=1e-3))


def test_lower_limit_for_ignored_slivers_in_the_county_profile_makes_their_sum_a_finding(tmp_path):
    profile = tmp_path / "own.toml"
    profile.write_text(
        'id = "own"\nname = "own"\narea_code = "140225"\n[tolerance]\nignored_feature_m2 = 10.0\n', encoding="utf-8"
    )
    assert len(list_sliver_findings(check_to_report(make_comb_overlap(30), "REL001", profile=str(profile)))) == 1


def test_sliver_ignored_by_two_rules_is_summed_once():
    found = check_to_report(make_comb_overlap(50), "REL001", "TOP008").tolerance
    assert (found["ignored_slivers"], found["ignored_area_m2"]) == (50, pytest.approx(50 * STRIP_M2, rel=1e-3))
    assert found["ignored_by_rule"] == {"REL001": {"count": 50, "area_m2": found["ignored_area_m2"]}}
    (pair,) = found["ignored_pairs"]
    assert (pair["rule"], pair["exceeds"], len(pair["features"])) == ("REL001", False, 2)


def test_sliver_under_two_features_is_summed_once_in_total_and_once_per_feature():
    strip = make_county_box(0, 99.96, STRIP_LENGTH_M, 0.04)
    longer = make_county_box(5, 99.96, STRIP_LENGTH_M, 0.04)
    layers = {FARMLAND_ROLE: make_table([make_county_box(0, 0)]), RED_LINE_ROLE: make_table([strip, strip, longer])}
    (pair,) = check_to_report(layers, "REL001").tolerance["ignored_pairs"]
    union = statutory_area([shapely.union_all([strip, longer])])[0]
    assert pair["area_m2"] == pytest.approx(union, abs=1e-4)
    on = {(one["role"], one["key"][-1]): one["area_m2"] for one in pair["features"]}
    assert on[FARMLAND_ROLE, "1"] == pytest.approx(union, abs=1e-4)
    for key in "123":
        assert on[RED_LINE_ROLE, key] == pytest.approx(STRIP_M2, rel=1e-2)


def test_sums_of_ignored_slivers_by_township_add_up_to_the_total():
    townships = make_table(
        [make_county_box(-10, -10, 1410, 4000), make_county_box(1400, -10, 2000, 4000)],
        XZQDM=["140225100", "140225101"],
        XZQMC=["甲镇", "乙镇"],
    )
    (pair,) = check_to_report(make_comb_overlap(140) | {"XZQXZ": townships}, "REL001").tolerance["ignored_pairs"]
    assert {one["name"]: one["count"] for one in pair["townships"]} == {"甲镇": 70, "乙镇": 70}
    assert sum(one["area_m2"] for one in pair["townships"]) == pytest.approx(pair["area_m2"])


def test_sum_of_ignored_slivers_below_its_limit_is_only_information():
    found = check_to_report(make_comb_overlap(200), "TOP008")
    assert {(f.code, f.severity) for f in list_sliver_findings(found)} == {("TOP008", Severity.INFO)}


def test_slivers_ignored_by_each_geometry_operation_give_one_finding_with_their_total_area():
    """Check one rule for each geometry operation that leaves out small parts."""
    teeth = shapely.union_all([make_county_box(20 * n + 5, 99.96, STRIP_LENGTH_M, 0.04) for n in range(140)])
    field = make_county_box(0, 0, 3000, 99.96)
    grown = shapely.union_all([field, teeth])
    bitten = shapely.difference(make_county_box(0, 0, 3000, 100), teeth)
    codes = {"GHFQDM": ["100"], "GHFQMC": ["生态保护区"]}
    cases = {
        "TOP001": {FARMLAND_ROLE: make_table([make_county_box(0, 0, 3000, 100), teeth])},
        "TOP003": {FARMLAND_ROLE: make_table([grown]), "XZQX": make_table([field])},
        "TOP002": {"XZQX": make_table([grown]), ZONES_ROLE: make_table([field], **codes)},
        "REL004": {RED_LINE_ROLE: make_table([grown]), ZONES_ROLE: make_table([field], **codes)},
        "TOP004": {FARMLAND_ROLE: make_table([bitten, make_county_box(0, 100, 3000, 100)])},
    }
    assert all(len(shapely.get_parts(shape)) == 140 for shape in [teeth])
    for code, layers in cases.items():
        # Uncovered parts are on no feature of the county's outline, therefore the limit of the pair applies.
        found = check_to_report(layers, code, tolerance=Tolerance(ignored_pair_m2=50.0) if code == "TOP002" else None)
        assert [f.code for f in list_sliver_findings(found)] == [code], code
        assert list_sliver_findings(found)[0].area_m2 == pytest.approx(140 * STRIP_M2, rel=1e-3), code


def test_slivers_that_a_control_line_lost_since_the_sealed_baseline_give_one_warning_with_their_sum(tmp_path):
    line = make_county_box(0, 0, 3000, 100)
    teeth = shapely.union_all([make_county_box(20 * n + 5, 99.96, STRIP_LENGTH_M, STRIP_WIDTH_M) for n in range(140)])
    baseline = write_gpkg(tmp_path / "sealed.gpkg", {RED_LINE_ROLE: make_table([line])})
    source = write_gpkg(tmp_path / "plan.gpkg", {RED_LINE_ROLE: make_table([shapely.difference(line, teeth)])})
    found = check_plan(source, RunOptions(rules=("LAW017",), baseline=str(baseline))).report
    (one,) = list_sliver_findings(found)
    assert (one.params["kind"], one.params["count"], one.severity) == ("sealed", 140, Severity.WARNING)
    assert one.area_m2 == pytest.approx(140 * STRIP_M2, rel=1e-2)
    (pair,) = found.tolerance["ignored_pairs"]
    assert pair["sealed"] and [feature["sealed"] for feature in pair["features"]] == [True]


def test_live_check_of_an_edit_neither_replaces_nor_repeats_the_finding_on_ignored_slivers():
    checked = check_plan(convert_to_source_layers(make_comb_overlap(140)), RunOptions(rules=("REL001",)))
    (one,) = list_sliver_findings(checked.report)
    live = IncrementalChecker(checked.plan, choose_rules(("REL001",)))
    answer = live.recheck_change(live.edit_row(RED_LINE_ROLE, 0, make_county_box(5000, 5000)))
    assert not answer.may_replace_finding(one) and answer.new_findings == []


def test_report_page_names_the_layers_count_and_area_of_ignored_slivers():
    checked = check_plan(convert_to_source_layers(make_comb_overlap(140)), RunOptions(rules=("REL001",)))
    page = render_report(checked.report, checked.plan.norm)
    area = f"{checked.report.tolerance['ignored_area_m2']:.2f}\xa0m²"
    for text in ("永久基本农田保护图斑 × 生态保护红线", f'<td class="r nw">{area}</td>', "单个要素合计限值"):
        assert text in page, text


def test_farmland_zone_rule_states_the_sum_of_small_parts_outside_and_warns_if_it_is_large():
    plots = [make_county_box(200 * n, 0, 100, 100) for n in range(5)]
    layers = {
        FARMLAND_ROLE: make_table([make_county_box(0, 1000, 9000, 1000), *plots]),
        ZONES_ROLE: make_table(
            [make_county_box(0, 1000, 9000, 1000), make_county_box(0, 0, 9000, 1000)],
            GHFQDM=["300", "500"],
            GHFQMC=["", ""],
        ),
    }
    found = check_to_report(layers, "REL006")
    assert "5 处" in found.rules[0].reason and "0.55" in found.rules[0].reason
    assert found.findings == []
    layers[FARMLAND_ROLE] = make_table(
        [make_county_box(0, 1000, 9000, 1000), *(make_county_box(200 * n, 0, 180, 180) for n in range(5))]
    )
    (one,) = check_to_report(layers, "REL006").findings
    assert (one.case, one.severity, one.params["count"]) == ("scattered", Severity.WARNING, 5)
    assert one.area_m2 == pytest.approx(statutory_area(list(layers[FARMLAND_ROLE].geometry[1:])).sum(), abs=0.01)


@given(st.data())
def test_sum_of_random_slivers_equals_the_area_of_their_union(data):
    """Compare the sum with shapely for strips and parcels that may overlap each other."""
    place = st.tuples(st.integers(0, 8), st.integers(0, 3))
    rows = data.draw(st.lists(st.lists(place, min_size=1, max_size=4, unique=True), min_size=1, max_size=5))
    drawn = [
        shapely.union_all([make_county_box(14 * x + y, 40, STRIP_LENGTH_M, STRIP_WIDTH_M) for x, y in row])
        for row in rows
    ]
    fields = (
        [make_county_box(0, 0), make_county_box(50, 0)] if data.draw(st.booleans()) else [make_county_box(0, 0, 150)]
    )
    layers = {FARMLAND_ROLE: make_table(fields), RED_LINE_ROLE: make_table(drawn)}
    found = check_to_report(layers, "REL001").tolerance
    limits = Tolerance()
    cut = [
        (n, m, part)
        for n, one in enumerate(drawn)
        for m, field in enumerate(fields)
        for part in shapely.get_parts(shapely.intersection(one, field))
        if part.area > 0 and limits.is_sliver(part.area, 2 * part.area / part.length)
    ]
    union = shapely.union_all([part for _, _, part in cut])
    assert found["ignored_area_m2"] == pytest.approx(statutory_area([union])[0] if cut else 0.0, abs=1e-3)
    for pair in found["ignored_pairs"]:
        for one in pair["features"]:
            side = 0 if one["role"] == RED_LINE_ROLE else 1
            row = layers[one["role"]]["BSM"].tolist().index(one["key"])
            own = shapely.union_all([piece[2] for piece in cut if piece[side] == row])
            assert one["area_m2"] == pytest.approx(statutory_area([own])[0], abs=1e-3)


def test_core_code_ignores_small_parts_only_where_their_area_is_summed_or_exempt():
    """Search the source for size limits outside the context that sums ignored parts."""
    from pathlib import Path

    import plugin.core

    root = Path(plugin.core.__file__).parent
    # Places of the exceptions, with the reason why no area is lost.
    declared = {
        "geometry/tolerance.py": "the definition",
        "engine/explanation.py": "names a setting",
        "geometry/overlay_pieces.py": "keeps them in Parts.slivers",
        "geometry/coverage.py": "gaps wider than asked are another rule's; slivers are kept",
        "render/versions/compare.py": "keeps them in Comparison.slivers",
        "studies/yearly/update.py": "the balance counts them",
        "counties/seams/border.py": "counts them in SeamPair.sliver_count; no area of a county depends on them",
        "counties/seams/seam_result.py": "reads the limits from the settings",
        "figures/indicators/ratio.py": "a number of windows, no area",
        "rules/top/top001_002_003_004_006_007_overlaps_and_gaps.py": "which copies are one finding, the others overlaps",
        "rules/geo/geo005_006_007_008_009_010_drawing_flaws.py": "which of two rules lists a hole",
        "rules/top/top005_008_edges_drawn_twice.py": "states the limits in its message",
        "rules/rel/rel010_011_layers_in_conflict.py": "states the limits in its message",
        "rules/att/att001_004_005_006_024_keys_and_numbers.py": "which remedy the message names",
        "rules/top/top009_windows.py": "which layers fill a window; GEO006 has the others",
        "studies/yearly/rules/doc020_022_maintenance_changes.py": "notes them with ctx.run_log",
        "studies/proposals/boundary_parts.py": "joins them to their neighbours",
        "studies/proposals/boundary_land.py": "which land is too small to be taken in",
        "studies/proposals/propose_boundary.py": "parts that a cut leaves; the areas of cells count them",
        "studies/proposals/draft_differences.py": "which places are listed; the sums of drafts count them",
        "studies/proposals/draft_figures.py": "which parts are counted and which is the smallest, no area",
        "studies/proposals/supplement_demand.py": "land outside townships up to it stays with its township",
        "studies/projects/lower_plan.py": "the sums are stated, whatever their size",
        # A project's land below the limits counts as not occupied, and its area is stated (`LineItem.touched_m2`).
        "studies/projects/occupied.py": "the definition for the land of a project, also whether heritage is occupied",
        "studies/projects/lines_and_zones.py": "states them in LineItem.touched_m2; the area of zones is the shape's",
        "studies/projects/project_list.py": "which projects of the list occupy a line, and which overlap",
        "studies/projects/review.py": "whether a project is in the county, and which townships a note names",
        # Land of fixes is in the area balance of their proposals (`AreaChange.imbalance_m2`).
        "fixes/shapes.py": "slivers that a cut leaves",
        "fixes/state.py": "whether land fills a hole",
        "fixes/differences.py": "by how much a finding may grow",
        "fixes/judge.py": "how large a safe change may be",
        "fixes/declared/single_features.py": "which holes are filled without a question",
        "fixes/declared/adjacent_features.py": "whether a gap is filled by now",
    }
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in ("is_sliver(", "tolerance.min_area_m2"))
    }
    assert found == declared.keys()


def test_rules_that_ignore_small_parts_declare_the_tolerance_setting():
    standard = load_standard()
    assert standard.marks["tolerance"] == "C"
    assert {f"tolerance.{key}" for key in asdict(Tolerance())} <= standard.settings.keys()
    for rule in load_all_rules().values():
        code = rule.function.__code__
        if {"shared", "uncovered", "gaps", "uncovered_shape", "gaps_between"} & set(code.co_names):
            assert "tolerance" in rule.uses, rule.code
