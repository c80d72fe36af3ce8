# SPDX-License-Identifier: GPL-2.0-or-later
"""Waivers (accepted findings) apply until the conflict itself changes.

They still apply after edits of neighbours, reprojection and copying.
"""

import json
from dataclasses import replace
from datetime import date, timedelta

import jsonschema
import numpy as np
import pytest
import shapely
from pyproj import CRS

from plugin.core.check import RunOptions, check_plan
from plugin.core.geometry.crs import CGCS2000_DEGREES, reproject_coordinates
from plugin.core.io import read_source
from plugin.core.live.session import EditBatch, FeatureState, IncrementalSession
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report
from plugin.core.model.rule import Severity
from plugin.core.model.verdict import Verdict
from plugin.core.render.outputs import report_to_json
from plugin.core.waivers import make_default_waiver_path
from plugin.core.waivers.file import change_waivers
from plugin.core.waivers.match import is_same_conflict
from plugin.core.waivers.model import WaiverEntry, WaiverLimits, Waivers, make_waivers
from plugin.paths import REPORT_TEMPLATES_FOLDER
from tests.core.small_plan import (
    add_survey_vertices,
    check_data,
    get_outcome_of_rule,
    make_county_box,
    make_small_plan_layers,
    make_table,
    write_gpkg,
)

WAIVED_RULES = ("REL001", "REL002", "TOP001", "TOP002", "REL004")
WAIVER_ENTRY = WaiverEntry("县城防洪堤已批复", "晋自然资函〔2026〕12号", "王工", date(2026, 11, 20))


def make_layers_with_survey_vertices():
    return {role: add_survey_vertices({role: frame})[role] for role, frame in make_small_plan_layers().items()}


def list_findings(report, code, state=""):
    """Return the findings of a rule in a report, all or in one state."""
    return [f for f in report.findings if f.code == code and (not state or f.state == state)]


def waive_findings(path, *codes, words=WAIVER_ENTRY, limits=None):
    """Waive the findings of some rules in the waiver file next to the data; return the waived findings."""
    checked = check_data(path, WAIVED_RULES)
    chosen = [f for f in checked.report.findings if f.code in codes] if codes else []
    entries = make_waivers(chosen, words, limits or checked.waivers.limits, path.parent)
    change_waivers(checked.waivers.path, added_waivers=entries)
    return chosen


@pytest.fixture
def county_layers(tmp_path):
    tables = make_layers_with_survey_vertices()
    # Several findings between the same two layers, with keys.
    tables["STBHHX"] = tables["STBHHX"].assign(BSM=["140225000000000101", "140225000000000102"])
    return tables


@pytest.fixture
def county_file(tmp_path, county_layers):
    return write_gpkg(tmp_path / "county.gpkg", county_layers)


def write_copy(tmp_path, tables, name="again"):
    """Write the county to a new file with a copy of its waivers next to it."""
    path = write_gpkg(tmp_path / name / "county.gpkg", tables)
    make_default_waiver_path(path).write_bytes((tmp_path / "county.waivers.csv").read_bytes())
    return path


def test_waived_findings_are_waived_in_the_next_check_and_its_report_still_lists_them(county_file):
    before = check_data(county_file, WAIVED_RULES).report
    chosen = waive_findings(county_file, "REL001", "TOP002")
    assert len(chosen) >= 2
    report = check_data(county_file, WAIVED_RULES).report
    assert {f.code for f in report.findings if f.state == "waived"} == {"REL001", "TOP002"}
    assert len(report.findings) == len(before.findings)
    assert get_outcome_of_rule(report, "REL001").outcome is Outcome.WAIVED
    waiver = list_findings(report, "REL001")[0].params["waiver"]
    assert (waiver["reason"], waiver["document"], waiver["author"]) == (
        WAIVER_ENTRY.reason,
        WAIVER_ENTRY.document,
        WAIVER_ENTRY.author,
    )
    assert report.summary["waived"] == len(chosen)
    assert "county.waivers.csv" in "".join(report.provenance["notices"])


def test_report_with_all_findings_waived_is_conditional(county_file):
    checked = check_data(county_file, ("REL001",))
    assert checked.report.verdict is Verdict.FAILED
    waive_findings(county_file, "REL001")
    assert check_data(county_file, ("REL001",)).report.verdict is Verdict.CONDITIONAL
    assert check_data(county_file, ("REL001",), waivers="none").report.verdict is Verdict.FAILED


def test_waivers_still_apply_after_edits_of_neighbouring_features(tmp_path, county_file, county_layers):
    chosen = waive_findings(county_file, "REL001", "REL002", "TOP002")
    farmland = county_layers["YJJBNTBHTB"]
    # New rows before and next to the affected ones, one of them in conflict too; remote zones move.
    more = make_table([make_county_box(1450, 300, 100, 100), make_county_box(300, 300)]).assign(
        BSM=["140225000000000777", "140225000000000778"]
    )
    county_layers["YJJBNTBHTB"] = add_survey_vertices({"": more})[""]._append(farmland, ignore_index=True)
    report = check_data(write_copy(tmp_path, county_layers), WAIVED_RULES).report
    assert sum(f.state == "waived" for f in report.findings) == len(chosen)
    new = [f for f in list_findings(report, "REL001") if f.key == "140225000000000777"]
    assert new and new[0].state == "open"
    assert not list_findings(report, "RUN903")


@pytest.mark.parametrize("code", [4525, 4490, 4527], ids=["zone 37", "degrees", "zone 39"])
def test_waivers_still_apply_after_reprojection_of_the_county(tmp_path, county_file, county_layers, code):
    chosen = waive_findings(county_file, *WAIVED_RULES)
    tables = {role: frame.to_crs(code) for role, frame in county_layers.items()}
    report = check_data(write_copy(tmp_path, tables), WAIVED_RULES).report
    assert {f.fingerprint for f in report.findings if f.state == "open" and f.code in WAIVED_RULES} == set()
    assert sum(f.state == "waived" for f in report.findings) == len(chosen)
    assert not list_findings(report, "RUN903")


@pytest.mark.parametrize(
    ("grown", "applies"), [(0.5, True), (-0.5, True), (3.0, False), (-3.0, False)], ids=["+0.5", "-0.5", "+3", "-3"]
)
def test_waiver_applies_after_a_small_and_not_after_a_large_change_of_the_conflict(
    tmp_path, county_layers, grown, applies
):
    """Move one side of a 100 × 100 m overlap: by 0.5 % or by 3 % of its area."""
    county_layers["YJJBNTBHTB"] = make_table([make_county_box(1220, 100)]).assign(BSM="140225000000000001")
    source = write_gpkg(tmp_path / "county.gpkg", county_layers)
    (kept,) = waive_findings(source, "REL001")
    county_layers["YJJBNTBHTB"] = make_table([make_county_box(1220, 100, 100 + grown)]).assign(BSM="140225000000000001")
    report = check_data(write_copy(tmp_path, county_layers), WAIVED_RULES).report
    (now,) = list_findings(report, "REL001")
    assert (now.state == "waived") is applies
    assert bool(list_findings(report, "RUN903")) is not applies
    if not applies:
        (finding,) = list_findings(report, "RUN903")
        assert finding.case == "changed" and finding.params["now_m2"] == pytest.approx(now.area_m2, abs=0.01)
        assert kept.area_m2 == pytest.approx(finding.params["before_m2"], abs=0.01)
        assert report.verdict is Verdict.FAILED


def test_waiver_does_not_apply_to_a_conflict_moved_elsewhere_with_the_same_area(tmp_path, county_layers):
    county_layers["YJJBNTBHTB"] = make_table([make_county_box(1220, 100)]).assign(BSM="140225000000000001")
    source = write_gpkg(tmp_path / "county.gpkg", county_layers)
    waive_findings(source, "REL001")
    county_layers["YJJBNTBHTB"] = make_table([make_county_box(1220, 160)]).assign(BSM="140225000000000001")
    report = check_data(write_copy(tmp_path, county_layers), WAIVED_RULES).report
    assert list_findings(report, "REL001")[0].state == "open"
    (finding,) = list_findings(report, "RUN903")
    assert finding.params["moved_m"] == pytest.approx(60.0, rel=0.005)


@pytest.mark.slow
def test_waivers_of_findings_without_keys_are_matched_by_place(tmp_path, county_layers):
    """Check gaps, which have no key: one is waived, one fixed, one new."""
    holes = [make_county_box(100, 100, 10, 10), make_county_box(130, 100, 10, 10), make_county_box(160, 100, 10, 10)]
    whole = [make_county_box(0, 0, 1000, 1000), make_county_box(1000, 0, 1000, 1000)]

    def make_zones_with_gaps(*open_places):
        shapes = [shapely.difference(whole[0], shapely.union_all(list(open_places))), whole[1]]
        return county_layers["YDYHGHFQ"].set_geometry(shapes, crs=4526)

    county_layers["YDYHGHFQ"] = make_zones_with_gaps(holes[0], holes[1])
    source = write_gpkg(tmp_path / "county.gpkg", county_layers)
    checked = check_data(source, ("TOP002",))
    gaps = sorted(checked.report.findings, key=lambda f: f.geometry.bounds[0])
    assert len(gaps) == 2 and gaps[0].key == gaps[1].key
    entries = make_waivers(gaps[1:], WAIVER_ENTRY, checked.waivers.limits)
    change_waivers(checked.waivers.path, added_waivers=entries)
    # The first is fixed; a new one of the same size appears 30 m away.
    county_layers["YDYHGHFQ"] = make_zones_with_gaps(holes[1], holes[2])
    report = check_data(write_copy(tmp_path, county_layers), ("TOP002",)).report
    states = {round(f.geometry.bounds[0] - 38_540_000): f.state for f in list_findings(report, "TOP002")}
    assert states == {130: "waived", 160: "open"}
    # The waived one is fixed too: the new one does not inherit its waiver.
    county_layers["YDYHGHFQ"] = make_zones_with_gaps(holes[2])
    report = check_data(write_copy(tmp_path, county_layers, "third"), ("TOP002",)).report
    assert [f.state for f in list_findings(report, "TOP002")] == ["open"]


@pytest.mark.slow
def test_waiver_without_a_key_applies_if_its_place_and_that_of_the_finding_round_differently(tmp_path, county_layers):
    """Put the centre of a gap on a rounding limit of 0.0001°.

    The fingerprint of the finding may then differ in degrees.
    """
    names = set()
    for lon in (114.46895, 114.46895 + 1e-9, 114.46895 - 1e-9):
        x, y = reproject_coordinates(np.array([[lon, 39.64445]]), CGCS2000_DEGREES, CRS.from_epsg(4526))[0]
        hole = shapely.box(x - 5, y - 5, x + 5, y + 5)
        names.add(round(lon, 4))
        shapes = [shapely.difference(make_county_box(0, 0, 1000, 1000), hole), make_county_box(1000, 0, 1000, 1000)]
        county_layers["YDYHGHFQ"] = county_layers["YDYHGHFQ"].set_geometry(shapely.segmentize(shapes, 20.0), crs=4526)
        source = write_gpkg(tmp_path / f"{lon!r}" / "county.gpkg", county_layers)
        (gap,) = waive_findings(source, "TOP002")
        assert abs(gap.place[0] - lon) < 1e-8
        for code in (4490, 4525):
            moved = {r: f.to_crs(code) for r, f in county_layers.items()}
            path = write_gpkg(tmp_path / f"{lon!r}" / str(code) / "county.gpkg", moved)
            make_default_waiver_path(path).write_bytes(make_default_waiver_path(source).read_bytes())
            (now,) = list_findings(check_data(path, ("TOP002",)).report, "TOP002")
            assert now.state == "waived"
    assert len(names) == 2, "the places lie on both sides of the edge"


def test_waiver_does_not_apply_after_its_end_date(tmp_path, county_file):
    yesterday = date.today() - timedelta(days=1)
    waive_findings(county_file, "REL001", words=WaiverEntry("理由", "文号", "王工", date(2020, 1, 1), yesterday))
    report = check_data(county_file, WAIVED_RULES).report
    assert {f.state for f in list_findings(report, "REL001")} == {"open"}
    late = list_findings(report, "RUN902")
    assert len(late) == len(list_findings(report, "REL001")) and str(late[0].severity) == "WARNING"
    assert yesterday.isoformat() in late[0].message and "文号" in late[0].message
    assert report.verdict is Verdict.FAILED
    # The last day is included.
    make_default_waiver_path(county_file).unlink()
    waive_findings(county_file, "REL001", words=WaiverEntry("理由", "文号", "王工", date(2020, 1, 1), date.today()))
    assert not list_findings(check_data(county_file, WAIVED_RULES).report, "RUN902")


def test_waivers_of_fixed_conflicts_and_of_unchecked_rules_are_reported_as_different_cases(
    tmp_path, county_file, county_layers
):
    waive_findings(county_file, "REL001", "REL004")
    only = check_data(county_file, ("REL001",)).report
    assert {f.case for f in list_findings(only, "RUN903")} == {"not_run"}
    # Without the red line the rule is not checked.
    absent = {r: f for r, f in county_layers.items() if r != "STBHHX"}
    report = check_data(write_copy(tmp_path, absent, "absent"), WAIVED_RULES).report
    assert {f.case for f in list_findings(report, "RUN903")} == {"not_looked"}
    # The farmland is outside the red line, so the conflict is gone.
    county_layers["YJJBNTBHTB"] = make_table([make_county_box(0, 0)]).assign(BSM="140225000000000001")
    report = check_data(write_copy(tmp_path, county_layers, "mended"), WAIVED_RULES).report
    gone = [f for f in list_findings(report, "RUN903") if f.params["rule"] == "REL001"]
    assert {f.case for f in gone} == {"gone"} and {str(f.severity) for f in gone} == {"INFO"}
    assert len({f.fingerprint for f in gone}) == len(gone)


def test_waiver_of_a_wrong_code_does_not_apply_to_another_wrong_code_in_the_same_cell(tmp_path, county_layers):
    """Waive a wrong code, then write another wrong code into the same cell."""
    county_layers["DLTB"].loc[0, "DLBM"] = "0188"
    source = write_gpkg(tmp_path / "county.gpkg", county_layers)
    checked = check_data(source, ("ATT002",))
    chosen = [f for f in checked.report.findings if f.params.get("value") == "0188"]
    assert len(chosen) == 1
    change_waivers(checked.waivers.path, added_waivers=make_waivers(chosen, WAIVER_ENTRY, checked.waivers.limits))
    # The shape may change, because the waiver is for the code.
    assert [f.state for f in check_data(source, ("ATT002",)).report.findings if f.field == "DLBM"] == ["waived"]
    county_layers["DLTB"].loc[0, "DLBM"] = "0199"
    report = check_data(write_copy(tmp_path, county_layers), ("ATT002",)).report
    assert [f.state for f in list_findings(report, "ATT002") if f.field == "DLBM"] == ["open"]
    assert [f.case for f in list_findings(report, "RUN903")] == ["differs"]


def test_waiver_of_a_key_that_occurs_twice_does_not_apply(tmp_path, county_file, county_layers):
    chosen = waive_findings(county_file, "REL001")
    county_layers["YJJBNTBHTB"].loc[0, "BSM"] = chosen[0].key
    report = check_data(write_copy(tmp_path, county_layers), ("REL001",)).report
    states = {f.key: f.state for f in list_findings(report, "REL001")}
    assert states == {f.key: "open" if f.key == chosen[0].key else "waived" for f in chosen}
    (finding,) = list_findings(report, "RUN903")
    assert finding.case == "unsure" and finding.key == chosen[0].key


def test_waivers_follow_keys_renumbered_by_the_plugin(tmp_path, county_file, county_layers):
    chosen = waive_findings(county_file, "REL001", "REL002")
    new = {}
    for role in ("YJJBNTBHTB", "STBHHX", "CZKFBJ"):
        old = county_layers[role]["BSM"].tolist()
        county_layers[role]["BSM"] = [f"1402250000009{n:05d}" for n in range(len(old))]
        new[role] = dict(zip(old, county_layers[role]["BSM"], strict=True))
    path = write_copy(tmp_path, county_layers)
    assert not [f for f in check_data(path, WAIVED_RULES).report.findings if f.state == "waived"]
    renumbered = tmp_path / "新旧.csv"
    rows = [f"{role},{old},{key}" for role, keys in new.items() for old, key in keys.items()]
    renumbered.write_text("\n".join(["图层,旧标识码,新标识码", *rows]), encoding="utf-8-sig")
    report = check_data(path, WAIVED_RULES, renumbered=str(renumbered)).report
    assert sum(f.state == "waived" for f in report.findings) == len(chosen)


def test_waivers_apply_during_edits_until_the_conflict_changes(tmp_path, county_layers):
    county_layers["YJJBNTBHTB"] = make_table([make_county_box(1220, 100), make_county_box(1220, 700)])
    source = write_gpkg(tmp_path / "county.gpkg", county_layers)
    waive_findings(source, "REL001")
    checked = check_data(source, WAIVED_RULES)
    edited = IncrementalSession(checked, RunOptions(rules=WAIVED_RULES))
    edited.prepare()
    first, second = (f.key for f in list_findings(checked.report, "REL001"))
    frame = checked.plan.layers["YJJBNTBHTB"].frame

    def change_row(row, shape):
        fid = checked.plan.layers["YJJBNTBHTB"].fids[row]
        values = {n: frame[n].iloc[row] for n in frame.columns if n != frame.geometry.name}
        edited.check_edits(EditBatch({}, {("YJJBNTBHTB", fid): FeatureState(shape.wkb, values)}))
        return {f.key: f.state for f in edited.findings if f.code == "REL001"}

    # A new vertex on an edge and a move by one metre: both are still waived.
    assert change_row(0, shapely.segmentize(make_county_box(1220, 100), 40.0)) == {first: "waived", second: "waived"}
    assert change_row(1, make_county_box(1220, 700, 100, 150)) == {first: "waived", second: "open"}
    assert change_row(1, make_county_box(1220, 700)) == {first: "waived", second: "waived"}


def test_json_report_with_waivers_follows_its_schema_and_reads_back_equal(county_file):
    waive_findings(
        county_file, "REL001", words=WaiverEntry("理由", "文号", "王工", date(2020, 1, 1), date(2020, 12, 31))
    )
    waive_findings(county_file, "REL002", "TOP001")
    report = check_data(county_file, (*WAIVED_RULES, "LAW001")).report
    text = report_to_json(report)
    jsonschema.validate(
        json.loads(text), json.loads((REPORT_TEMPLATES_FOLDER / "report.schema.json").read_text(encoding="utf-8"))
    )
    write_copy = Report.from_dict(json.loads(text))
    assert write_copy.summary == report.summary and report_to_json(write_copy) == text
    assert str(county_file.parent) not in text


def test_waiver_file_must_be_given_for_layers_that_have_no_data_file(county_file):
    chosen = waive_findings(county_file, "REL001")
    read = list(read_source(county_file))
    assert not check_plan(read, RunOptions(rules=WAIVED_RULES)).report.summary["waived"]
    report = check_plan(read, RunOptions(rules=WAIVED_RULES, waivers=str(make_default_waiver_path(county_file)))).report
    assert report.summary["waived"] == len(chosen)


def make_field_with_land_use(land_use):
    """Return one field of permanent basic farmland with this land use."""
    return {"YJJBNTBHTB": make_table([make_county_box(0, 0)], DLBM=[land_use], YJJBNTMJ=[9000.0])}


@pytest.mark.parametrize(
    ("code", "before", "now"),
    [
        ("LAW010", make_field_with_land_use("0201"), make_field_with_land_use("0701")),
        (
            "ATT013",
            {"STBHHX": make_table([make_county_box(0, 0)], MJ=[9000.0])},
            {"STBHHX": make_table([make_county_box(0, 0)], MJ=[1.0])},
        ),
    ],
)
def test_waiver_does_not_apply_to_another_value_on_the_same_land(tmp_path, code, before, now):
    path = write_gpkg(tmp_path / "county.gpkg", before)
    checked = check_data(path, (code,))
    change_waivers(
        checked.waivers.path,
        added_waivers=make_waivers(list_findings(checked.report, code), WAIVER_ENTRY, WaiverLimits(), tmp_path),
    )
    assert [f.state for f in list_findings(check_data(path, (code,)).report, code)] == ["waived"]
    report = check_data(write_copy(tmp_path, now), (code,)).report
    assert [f.state for f in list_findings(report, code)] == ["open"]
    (finding,) = list_findings(report, "RUN903")
    assert finding.case == "differs" and finding.severity is Severity.WARNING


def test_waiver_does_not_apply_to_a_larger_net_loss_on_the_same_land(tmp_path):
    """Shrink added land elsewhere; place and area of the finding stay the same."""
    sealed = {"YJJBNTBHTB": make_table([make_county_box(0, 0)], DLBM=["0103"], YJJBNTMJ=[9000.0])}

    def plan(net):
        return {
            "YJJBNTBHTB": make_table(
                [make_county_box(0, 0, 50), make_county_box(500, 0, 50)], DLBM=["0103"] * 2, YJJBNTMJ=[4500.0, net]
            )
        }

    given = RunOptions(rules=("LAW015",), baseline=str(write_gpkg(tmp_path / "封库.gpkg", sealed)))
    path = write_gpkg(tmp_path / "county.gpkg", plan(4400.0))
    checked = check_plan(path, given)
    change_waivers(
        checked.waivers.path,
        added_waivers=make_waivers(list_findings(checked.report, "LAW015"), WAIVER_ENTRY, WaiverLimits(), tmp_path),
    )
    assert [f.state for f in list_findings(check_plan(write_copy(tmp_path, plan(4399.5)), given).report, "LAW015")] == [
        "waived"
    ]
    assert [
        f.state for f in list_findings(check_plan(write_copy(tmp_path, plan(90.0), "more"), given).report, "LAW015")
    ] == ["open"]


def test_waiver_that_stored_the_program_which_read_a_file_still_applies_without_it(tmp_path):
    finding = Finding("", key="2-规划文档/a.pdf", code="DOC005", case="pages", params={"file": "2-规划文档/a.pdf"})
    (waiver,) = make_waivers([finding], WAIVER_ENTRY, WaiverLimits(), tmp_path)
    waivers = Waivers((waiver,))
    stored = replace(waiver, figures={**waiver.figures, "by": "用 pypdf 核对"})
    assert is_same_conflict(stored, finding, waivers)
    assert not is_same_conflict(replace(stored, figures={**stored.figures, "file": "b.pdf"}), finding, waivers)
