# SPDX-License-Identifier: GPL-2.0-or-later
"""Checking only what an edit touches gives the findings of a full check."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from plugin.core.check import RunOptions
from plugin.core.engine.evaluate import choose_rules
from plugin.core.examples.plans import make_example_plan
from plugin.core.geometry import overlay
from plugin.core.geometry.polygons import MAX_UNCLIPPED_VERTICES
from plugin.core.geometry.similar_polygons import subtract_similar_polygon
from plugin.core.io import read_source
from plugin.core.live import IncrementalChecker
from plugin.core.loading.assembly import assemble_plan
from plugin.core.messages.texts import Texts
from plugin.core.results.run import run_check
from plugin.core.standard import load_standard
from plugin.paths import RESOURCES_FOLDER
from tests.parametrize import first_daily

pytestmark = pytest.mark.slow  # checks the whole sample many times

EDITED_ROLES = ("DLTB", "YJJBNTBHTB", "STBHHX", "CZKFBJ", "YDYHGHFQ", "XZQXZ", "LSWHBHX")
EDIT_COUNT = 40
#: Cases that only a whole check finds: the share of all farmland, and the county's outline.
MEASURES_OF_WHOLE_LAYERS = ("share", "townships", "parcels")
#: Codes with another meaning, and an invalid one.
CODE_VALUES_TO_SET = {
    "DLTB": {"DLBM": ["0103", "0601", "0301", "999"]},
    "YJJBNTBHTB": {"DLBM": ["0103", "0601", ""]},
    "STBHHX": {"XZQDM": ["140225", "1402"]},
    "CZKFBJ": {"GHFQDM": ["411", "421", "431", "999"]},
    "YDYHGHFQ": {"GHFQDM": ["100", "300", "411", "500", "999"]},
    "XZQXZ": {"XZQMC": ["某镇"]},
    "LSWHBHX": {"MC": ["某寺核心保护范围"]},
}


@pytest.fixture(scope="module")
def sample_sources():
    norm = RunOptions(profile="hunyuan").resolve_norm()
    sources = read_source(RESOURCES_FOLDER / "sample" / "county.gpkg")
    # Default rules and local rules that run by name; TOP003 and TOP001 replace some of their cases.
    names = (
        *norm.standard.rules,
        *norm.expand_groups(["quality", "attributes"]),
        "REL010",
        "REL021",
        "REL023",
        "REL030",
    )
    return norm, sources, [rule for rule in choose_rules(names) if rule.local]


def run_full_check(norm, sources, rules):
    plan = assemble_plan(sources, norm)
    return plan, run_check(plan, rules).findings


def measure_findings(findings):
    """Return measures and message of each finding by fingerprint.

    Townships in the findings are ignored, because the test edits townships too. So are overlaps of control lines that a
    message of a full check names at its place: a check of an edit names none, and its message has a condition.
    """
    for finding in findings:
        if "overlaps" in finding.params.get("shown", {}):
            del finding.params["shown"]["overlaps"]
            finding.message = Texts("zh").format_message(finding, load_standard("county_db").templates)
    return {
        (f.code, f.fingerprint, f.case): (
            round(f.area_m2 or 0.0, 3), round(f.net_area_m2 or 0.0, 3), str(f.severity), f.message)
        for f in findings
        if f.case not in MEASURES_OF_WHOLE_LAYERS
    }  # fmt: skip


def edit_shape_at_random(shape, chance):
    """Return a randomly edited shape: a vertex moved, all moved, cut, emptied, crossed."""
    how = chance.choice(["vertex", "vertex", "vertex", "shift", "cut", "grow", "delete", "bow"])
    if how == "delete":
        return None
    if how == "shift":
        return shapely.transform(shape, lambda xy: xy + chance.uniform(-60, 60, 2))
    if how == "grow":
        return shapely.buffer(shape, float(chance.uniform(5, 60)), join_style="mitre")
    if how == "cut":
        xmin, ymin, xmax, ymax = shape.bounds
        return shapely.intersection(shapely.make_valid(shape), shapely.box(xmin, ymin, (xmin + xmax) / 2, ymax))
    rings = [np.array(r.coords) for p in shapely.get_parts([shape]) for r in (p.exterior,)]
    ring = rings[0]
    if how == "bow" and len(ring) > 5:
        ring[[1, 2]] = ring[[2, 1]]
        return shapely.Polygon(ring)
    ring[1 + chance.integers(len(ring) - 2)] += chance.uniform(-40, 40, 2)
    return shapely.Polygon(ring)


@pytest.mark.slow
@pytest.mark.parametrize("seed", first_daily(range(3)))
def test_incremental_check_of_single_edits_gives_the_findings_of_a_full_check(sample_sources, seed):
    norm, sources, rules = sample_sources
    chance = np.random.default_rng(seed)
    plan, findings = run_full_check(norm, sources, rules)
    live = IncrementalChecker(plan, rules)
    frames = {role: plan.layers[role].frame.copy() for role in EDITED_ROLES}
    for _ in range(EDIT_COUNT):
        role = str(chance.choice(EDITED_ROLES))
        frame = frames[role]
        row = int(chance.integers(len(frame)))
        shape = frame.geometry.iloc[row]
        if shape is None or shape.is_empty or shape.geom_type not in ("Polygon", "MultiPolygon"):
            continue
        if chance.random() < 0.2:
            codes = CODE_VALUES_TO_SET[role]
            column = str(chance.choice(list(codes)))
            value = str(chance.choice(codes[column]))
            frame.loc[frame.index[row], column] = value
            answer = live.edit_row(role, row, **{column: value})
            findings = [f for f in findings if not answer.may_replace_finding(f)] + answer.new_findings
            continue
        new = edit_shape_at_random(shape, chance)
        frame.loc[frame.index[row], frame.geometry.name] = new
        answer = live.edit_row(role, row, new)
        findings = [f for f in findings if not answer.may_replace_finding(f)] + answer.new_findings
    edited = [
        replace(source, frame=frames[role]) if (role := get_role_of_source(plan, source)) in frames else source
        for source in sources
    ]
    _, expected = run_full_check(norm, edited, rules)
    ours, theirs = measure_findings(findings), measure_findings(expected)
    assert ours.keys() == theirs.keys()
    assert ours == theirs
    assert len(theirs) > 20


def test_moved_vertices_of_a_large_red_line_give_the_findings_of_a_full_check(sample_sources, monkeypatch):
    norm, sources, rules = sample_sources
    chance = np.random.default_rng(7)
    frames = {source.name: source.frame.copy() for source in sources if source.name in ("STBHHX", "YDYHGHFQ")}
    lines, zones = frames["STBHHX"], frames["YDYHGHFQ"]
    row = int(np.argmax(shapely.get_num_coordinates(lines.geometry.to_numpy())))
    shape = lines.geometry.iloc[row]
    assert shapely.get_num_coordinates(shape) > MAX_UNCLIPPED_VERTICES
    # The zone under the line is drawn as a copy of it.
    shared_areas = shapely.area(shapely.intersection(zones.geometry.to_numpy(), shape))
    zone_row = int(np.argmax(np.where(zones["GHFQDM"] == "100", shared_areas, 0)))
    zones.loc[zones.index[zone_row], zones.geometry.name] = shape
    edited = [replace(source, frame=frames.get(source.name, source.frame)) for source in sources]
    plan, findings = run_full_check(norm, edited, rules)
    live = IncrementalChecker(plan, rules)
    differences = []

    def record_difference(minuend, subtrahend):
        differences.append(subtract_similar_polygon(minuend, subtrahend))
        return differences[-1]

    monkeypatch.setattr(overlay, "subtract_similar_polygon", record_difference)
    for _ in range(12):
        ring = np.array(shape.exterior.coords)
        ring[1 + chance.integers(len(ring) - 2)] += chance.uniform(-40, 40, 2)
        shape = shapely.Polygon(ring, shape.interiors)
        answer = live.edit_row("STBHHX", row, shape)
        findings = [f for f in findings if not answer.may_replace_finding(f)] + answer.new_findings
    assert sum(parts is not None and len(parts) > 0 for parts in differences) >= 12
    lines.loc[lines.index[row], lines.geometry.name] = shape
    edited = [replace(source, frame=frames.get(source.name, source.frame)) for source in sources]
    _, expected = run_full_check(norm, edited, rules)
    assert measure_findings(findings) == measure_findings(expected)


def get_role_of_source(plan, source):
    return next((role for role, layer in plan.layers.items() if layer.source is source), "")


def test_undone_edit_restores_the_findings_and_leaves_the_plan_unchanged(sample_sources):
    norm, sources, rules = sample_sources
    plan, findings = run_full_check(norm, sources, rules)
    before = shapely.to_wkb(plan.layers["DLTB"].plane_shapes)
    live = IncrementalChecker(plan, rules)
    shape = plan.layers["DLTB"].frame.geometry.iloc[7]
    first = live.edit_row("DLTB", 7, shapely.transform(shape, lambda xy: xy + 30.0))
    assert {f.code for f in first.new_findings} >= {"TOP001"}
    second = live.edit_row("DLTB", 7, shape)
    after = [f for f in findings if not first.may_replace_finding(f)] + first.new_findings
    after = [f for f in after if not second.may_replace_finding(f)] + second.new_findings
    assert measure_findings(after) == measure_findings(findings)
    assert (shapely.to_wkb(plan.layers["DLTB"].plane_shapes) == before).all()


def test_added_copy_of_a_parcel_gives_an_overlap_finding_that_ends_when_the_parcel_is_removed(sample_sources):
    norm, sources, rules = sample_sources
    plan, findings = run_full_check(norm, sources, rules)
    live = IncrementalChecker(plan, rules)
    parcels = plan.layers["DLTB"]
    clean = next(n for n, k in enumerate(parcels.keys) if not any(k in (f.key, *f.related_keys) for f in findings))
    attributes = {c: parcels.frame[c].iloc[clean] for c in parcels.frame.columns if c != parcels.frame.geometry.name}
    row, added = live.add_row(
        "DLTB", 99_999, parcels.frame.geometry.iloc[clean], **attributes | {"BSM": "140225999999999999"}
    )
    (pair,) = [f for f in added.new_findings if f.code == "TOP001"]
    assert {pair.key, *pair.related_keys} == {parcels.keys[clean], "140225999999999999"}
    assert pair.area_m2 == pytest.approx(parcels.statutory[clean], rel=1e-9)
    gone = live.remove_row("DLTB", clean)
    assert gone.new_findings == []
    assert gone.may_replace_finding(pair)
    assert live.edit_row("DLTB", row, parcels.frame.geometry.iloc[clean]).new_findings == []
    zones = plan.layers["YDYHGHFQ"]
    protected = next(n for n, c in enumerate(zones.text("zone_code")) if c == "100")
    uncovered = live.remove_row("YDYHGHFQ", protected)
    assert {f.case for f in uncovered.new_findings if f.code == "REL004"} == {"line_outside_zone"}


def test_code_outside_its_list_is_reported_after_an_edit_and_gone_after_its_fix(sample_sources):
    norm, sources, rules = sample_sources
    plan, _ = run_full_check(norm, sources, rules)
    live = IncrementalChecker(plan, rules)
    assert [
        (f.code, f.field) for f in live.edit_row("YDYHGHFQ", 3, GHFQDM="999").new_findings if f.field == "GHFQDM"
    ] == [("ATT002", "GHFQDM")]
    row = plan.layers["YDYHGHFQ"].frame.iloc[3]
    assert not [f for f in live.edit_row("YDYHGHFQ", 3, GHFQDM=row["GHFQDM"]).new_findings if f.code == "ATT002"]


def test_crash_of_a_rule_during_an_incremental_check_is_reported(sample_sources, monkeypatch):
    norm, sources, rules = sample_sources
    plan, _ = run_full_check(norm, sources, rules)
    broken = [replace(rule, function=lambda *_all, **_more: 1 / 0) if rule.code == "TOP001" else rule for rule in rules]
    live = IncrementalChecker(plan, broken)
    assert live.edit_row("DLTB", 7, DLBM="0601").failed_rules == ("TOP001",)


def test_third_rows_that_cover_land_of_a_pair_start_and_end_its_findings():
    """Land of 耕地保护目标 on forest is reported as 永久基本农田 where that covers it."""
    rules = choose_rules(("LAW010",))
    field, forest, far = (f"POLYGON (({x} 0, {x + 50} 0, {x + 50} 100, {x} 100, {x} 0))" for x in (0, 50, 500))
    both = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
    farmland = [{"wkt": wkt, "land_use": "0103"} for wkt in (both, far)]
    parcels = [{"wkt": wkt, "land_use": use} for wkt, use in ((field, "0103"), (forest, "0301"), (far, "0103"))]
    plan = make_example_plan({"farmland": farmland, "parcels": parcels, "cultivated": farmland})
    findings = run_check(plan, rules).findings
    assert [(f.case, f.role, f.area_m2) for f in findings] == [("parcel", "YJJBNTBHTB", pytest.approx(5000, rel=1e-3))]
    live = IncrementalChecker(plan, rules)
    for edit, expected in ((live.remove_row, ["protected"]), (live.edit_row, ["parcel"])):
        answer = edit("YJJBNTBHTB", 0)
        findings = [f for f in findings if not answer.may_replace_finding(f)] + answer.new_findings
        assert [f.case for f in findings] == expected
