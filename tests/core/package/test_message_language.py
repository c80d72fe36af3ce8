# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages on a package use the language of the reader, not of the report."""

import re
from types import SimpleNamespace

import pytest

from plugin.core.errors import InputError, OutputError
from plugin.core.messages.texts import CauseMessage, RuleProblem, Texts
from plugin.core.model.rule import load_all_rules
from plugin.core.package.gate import find_check_problems, stop_on_gate_problems
from plugin.core.package.layers.data_sets import _find_title_and_roles
from plugin.core.package.maps.slots import explain_missing_maps
from plugin.core.package.order import ExportOrder
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.problems import ExportProblem, ProblemLevel
from plugin.core.package.tables import write
from plugin.core.standard import load_standard
from plugin.core.standard.map_set import MissingMapReason

COUNTY_SPEC = load_package_spec("county")
CHINESE_CHARACTER_PATTERN = re.compile(r"[\u4e00-\u9fff]")


def is_in_language(lang, text):
    """Return True if a text is in the language, not counting names in quotes."""
    return bool(CHINESE_CHARACTER_PATTERN.search(re.sub(r"“[^”]*”", "", text))) == (lang == "zh")


def explain_incomplete_check():
    summary = {"verdict": "incomplete", "errors": 0, "skipped": 1, "crashed": 0, "left_out": []}
    rule = SimpleNamespace(code="LAW004", findings=0, severity="WARNING", incomplete=True, outcome="passed")
    report = SimpleNamespace(lang="zh", summary=summary, indicators=[], rules=[rule])
    return [*find_check_problems(SimpleNamespace(report=report))]


def explain_missing_map():
    slot = SimpleNamespace(need="M", title="县域三区图")
    return explain_missing_maps([(slot, MissingMapReason("too_large", {"dpi": "300"}))])


def explain_missing_mdb(tmp_path):
    slot = next(one for one in COUNTY_SPEC.files if one.kind == "table" and one.file.endswith(".mdb"))
    making = SimpleNamespace(
        filled_slots=[SimpleNamespace(slot=slot, file_paths=())],
        placeholders={"code": "140225", "name": "浑源县"},
        prepare_file_path=lambda folder, name: tmp_path / name,
        lang="zh",
    )
    return write.write_access_tables(None, making, driver="mdb_no_windows")


def explain_missing_tables():
    return [
        ExportProblem(
            ProblemLevel.NOTE,
            "tables_not_made",
            params={"reason": CauseMessage(InputError("source_missing", source="a"))},
        )
    ]


def explain_receiver_problems():
    return [
        ExportProblem(
            ProblemLevel.NOTE,
            "as_received",
            "A",
            "MJ",
            1,
            ("1",),
            {"rule": "ATT013", "problem": RuleProblem(load_all_rules()["ATT013"])},
        )
    ]


def explain_missing_layer():
    title, roles = _find_title_and_roles("boundary", [load_standard()])
    return [ExportProblem(ProblemLevel.GATE, "layer_missing", params={"title": title, "roles": roles})]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    "of",
    [
        explain_incomplete_check,
        explain_missing_map,
        explain_missing_mdb,
        explain_missing_tables,
        explain_receiver_problems,
        explain_missing_layer,
    ],
)
def test_problem_found_by_an_export_is_explained_without_words_of_the_other_language(of, lang, tmp_path):
    (problem,) = of(tmp_path) if of is explain_missing_mdb else of()
    assert is_in_language(lang, problem.format_as_sentence(Texts(lang))), problem.format_as_sentence(Texts(lang))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_error_that_stops_an_export_is_explained_without_words_of_the_other_language(lang, tmp_path):
    with pytest.raises(OutputError) as caught:
        stop_on_gate_problems(
            [*explain_incomplete_check(), *explain_missing_map()], ExportOrder(COUNTY_SPEC, tmp_path), tmp_path / "浑源"
        )
    lines = Texts(lang).explain_error(caught.value).split("\n")
    assert len(lines) == 4 and all(is_in_language(lang, line) for line in lines), lines
