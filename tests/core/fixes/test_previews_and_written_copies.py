# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare what a preview of a fix promises with a whole check of the copy that is written."""

import shutil
from collections import Counter
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.live.session import IncrementalSession
from plugin.core.exchange.edited_copy import write_copy
from plugin.core.fixes.applied_edits import collect_changes, merge_edits
from plugin.core.fixes.batch import choose_fixes, run_batch
from plugin.core.fixes.edits import FixRefused
from plugin.core.fixes.fix_declaration import find_fixes_for, load_all_fixes
from plugin.core.fixes.judge import propose_fix
from plugin.core.fixes.proposal import sum_area_changes
from plugin.core.fixes.state import EditingState
from plugin.core.fixes.whole_check import check_with_edits
from plugin.paths import SAMPLE_FOLDER
from tests.parametrize import first_daily

#: Layers of the sample that no fix changes without a document.
DOCUMENTS = {role: f"文号 {role}" for role in ("YJJBNTBHTB", "STBHHX", "DLTB", "XZQXZ")}


def name_problem(finding):
    """Return what identifies a finding for a reader of a report."""
    related_keys = tuple(sorted(finding.related_keys))
    return finding.code, finding.case, finding.role, finding.key, finding.related_role, related_keys, finding.field


def sum_areas_by_name(findings):
    """Return name of a problem → sum of the areas (m²) of its findings."""
    sums = Counter()
    for one in findings:
        sums[name_problem(one)] += one.area_m2 or 0.0
    return sums


def compare_lists(before, after, ended, new, untried):
    """Require that the list before, without the ended findings and with the new ones, is the list afterwards.

    ``untried``: codes of rules that the preview names as not tried. A finding that grew is announced as new too.
    """
    known, present = Counter(map(name_problem, before)), Counter(map(name_problem, after))
    gone, added = Counter(map(name_problem, ended)), Counter(map(name_problem, new))
    areas_before, areas_after, areas_new = (sum_areas_by_name(findings) for findings in (before, after, new))
    for name in known.keys() | present.keys() | gone.keys() | added.keys():
        kept = known[name] - gone[name]
        assert kept >= 0, name
        if name[0] in untried:
            continue
        if not kept:
            assert present[name] == added[name], name
            assert areas_new[name] == pytest.approx(areas_after[name], abs=0.01), name
        elif added[name] and present[name] == kept:
            assert areas_after[name] > areas_before[name], name
        else:
            # Parts of a gap have one name; the parts of one that falls apart are new.
            assert kept <= present[name] <= kept + added[name], name
            assert added[name] or areas_after[name] <= areas_before[name] + 0.6, name


def sum_shapes(path, role):
    """Return the number of rows and the planar area (m²) of a layer, invalid shapes repaired."""
    shapes = gpd.read_file(path, layer=role).geometry.to_numpy()
    present = np.array([shape for shape in shapes if shape is not None], dtype=object)
    repaired = shapely.make_valid(present, method="structure", keep_collapsed=False)
    return len(shapes), float(shapely.area(repaired).sum())


def compare_areas(proposals, plan, source, copy):
    """Require that areas and numbers of rows of the copy are those that the proposals announce."""
    balances = {one.role: one for one in sum_area_changes(proposals, plan.plane_crs)}
    edits = {(edit.role, edit.fid, edit.is_new, edit.is_deleted) for one in proposals for edit in one.edits}
    for role in pyogrio.list_layers(source)[:, 0]:
        (rows_before, area_before), (rows_after, area_after) = (sum_shapes(path, role) for path in (source, copy))
        added = sum(new - deleted for edited, _, new, deleted in edits if edited == role)
        assert rows_after - rows_before == added, role
        balance = balances.get(role)
        moved = balance.moved_in_m2 - balance.moved_out_m2 if balance else 0.0
        assert area_after - area_before == pytest.approx(moved, abs=0.02), role
        # A feature counts once, so no more land than the layer has is moved out of it.
        assert not balance or balance.moved_out_m2 <= balance.before_m2 + 0.01 <= area_before + 0.02


def compare_preview(state, finding, fix, source, copy, options, before):
    """Write the copy of one fix and compare it with its preview; return the proposal, None if the fix refuses."""
    try:
        proposal, after = propose_fix(state, fix, finding)
    except FixRefused:
        return None
    copy.unlink(missing_ok=True)
    write_copy(collect_changes(after), source, copy)
    checked = check_plan(str(copy), options)
    compare_lists(
        before, checked.report.findings, proposal.ended_findings, proposal.new_findings, proposal.untried_rules
    )
    compare_areas([proposal], state.plan, source, copy)
    assert not (proposal.is_safe and any(edit.is_new for edit in proposal.edits))
    return proposal


def compare_batch(state, findings, source, copy, options, before, **settings):
    """Write the copy of a batch and compare it with what its proposals announce; return the batch."""
    result = run_batch(state, findings, choose_fixes(()), **settings)
    copy.unlink(missing_ok=True)
    write_copy(collect_changes(result.state), source, copy)
    after = check_plan(str(copy), options).report.findings
    listed = list(before)
    for proposal in result.applied:
        ended = Counter(map(name_problem, proposal.ended_findings))
        kept = []
        for one in listed:
            name = name_problem(one)
            if ended[name]:
                ended[name] -= 1
            else:
                kept.append(one)
        names = {name_problem(one) for one in kept}
        listed = kept + [one for one in proposal.new_findings if name_problem(one) not in names]
    untried = {code for proposal in result.applied for code in proposal.untried_rules}
    assert {name for name in map(name_problem, listed) if name[0] not in untried} == {
        name for name in map(name_problem, after) if name[0] not in untried
    }
    compare_areas(result.applied, state.plan, source, copy)
    for entry in result.entries:
        if entry.ended_by is not None:
            assert not [one for one in after if is_on_land_of(one, entry.finding)], name_problem(entry.finding)
    return result


def is_on_land_of(finding, former):
    """Return True if a finding is of the rule, case and layers of a former one, and more than a sliver of its land."""
    kinds = [(one.code, one.case, one.role, one.related_role, one.field) for one in (finding, former)]
    if kinds[0] != kinds[1] or finding.code[:3] not in ("TOP", "REL", "LAW"):
        return name_problem(finding) == name_problem(former) and not former.by_place
    if not finding.geom_kind == former.geom_kind == "area":
        return finding.geom_kind != "none" and shapely.distance(finding.geometry, former.geometry) < 0.005
    return shapely.intersection(finding.geometry, former.geometry).area > 0.6


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Return the path of the sample county, the options of its check, and the result."""
    source = tmp_path_factory.mktemp("sample") / "county.gpkg"
    shutil.copyfile(SAMPLE_FOLDER / "county.gpkg", source)
    options = RunOptions(profile="hunyuan")
    return source, options, check_plan(str(source), options)


def test_cut_that_leaves_an_islet_announces_the_findings_on_it_and_counts_it_neither_out_nor_in(sample, tmp_path):
    source, options, checked = sample
    findings = checked.report.findings
    (finding,) = [one for one in findings if one.code == "REL002" and one.key.endswith("0833")]
    state = EditingState(checked, options)
    fix = load_all_fixes()["FIX010"]
    proposal = compare_preview(state, finding, fix, source, tmp_path / "copy.gpkg", options, findings)
    assert sorted(one.code for one in proposal.new_findings) == ["REL002", "REL005"]
    assert [one.code for one in proposal.resolved_findings] == ["REL002"]
    (params,) = [params for key, params in proposal.doubts if key == "adds_features"]
    assert params["count"] == 1 and params["area_m2"] == pytest.approx(6520.3, abs=0.1)
    (balance,) = proposal.areas
    assert balance.moved_in_m2 == 0 and balance.ellipsoid_out_m2 == pytest.approx(33_676.6 - 6520.3, abs=0.2)


def test_preview_after_a_check_of_one_rule_names_all_rules_that_may_find_more(sample, tmp_path):
    source, options, checked = sample
    checked_rule = check_plan(str(source), replace(options, rules=("REL002",)))
    (finding,) = [one for one in checked_rule.report.findings if one.key.endswith("0833")]
    proposal, after = propose_fix(EditingState(checked_rule, options), load_all_fixes()["FIX010"], finding)
    write_copy(collect_changes(after), source, tmp_path / "copy.gpkg")
    found = check_plan(str(tmp_path / "copy.gpkg"), options).report.findings
    compare_lists(
        checked.report.findings, found, proposal.ended_findings, proposal.new_findings, proposal.untried_rules
    )
    assert {"REL005", "TOP001", "TOP002"} <= set(proposal.untried_rules)
    assert not {"REL002", "SCH002"} & set(proposal.untried_rules)


def test_preview_tries_rules_that_run_in_addition_to_the_default_ones(tmp_path):
    shape = shapely.affinity.translate(
        shapely.from_wkt("POLYGON ((0 0, 50 0, 50 0, 90 0, 90 80, 0 80, 0 0))"), 38_500_000, 4_400_000
    )
    frame = gpd.GeoDataFrame({"BSM": ["140225000000000011"]}, geometry=[shape], crs="EPSG:4526")
    source = tmp_path / "county.gpkg"
    frame.to_file(source, layer="CZKFBJ", engine="pyogrio")
    options = RunOptions(scope="three_lines", additional_rules=("GEO009",))
    checked = check_plan(str(source), options)
    findings = checked.report.findings
    (finding,) = [one for one in findings if one.code == "GEO009"]
    state = EditingState(checked, options)
    proposal = compare_preview(
        state, finding, load_all_fixes()["FIX003"], source, tmp_path / "c.gpkg", options, findings
    )
    assert [one.code for one in proposal.resolved_findings] == ["GEO009"]


@pytest.mark.parametrize("kind", ["county.gdb", "layers"])
def test_divided_feature_keeps_its_values_in_a_copy_of_each_format(tmp_path, kind):
    square, strip = shapely.box(0, 0, 100, 100), shapely.box(40, -10, 60, 110)
    source = tmp_path / kind
    for role, shape in (("CZKFBJ", square), ("YJJBNTBHTB", strip)):
        keys = [f"1402250000000000{number}" for number in (11, 12)]
        shapes = [
            shapely.affinity.translate(one, 38_500_000, 4_400_000) for one in (shape, shapely.box(300, 0, 400, 100))
        ]
        frame = gpd.GeoDataFrame({"BSM": keys, "BZ": ["甲", "乙"]}, geometry=shapes, crs="EPSG:4526")
        if kind == "layers":
            source.mkdir(exist_ok=True)
            frame.to_file(source / f"{role}.shp", engine="pyogrio", encoding="UTF-8")
        else:
            frame.to_file(source, layer=role, driver="OpenFileGDB", engine="pyogrio")
    options = RunOptions(rules=("REL002",), scope="three_lines")
    checked = check_plan(str(source), options)
    state, copy = EditingState(checked, options), tmp_path / f"copy{source.suffix}"
    finding = next(one for one in checked.report.findings if one.key.endswith("11"))
    _, after = propose_fix(state, load_all_fixes()["FIX010"], finding)
    write_copy(collect_changes(after), str(source), copy)
    rows = gpd.read_file(
        copy / "CZKFBJ.shp" if kind == "layers" else copy, **({} if kind == "layers" else {"layer": "CZKFBJ"})
    )
    found = sorted(
        (key[-2:], remark, round(shape.area))
        for key, remark, shape in zip(rows["BSM"], rows["BZ"], rows.geometry, strict=True)
    )
    assert found == [("11", "甲", 4000), ("12", "乙", 10_000), ("13", "甲", 4000)]


def test_batch_counts_a_feature_that_several_fixes_cut_once(sample):
    _, options, checked = sample
    overlaps = [one for one in checked.report.findings if one.code == "REL002"]
    result = run_batch(EditingState(checked, options), overlaps, choose_fixes(()), safe_only=True)
    proposals = [entry.proposal for entry in result.entries]
    assert len(proposals) == 7 and not result.applied
    (balance,) = sum_area_changes(proposals, checked.plan.plane_crs)
    boundary = checked.plan.layers["CZKFBJ"]
    rows = {key: n for n, key in enumerate(boundary.keys)}
    edited = {edit.fid for one in proposals for edit in one.edits if not edit.is_new}
    assert balance.rows == len(edited) == 2
    whole_m2 = sum(boundary.plane_shapes[rows[key]].area for key in boundary.keys if key[-4:] in ("0005", "0017"))
    assert balance.before_m2 == pytest.approx(whole_m2)
    cut = shapely.union_all([one.geometry for one in overlaps])
    assert balance.moved_out_m2 == pytest.approx(cut.area, abs=1.0) and balance.moved_in_m2 < 1e-3


def test_check_with_edits_finds_what_a_check_of_the_written_copy_finds(sample, tmp_path):
    source, options, checked = sample
    codes = ("REL002", "SCH002", "TOP005", "ATT003")
    findings = [one for one in checked.report.findings if one.code in codes]
    result = run_batch(EditingState(checked, options), findings, choose_fixes(()), safe_only=False)
    assert any(one.edits.new_fields for one in result.applied) and len(result.applied) > 5
    session = IncrementalSession(checked, options)
    session.prepare()
    report = check_with_edits(checked, options, session, merge_edits(one.edits for one in result.applied))
    write_copy(collect_changes(result.state), str(source), tmp_path / "copy.gpkg")
    written = check_plan(str(tmp_path / "copy.gpkg"), options).report
    texts, written_texts = (sorted(f"{one.code} {one.message}" for one in r.findings) for r in (report, written))
    assert texts == written_texts and len(texts) != len(checked.report.findings)
    figures, written_figures = ([(one.id, one.place, one.state) for one in r.indicators] for r in (report, written))
    assert figures == written_figures
    values, written_values = ([one.value for one in r.indicators] for r in (report, written))
    assert [one is None for one in values] == [one is None for one in written_values] and any(values)
    for value, written_value in zip(values, written_values, strict=True):
        assert value is None or value == pytest.approx(written_value, rel=1e-12)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_preview_on_the_sample_agrees_with_a_check_of_the_written_copy(sample, tmp_path):
    source, options, checked = sample
    findings, count = checked.report.findings, 0
    for documents in ({}, DOCUMENTS):
        state = EditingState(checked, options, documents=documents)
        for finding in findings:
            for fix in find_fixes_for(finding):
                if documents and not {finding.role, finding.related_role} & DOCUMENTS.keys():
                    continue
                proposal = compare_preview(state, finding, fix, source, tmp_path / "copy.gpkg", options, findings)
                count += proposal is not None
    assert count > 60


@pytest.mark.slow
@pytest.mark.parametrize("safe_only", first_daily([True, False]))
def test_batch_on_the_sample_agrees_with_a_check_of_the_written_copy(sample, tmp_path, safe_only):
    source, options, checked = sample
    state, findings = EditingState(checked, options, documents=DOCUMENTS), checked.report.findings
    copy = tmp_path / "copy.gpkg"
    result = compare_batch(state, findings, source, copy, options, findings, safe_only=safe_only)
    assert [entry.finding for entry in result.entries] == findings
    assert len(result.applied) > (1 if safe_only else 40)
