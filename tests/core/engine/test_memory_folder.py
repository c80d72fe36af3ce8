# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of rules that are kept in a folder equal those of a fresh check, whatever happens to the folder."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.check import RunOptions, check_plan
from plugin.core.engine import geometry_queries, memory_folder
from plugin.core.engine.memory_folder import (
    FolderMemory,
    NotStorableError,
    decode_value,
    encode_value,
    limit_folder_size,
)
from plugin.core.errors import InputError, OutputError
from plugin.core.geometry.overlay import find_shared_pieces
from plugin.core.io import read_source
from plugin.core.messages.texts import CodeListName
from plugin.core.waivers.file import change_waivers
from plugin.core.waivers.model import WaiverEntry, WaiverLimits, make_waivers
from plugin.paths import RESOURCES_FOLDER

from .test_rule_memory import EVERY_RULE, get_frame, list_comparable_parts, move_second_vertex, replace_layer

COUNTY = RESOURCES_FOLDER / "sample" / "county.gpkg"
DEFAULT_RULES = RunOptions(profile="hunyuan")


def check_in_new_process_memory(folder, options=DEFAULT_RULES, source=COUNTY):
    """Return the comparable parts of a check and its memory, which has only the folder."""
    memory = FolderMemory(folder, source)
    return list_comparable_parts(check_plan(source, options, memory=memory).report), memory


@pytest.fixture(scope="module")
def filled_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("缓存 cache")
    parts, memory = check_in_new_process_memory(folder, EVERY_RULE)
    assert memory.computed_codes
    return folder, parts


def test_check_of_an_unchanged_county_takes_every_rule_result_from_the_folder_and_equals_a_fresh_one(filled_folder):
    folder, first = filled_folder
    second, memory = check_in_new_process_memory(folder, EVERY_RULE)
    assert second == first == list_comparable_parts(check_plan(COUNTY, EVERY_RULE).report)
    assert not memory.computed_codes


def test_result_files_contain_no_python_objects(filled_folder):
    for path in filled_folder[0].iterdir():
        with np.load(path, allow_pickle=False) as archive:
            assert all(archive[name].dtype != object for name in archive.files), path.name


def test_result_folder_without_the_values_of_layers_gives_an_equal_report(tmp_path):
    first, _ = check_in_new_process_memory(tmp_path, EVERY_RULE)
    for path in tmp_path.glob("*.layer.npz"):
        path.unlink()
    second, memory = check_in_new_process_memory(tmp_path, EVERY_RULE)
    assert second == first and memory.computed_codes and memory.reused_codes
    # The second check has written the values again.
    assert not check_in_new_process_memory(tmp_path, EVERY_RULE)[1].computed_codes


def test_result_that_cannot_be_written_leaves_the_report_complete_and_the_reason_is_known(
    tmp_path, monkeypatch, capsys
):
    expected = list_comparable_parts(check_plan(COUNTY, DEFAULT_RULES).report)

    def refuse(target):
        raise OutputError("output_unwritable", target=str(target), detail="no_space")

    monkeypatch.setattr("plugin.core.engine.memory_folder.write_atomically", refuse)
    parts, memory = check_in_new_process_memory(tmp_path)
    assert parts == expected and memory.writing_error.key == "output_unwritable"
    main(["check", str(COUNTY), "--profile", "hunyuan", "--cache", str(tmp_path)])
    assert ".npz" in capsys.readouterr().err


OVERLAPS = RunOptions(profile="hunyuan", rules=("TOP001", "REL001", "ATT022"))


def check_county_of_another_run(county, folder, monkeypatch):
    """Check layers with a new memory of a folder; return the numbers of rows that were overlaid within a layer."""
    counts = []

    def record(left, *others, **settings):
        counts.append(len(left))
        return find_shared_pieces(left, *others, **settings)

    expected = list_comparable_parts(check_plan(county, OVERLAPS, source="county").report)
    with monkeypatch.context() as patch:
        patch.setattr(geometry_queries, "find_shared_pieces", record)
        report = check_plan(county, OVERLAPS, source="county", memory=FolderMemory(folder, "county")).report
    assert list_comparable_parts(report) == expected
    return counts


def move_vertex_of_parcel(county, row):
    """Return the layers of a county with a vertex of one parcel moved."""
    shapes = get_frame(county, "DLTB").geometry.to_numpy().copy()
    shapes[row] = move_second_vertex(shapes[row], 1e-5)
    frame = get_frame(county, "DLTB")
    return replace_layer(county, "DLTB", frame.set_geometry(shapes, crs=frame.crs))


def test_later_run_overlays_only_rows_near_those_that_have_changed_since_the_last_one(tmp_path, monkeypatch):
    county = list(read_source(COUNTY))
    parcel_count = len(get_frame(county, "DLTB"))
    assert parcel_count in check_county_of_another_run(county, tmp_path, monkeypatch)
    for row in (5, 7):
        county = move_vertex_of_parcel(county, row)
        counts = check_county_of_another_run(county, tmp_path, monkeypatch)
        assert counts and max(counts) < parcel_count / 4


def test_later_run_of_an_unchanged_county_does_not_read_what_updates_of_its_overlays_need(tmp_path, monkeypatch):
    county, paths, read = list(read_source(COUNTY)), [], memory_folder._read_arrays
    check_county_of_another_run(county, tmp_path, monkeypatch)
    monkeypatch.setattr(memory_folder, "_read_arrays", lambda path: paths.append(path.name) or read(path))
    assert check_county_of_another_run(county, tmp_path, monkeypatch) == []
    assert paths and not [name for name in paths if not name.endswith((".result.npz", ".layer.npz"))]


@pytest.mark.parametrize("suffix", [".shapes.npz", ".query.npz"])
def test_later_run_without_readable_files_for_updates_overlays_all_rows_of_a_changed_layer(
    tmp_path, monkeypatch, suffix
):
    county = list(read_source(COUNTY))
    check_county_of_another_run(county, tmp_path, monkeypatch)
    paths = list(tmp_path.glob(f"*{suffix}"))
    assert paths
    for path in paths:
        path.write_bytes(path.read_bytes()[:100])
    county = move_vertex_of_parcel(county, 5)
    assert len(get_frame(county, "DLTB")) in check_county_of_another_run(county, tmp_path, monkeypatch)
    # The changed layer has a new file.
    county = move_vertex_of_parcel(county, 7)
    assert len(get_frame(county, "DLTB")) not in check_county_of_another_run(county, tmp_path, monkeypatch)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"not an archive"], ids=["empty", "cut", "foreign"])
def test_damaged_result_files_are_ignored_and_their_rules_run_again(tmp_path, damage):
    first, _ = check_in_new_process_memory(tmp_path)
    for path in tmp_path.iterdir():
        path.write_bytes(damage)
    second, memory = check_in_new_process_memory(tmp_path)
    assert second == first and not memory.reused_codes


def test_result_files_of_another_plugin_version_are_ignored(tmp_path, monkeypatch):
    check_in_new_process_memory(tmp_path)
    monkeypatch.setattr("plugin.core.engine.memory_folder.compute_program_digest", lambda: "another version")
    _, memory = check_in_new_process_memory(tmp_path)
    assert not memory.reused_codes


def test_two_counties_share_a_result_folder_without_replacing_each_other(tmp_path):
    folder, copy = tmp_path / "cache", tmp_path / "county.gpkg"
    copy.write_bytes(COUNTY.read_bytes())
    check_in_new_process_memory(folder)
    check_in_new_process_memory(folder, source=copy)
    for source in (COUNTY, copy):
        assert not check_in_new_process_memory(folder, source=source)[1].computed_codes


def test_missing_result_folder_is_created_and_a_file_in_its_place_is_refused(tmp_path):
    FolderMemory(tmp_path / "new" / "cache", COUNTY)
    assert (tmp_path / "new" / "cache").is_dir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError) as caught:
        FolderMemory(tmp_path / "file", COUNTY)
    assert caught.value.key == "cache_folder_unusable"


def test_result_folder_above_its_limit_loses_the_longest_unused_result_files_only(tmp_path):
    import os

    for number, kind in enumerate(("query", "shapes", "result", "layer")):
        path = tmp_path / f"{number}.{kind}.npz"
        path.write_bytes(b"x" * 100)
        os.utime(path, (number, number))
    (tmp_path / "plan.gpkg").write_bytes(b"x" * 1000)
    limit_folder_size(tmp_path, most_bytes=250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.result.npz", "3.layer.npz", "plan.gpkg"]


def test_stored_values_of_rule_results_are_restored_with_their_types():
    value = {"a": (1, 2.5, None, True), 3: ["x", {"y": CodeListName("sandiao")}], "inf": float("inf")}
    restored = decode_value(encode_value(value))
    assert restored == value and type(restored["a"]) is tuple and type(restored[3][1]["y"]) is CodeListName
    assert encode_value(np.float64(0.1)) == 0.1
    with pytest.raises(NotStorableError):
        encode_value(shapely.Point(0, 0))


def test_check_command_states_which_rule_results_it_took_from_the_folder(tmp_path, capsys):
    arguments = ["check", str(COUNTY), "--profile", "hunyuan", "--cache", str(tmp_path / "cache")]
    first = tmp_path / "first.json"
    second = tmp_path / "second.json"
    main([*arguments, "--json", str(first)])
    assert "采用上次检查的结果" not in capsys.readouterr().out
    main([*arguments, "--json", str(second)])
    assert "采用上次检查的结果" in capsys.readouterr().out
    assert '"reused_rules": []' in first.read_text(encoding="utf-8")
    assert '"reused_rules": ["ATT' in second.read_text(encoding="utf-8")


def test_waiver_written_after_a_check_applies_to_its_stored_findings(tmp_path):
    """A waiver that is written after the first check applies to findings from the folder."""
    report = check_plan(COUNTY, DEFAULT_RULES, memory=FolderMemory(tmp_path, COUNTY)).report
    waived = next(finding for finding in report.findings if finding.code == "TOP001" and finding.fingerprint)
    file = tmp_path / "county.waivers.csv"
    entry = WaiverEntry(reason="已批准", document="晋自然资发〔2026〕1号", author="王工", date=date.today())
    change_waivers(file, added_waivers=make_waivers([waived], entry, WaiverLimits()))
    options = replace(DEFAULT_RULES, waivers=str(file))
    memory = FolderMemory(tmp_path, COUNTY)
    again = check_plan(COUNTY, options, memory=memory).report
    assert not memory.computed_codes
    assert [f.fingerprint for f in again.findings if f.state == "waived"] == [waived.fingerprint]
