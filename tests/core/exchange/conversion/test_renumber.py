# SPDX-License-Identifier: GPL-2.0-or-later
"""A renumbered copy differs in its keys only, and records about features follow by the table of old and new keys."""

import csv
import hashlib
from datetime import date, datetime

import geopandas as gpd
import pyogrio
import pytest
import shapely
from hypothesis import given, strategies as st

from plugin.core.base.errors import DataError, InputError, OutputError
from plugin.core.base.files import make_path_next_to_data
from plugin.core.checks.check import check_plan
from plugin.core.engine.waivers import WAIVER_SUFFIX
from plugin.core.engine.waivers.file import change_waivers
from plugin.core.engine.waivers.waiver import WaiverEntry, make_waivers
from plugin.core.exchange.renumber import KeyNumberer, RenumberOptions, find_key_gaps, renumber_keys
from plugin.core.model.rule import load_all_rules
from plugin.core.plan.loading.key_table import KEY_TABLE_SUFFIX, read_renumbered_keys
from plugin.core.render.worklist.update import update_worklist
from plugin.core.render.worklist.worklist_row import (
    WorkEdit,
    WorkItem,
    Worklist,
    WorkState,
    change_worklist,
    edit_items,
    read_worklist,
)
from plugin.core.standard.options import RunOptions

KEY = "1402250000{:08d}"
OPTIONS = RunOptions(profile="hunyuan", rules=("REL002", "REL003"), scope="three_lines")


def make_box(x, y, width=100, height=100):
    return shapely.box(38_560_000 + x, 4_390_000 + y, 38_560_000 + x + width, 4_390_000 + y + height)


def write_county(path, driver=None):
    """Write farmland, red line, and a boundary that overlaps the red line at two places."""
    layers = {
        "YJJBNTBHTB": ([KEY.format(3)], [make_box(0, 1000)]),
        "STBHHX": ([KEY.format(7)], [make_box(0, 0, 1000)]),
        "CZKFBJ": (
            [KEY.format(20), KEY.format(9), None, KEY.format(9)],
            [make_box(50, 50), make_box(500, 50), make_box(0, 500), make_box(200, 500)],
        ),
    }
    for role, (keys, shapes) in layers.items():
        frame = gpd.GeoDataFrame(
            {"BSM": keys, "XZQDM": ["140225"] * len(keys), "BZ": ["备注"] * len(keys)}, geometry=shapes, crs="EPSG:4526"
        )
        frame.to_file(path, layer=role, **({"driver": driver} if driver else {}))
    return path


def read_layer(path, role):
    return pyogrio.read_dataframe(path, layer=role, fid_as_index=True)


@pytest.mark.parametrize(("suffix", "driver"), [("gpkg", None), ("gdb", "OpenFileGDB")])
def test_copy_has_new_keys_in_layers_that_may_change_and_nothing_else(tmp_path, suffix, driver):
    source, copy = write_county(tmp_path / f"county.{suffix}", driver), tmp_path / f"copy.{suffix}"
    run = renumber_keys(str(source), OPTIONS, RenumberOptions(output=str(copy)))
    assert set(run.sealed_roles) == {"STBHHX", "YJJBNTBHTB"}
    for role in ("STBHHX", "YJJBNTBHTB"):
        assert read_layer(source, role).equals(read_layer(copy, role))
    before, after = (read_layer(path, "CZKFBJ") for path in (source, copy))
    assert after["BSM"].tolist() == [KEY.format(n) for n in (21, 22, 23, 24)]
    assert before.drop(columns="BSM").equals(after.drop(columns="BSM"))
    assert read_renumbered_keys(make_path_next_to_data(copy, KEY_TABLE_SUFFIX)) == {
        ("CZKFBJ", KEY.format(20)): KEY.format(21),
        ("CZKFBJ", KEY.format(9)): KEY.format(22),
    }
    assert (run.new_keys[0].keyless_count, run.new_keys[0].repeated_count) == (1, 1)


def test_shapefiles_of_a_folder_are_renumbered_in_a_new_folder(tmp_path):
    folder = tmp_path / "数据"
    folder.mkdir()
    for role, key in (("CZKFBJ", 1), ("LSWHBHX", 2)):
        gpd.GeoDataFrame({"BSM": [KEY.format(key)]}, geometry=[make_box(0, 0)], crs="EPSG:4526").to_file(
            folder / f"{role}.shp"
        )
    copy = tmp_path / "重编"
    renumber_keys(str(folder), OPTIONS, RenumberOptions(("LSWHBHX",), str(copy), str(tmp_path / "keys.csv")))
    assert gpd.read_file(copy / "LSWHBHX.shp")["BSM"].tolist() == [KEY.format(3)]
    assert gpd.read_file(copy / "CZKFBJ.shp")["BSM"].tolist() == [KEY.format(1)]
    assert (tmp_path / "keys.csv").is_file()


def test_numbers_of_an_earlier_run_are_never_assigned_again(tmp_path):
    source, copy = write_county(tmp_path / "county.gpkg"), tmp_path / "copy.gpkg"
    with make_path_next_to_data(source, KEY_TABLE_SUFFIX).open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle).writerows([["图层", "旧标识码", "新标识码"], ["CZKFBJ", KEY.format(1), KEY.format(90)]])
    renumber_keys(str(source), OPTIONS, RenumberOptions(output=str(copy)))
    assert read_layer(copy, "CZKFBJ")["BSM"].tolist() == [KEY.format(n) for n in (91, 92, 93, 94)]


def test_table_of_an_earlier_run_is_not_replaced(tmp_path):
    source = write_county(tmp_path / "county.gpkg")
    table = make_path_next_to_data(source, KEY_TABLE_SUFFIX)
    table.write_text("图层,旧标识码,新标识码\n", encoding="utf-8")
    with pytest.raises(OutputError) as refused:
        renumber_keys(str(source), OPTIONS, RenumberOptions(table=str(table)))
    assert refused.value.key == "output_is_input" and table.read_text(encoding="utf-8").endswith("新标识码\n")


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        ("CZKFBJ,1.40225E+17,140225000000000009", "renumbered_row"),
        ("CZKFBJ,1,9\nCZKFBJ,2,9", "renumbered_same"),
        ("CZKFBJ,1,9\nCZKFBJ,1,8", "renumbered_twice"),
        (f"CZKFBJ,1,{'9' * 200_000}", "renumbered_row"),
    ],
)
def test_damaged_table_of_keys_is_an_error_with_its_line(tmp_path, rows, key):
    path = tmp_path / "keys.csv"
    path.write_text(f"\n图层,旧标识码,新标识码\n{rows}\n", encoding="utf-8")
    with pytest.raises(DataError) as refused:
        read_renumbered_keys(path)
    assert refused.value.key == key and refused.value.params["line"] >= 2
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError) as refused:
        read_renumbered_keys(path)
    assert refused.value.key == "renumbered_workbook"


def test_list_of_gaps_alone_writes_no_copy(tmp_path):
    source, gaps = write_county(tmp_path / "county.gpkg"), tmp_path / "gaps.csv"
    run = renumber_keys(str(source), OPTIONS, RenumberOptions(gaps=str(gaps)))
    with gaps.open(encoding="utf-8-sig", newline="") as handle:
        rows = [[cell.strip() for cell in row] for row in csv.reader(handle)]
    assert rows[1:] == [["CZKFBJ", KEY.format(10), KEY.format(19), "10"]] and not run.new_keys
    assert sorted(path.name for path in tmp_path.iterdir()) == ["county.gpkg", "gaps.csv"]


@pytest.mark.parametrize(
    ("options", "key"),
    [
        (RenumberOptions(), "renumber_no_output"),
        (RenumberOptions(("DLTB",), table="keys.csv"), "renumber_no_layer"),
        (RenumberOptions(("STBHHX",), table="keys.csv"), "renumber_sealed"),
        (RenumberOptions(first_number=3, table="keys.csv"), "renumber_start"),
        (RenumberOptions(table="county.dbf"), "table_suffix"),
        (RenumberOptions(table="keys.csv", gaps="keys.csv"), "output_twice"),
    ],
)
def test_run_that_cannot_be_carried_out_writes_nothing(tmp_path, monkeypatch, options, key):
    monkeypatch.chdir(tmp_path)
    source = write_county(tmp_path / "county.gpkg")
    before = hashlib.sha256(source.read_bytes()).hexdigest()
    with pytest.raises((InputError, OutputError)) as refused:
        renumber_keys(str(source), OPTIONS, options)
    assert refused.value.key == key
    assert [path.name for path in tmp_path.iterdir()] == ["county.gpkg"]
    assert hashlib.sha256(source.read_bytes()).hexdigest() == before


@pytest.mark.parametrize("values", [[12345], [12345.5]])
def test_key_field_that_cannot_store_a_key_is_named(tmp_path, values):
    path = tmp_path / "county.gpkg"
    gpd.GeoDataFrame({"BSM": values, "XZQDM": ["140225"]}, geometry=[make_box(0, 0)], crs="EPSG:4526").to_file(
        path, layer="CZKFBJ"
    )
    with pytest.raises(InputError) as refused:
        renumber_keys(str(path), OPTIONS, RenumberOptions(output=str(tmp_path / "copy.gpkg")))
    assert refused.value.key == "renumber_field" and refused.value.params["field"] == "BSM"


def test_copy_over_the_source_is_refused(tmp_path):
    source = write_county(tmp_path / "county.gpkg")
    with pytest.raises((InputError, OutputError)):
        renumber_keys(str(source), OPTIONS, RenumberOptions(output=str(source)))
    assert read_layer(source, "CZKFBJ")["BSM"].tolist()[0] == KEY.format(20)


# --- records that follow
def check(path):
    return check_plan(str(path), OPTIONS)


def test_waivers_follow_by_the_table_next_to_the_copy(tmp_path):
    source, copy = write_county(tmp_path / "county.gpkg"), tmp_path / "copy.gpkg"
    checked = check(source)
    finding = next(one for one in checked.report.findings if KEY.format(20) in (one.key, *one.related_keys))
    entry = WaiverEntry("县城防洪堤已批复", "晋自然资函〔2026〕12号", "王工", date(2026, 11, 20))
    waivers = make_waivers([finding], entry, checked.waivers.limits, tmp_path)
    change_waivers(make_path_next_to_data(copy, WAIVER_SUFFIX), added_waivers=waivers)
    renumber_keys(str(source), OPTIONS, RenumberOptions(output=str(copy)))
    report = check(copy).report
    waived = [one for one in report.findings if one.state == "waived"]
    assert len(waived) == 1 and KEY.format(21) in (waived[0].key, *waived[0].related_keys)
    assert "copy.renumbered.csv" in "".join(report.provenance["notices"])
    # Without the table the waiver has no finding.
    make_path_next_to_data(copy, KEY_TABLE_SUFFIX).unlink()
    assert not [one for one in check(copy).report.findings if one.state == "waived"]


def test_rows_of_the_work_list_follow_and_stay_in_their_place_in_the_file(tmp_path):
    source, copy, list_path = (
        write_county(tmp_path / "county.gpkg"),
        tmp_path / "copy.gpkg",
        tmp_path / "a.worklist.csv",
    )
    rules, now = load_all_rules(), datetime(2026, 11, 25)
    report = check(source).report
    worklist = update_worklist(Worklist(), report, rules, now).worklist
    edited = edit_items(worklist.items.values(), WorkEdit(WorkState.FALSE_ALARM, "王", "等批复"), "王", now)
    change_worklist(list_path, lambda _: worklist.replace_items(edited))
    lines_before = list_path.read_text(encoding="utf-8-sig").splitlines()

    renumber_keys(str(source), OPTIONS, RenumberOptions(output=str(copy)))
    after = check(copy).report
    fingerprints = {one.fingerprint for one in after.findings}
    assert not fingerprints & set(worklist.items)
    keys = read_renumbered_keys(make_path_next_to_data(copy, KEY_TABLE_SUFFIX))
    change_worklist(list_path, lambda listed: update_worklist(listed, after, rules, now, keys).worklist)
    items = read_worklist(list_path).items
    assert set(items) == fingerprints and len(items) == len(worklist.items)
    assert {item.content for item in items.values()} == {(WorkState.FALSE_ALARM, "王", "等批复")}
    lines_after = list_path.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines_after) == len(lines_before)
    # Each row kept its line: code and place in the file are those of before.
    assert [line.split(",")[1] for line in lines_after] == [line.split(",")[1] for line in lines_before]


def test_command_writes_copy_table_and_gaps(tmp_path, capsys):
    from plugin.core.__main__ import main

    source = write_county(tmp_path / "county.gpkg")
    copy, gaps = tmp_path / "copy.gpkg", tmp_path / "gaps.csv"
    code = main(["renumber", str(source), "--profile", "hunyuan", "--output", str(copy), "--gaps", str(gaps)])
    output = capsys.readouterr().out
    assert code == 0 and KEY.format(21) in output and "STBHHX" in output
    assert copy.is_file() and gaps.is_file() and make_path_next_to_data(copy, KEY_TABLE_SUFFIX).is_file()
    assert main(["renumber", str(source), "--lang", "en"]) == 2


@pytest.mark.parametrize(
    ("new_by_old", "listed"),
    [
        # Numbers that move on by one, as in a table made by hand.
        ({"1": "2", "2": "3", "3": "4"}, ["2", "3", "4"]),
        # A new feature has the number of one that was renumbered.
        ({"1": "9"}, ["9", "2", "3", "1"]),
        # Two features exchange their numbers.
        ({"1": "2", "2": "1"}, ["2", "1", "3"]),
    ],
)
def test_notes_stay_with_their_features_when_numbers_are_used_again(tmp_path, new_by_old, listed):
    path = tmp_path / "a.worklist.csv"
    items = [WorkItem(name, "REL001", "CZKFBJ", name, note=f"note of {name}") for name in ("1", "2", "3")]
    change_worklist(path, lambda worklist: worklist.replace_items(items))

    def follow(worklist):
        renamed = worklist.replace_fingerprints(new_by_old)
        added = [WorkItem(name, "REL001", "CZKFBJ", name) for name in listed if name not in renamed.items]
        return renamed.replace_items(added)

    in_memory = change_worklist(path, follow)
    written = read_worklist(path)
    assert {name: item.note for name, item in written.items.items()} == {
        name: item.note for name, item in in_memory.items.items()
    }
    for name in ("1", "2", "3"):
        assert written.items[new_by_old.get(name, name)].note == f"note of {name}"
    assert set(written.items) == set(listed)


COUNTY = "140225"


def make_key(number, county=COUNTY, middle="0000"):
    return f"{county}{middle}{number:08d}"


KEYS = st.one_of(
    st.builds(make_key, st.integers(1, 60), st.sampled_from([COUNTY, "140226"]), st.sampled_from(["0000", "2005"])),
    st.sampled_from(["", "A7", "140225"]),
)


@given(st.lists(st.lists(KEYS, max_size=12), min_size=1, max_size=3))
def test_new_keys_are_unique_and_above_every_used_number(layers):
    used = [key for keys in layers for key in keys]
    numberer = KeyNumberer(COUNTY, used)
    new_keys = [numberer.number_layer(f"L{n}", keys, "1402") for n, keys in enumerate(layers)]
    assigned = [key for keys in new_keys for key in keys.keys]
    assert len(set(assigned)) == len(assigned) == len(used) and not set(assigned) & set(used)
    for county in (COUNTY, "140226"):
        highest = max([int(key[-8:]) for key in used if len(key) == 18 and key.startswith(county)], default=0)
        of_county = [key for key in assigned if key.startswith(county)]
        assert of_county == [make_key(highest + 1 + n, county) for n in range(len(of_county))]
    for keys, old_keys in zip(new_keys, layers, strict=True):
        # Of several rows with one key, the first is meant.
        assert keys.new_key_by_old == {old: keys.keys[old_keys.index(old)] for old in old_keys if old}
        assert keys.keyless_count == old_keys.count("")
        assert keys.repeated_count == len([key for key in old_keys if key]) - len(set(old_keys) - {""})


def test_rows_of_a_neighbour_get_the_county_of_the_plan():
    numberer = KeyNumberer(COUNTY, [make_key(5)])
    assert numberer.number_layer("CZKFBJ", [make_key(1, "130101")], COUNTY).keys == (make_key(6),)


@pytest.mark.parametrize("first_number", [1, 5])
def test_first_number_that_was_used_is_refused(first_number):
    with pytest.raises(InputError) as refused:
        KeyNumberer(COUNTY, [make_key(5)], first_number)
    assert refused.value.key == "renumber_start" and refused.value.params["highest"] == 5


def test_first_number_above_the_used_ones_leaves_a_gap():
    assert KeyNumberer(COUNTY, [make_key(5)], 100).number_layer("DLTB", [""], COUNTY).keys == (make_key(100),)


def test_exhausted_numbers_and_a_plan_without_county_are_errors():
    with pytest.raises(InputError) as refused:
        KeyNumberer(COUNTY, [make_key(99_999_999)]).number_layer("DLTB", [""], COUNTY)
    assert refused.value.key == "bsm_used_up"
    with pytest.raises(InputError) as refused:
        KeyNumberer("", [])
    assert refused.value.key == "bsm_county"


@given(st.dictionaries(st.sampled_from(["DLTB", "CZKFBJ", "STBHHX"]), st.sets(st.integers(1, 40), max_size=12)))
def test_gaps_are_the_numbers_that_no_layer_has_between_the_ends_of_each_layer(numbers_by_role):
    gaps = find_key_gaps({role: map(make_key, numbers) for role, numbers in numbers_by_role.items()})
    used = set().union(*numbers_by_role.values())
    for role, numbers in numbers_by_role.items():
        free = [n for n in range(min(numbers, default=1), max(numbers, default=0) + 1) if n not in used]
        listed = [
            n for gap in gaps if gap.role == role for n in range(int(gap.first_key[-8:]), int(gap.last_key[-8:]) + 1)
        ]
        assert listed == free
        assert sum(gap.count for gap in gaps if gap.role == role) == len(free)


def test_keys_of_another_scheme_have_no_gaps():
    assert find_key_gaps({"DLTB": [make_key(1, middle="2005"), make_key(9, middle="2005"), "x"]}) == []
