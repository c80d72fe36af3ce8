# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of JSON that other programs wrote or people edited: it is read by its types or refused with its place."""

import json
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import getitem
from typing import Any

import pytest
import shapely

from plugin.core.base.errors import DataError, InputError, SanxianError
from plugin.core.base.files.data import read_json
from plugin.core.base.files.digests import add_digest
from plugin.core.base.files.writing import write_text
from plugin.core.checks.saved_result import SavedLayer, SavedResult, read_saved_result, write_saved_result
from plugin.core.counties.check_county import read_record, write_record
from plugin.core.counties.county_record import CountyRecord, CountyState
from plugin.core.counties.townships.work_package import (
    CrossingRecord,
    LayerRecord,
    NeighbourRecord,
    RowRecord,
    SplitRecord,
    TownshipManifest,
    dump_township_manifest,
    read_township_manifest,
)
from plugin.core.model.findings import Finding
from plugin.core.model.indicator import Indicator
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Severity
from plugin.core.render.outputs import dump_json
from plugin.core.render.worklist.update import CheckedPart, read_report
from plugin.core.standard.messages.texts import Texts


@dataclass(frozen=True)
class Row:
    name: str
    area: float | None = None
    kind: Severity = Severity.INFO
    size: float = field(default=0.0, metadata={"key": "size_m"})


@pytest.mark.parametrize(
    ("text", "kind", "key", "place"),
    [
        ('{"a": {"b": 1, "b": 2}}', Any, "data_json_refused", ""),
        ("[" * 100_000, Any, "data_json_refused", ""),
        ("[NaN]", Any, "data_json_refused", ""),
        ("[1e999]", Any, "data_json_refused", ""),
        ("[" + "9" * 400 + "]", Any, "data_json_refused", ""),
        (b"\xff\xff", Any, "data_json_refused", ""),
        ('{"a":\n 1', Any, "data_json_broken", ""),
        ("[]", {"a": str}, "data_value_kind", "{}"),
        ('{"a": [{"b": 1}, {"b": "2"}]}', {"a": [{"b": int}]}, "data_value_kind", "a[2].b"),
        ('{"a": {}}', {"a": {"b": str}}, "data_key_missing", "a.b"),
        ('{"a": {"b?": 1}}', {"a": {"b": str}}, "data_key_missing", "a.b"),
        ('{"a": [[1, "x"]]}', {"a": list[tuple[int, int]]}, "data_value_kind", "a[1]"),
        ('[{"name": "x"}, {"name": "x", "b": 1}]', list[Row], "data_key_unknown", "[2].b"),
        ('[{"area": 1}]', list[Row], "data_key_missing", "[1].name"),
        ('[{"name": "x", "area": true}]', list[Row], "data_value_kind", "[1].area"),
        ('[{"name": "x", "kind": ["INFO"]}]', list[Row], "data_value_unknown", "[1].kind"),
    ],
)
def test_json_of_others_is_refused_with_file_and_place(tmp_path, text, kind, key, place):
    path = tmp_path / "他.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as caught:
        read_json(path, kind)
    assert (caught.value.key, caught.value.params.get("key", "")) == (key, place)
    for lang in ("zh", "en"):
        message = Texts(lang).explain_error(caught.value)
        assert "他.json" in message and place in message


def test_json_of_others_is_read_by_its_types(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text('\ufeff[{"name": "x", "area": 3, "size_m": 2}, ["y", null, "ERROR", 0]]', encoding="utf-8")
    first, second = read_json(path, list[Row])
    assert (first, second) == (Row("x", 3, size=2.0), Row("y", kind=Severity.ERROR))
    assert isinstance(first.area, int) and isinstance(first.size, float)


REPORT = Report(
    [RuleOutcome("ATT001", "x", "ERROR", Outcome.FAILED, parameters=[{"name": "a", "value": 1}])],
    [
        Finding(
            "DLTB", "1", code="ATT001", severity=Severity.ERROR, geometry=shapely.box(0, 0, 1, 1), place=(113.5, 39.7)
        )
    ],
    [Indicator("farmland_area", 3, "ha", "net")],
    {"snap": 0.1},
    {"layers": [{"role": "DLTB"}], "profile": {"id": "a"}},
)
RESULT = SavedResult(
    datetime(2026, 11, 20), REPORT, "EPSG:4526", {"profile": "a"}, [SavedLayer("a", "b", stamp=(("c", 1, 2),))]
)
LAYER = LayerRecord(
    "a",
    "b",
    "c",
    ("d",),
    (RowRecord(1, "a", "b", "c"),),
    (NeighbourRecord(1, "a", "b", "c"),),
    (CrossingRecord(1, "a", ("b",)),),
)
MANIFEST = TownshipManifest(SplitRecord(*"abcdefg", 1.0), "a", "b", "c", "d.gpkg", (LAYER,))
RECORD = CountyRecord("a", CountyState.CHECKED, "b", counts={"a": 1})


def list_paths(value, path=()):
    """Return the paths of all values within a value of JSON."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for key, part in items for one in list_paths(part, (*path, key)))]


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (lambda path: write_text(path, dump_json(REPORT.to_dict())), lambda path: CheckedPart(read_report(path), {})),
        (lambda path: write_saved_result(path, RESULT), read_saved_result),
        (lambda path: write_text(path, dump_township_manifest(MANIFEST)), read_township_manifest),
        (lambda path: write_record(RECORD, path.parent), lambda path: read_record(path.parent)),
    ],
    ids=["report", "saved result", "manifest of a township", "record of a county"],
)
def test_value_of_another_type_is_read_or_refused_with_its_file(tmp_path, write, read):
    path, texts, refused = tmp_path / "county.json", Texts("zh"), set()
    write(path)
    assert read(path) is not None
    whole = json.loads(path.read_text(encoding="utf-8"))
    has_digest = whole.pop("digest", None) is not None
    for place in list_paths(whole)[1:]:
        for wrong in (None, [None]):
            data = deepcopy(whole)
            reduce(getitem, place[:-1], data)[place[-1]] = wrong
            text = json.dumps(data)
            path.write_text(add_digest(text) if has_digest else text, encoding="utf-8")
            try:
                if read(path) is None:
                    refused.add(place[0])
            except SanxianError as error:
                refused.add(place[0])
                assert "county.json" in texts.explain_error(error)
    assert refused == set(whole)


def test_file_that_is_no_report_is_refused(tmp_path):
    path = tmp_path / "r.json"
    for text in ("[]", '{"schema": "x"}', "{"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises((InputError, DataError), match=r"r\.json"):
            read_report(path)
