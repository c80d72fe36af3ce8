# SPDX-License-Identifier: GPL-2.0-or-later
"""What is told of a package is told in one language: that of whoever tells it, whatever the check's report is in."""

import re
from types import SimpleNamespace

import pytest

from plugin.core.cancellation import NEVER
from plugin.core.check import CheckResult
from plugin.core.errors import InputError, OutputError
from plugin.core.messages.texts import CauseMessage, RuleTitle, Texts
from plugin.core.model.rule import all_rules
from plugin.core.model.side_inputs import NO_SIDE_INPUTS
from plugin.core.package.export import report_received
from plugin.core.package.gate import judge_check, pass_gate
from plugin.core.package.layers.prepare import _named
from plugin.core.package.layers.vectors import _not_the_same
from plugin.core.package.maps.slots import explain_missing_maps
from plugin.core.package.order import ExportOrder
from plugin.core.package.package_spec.load import load_package_spec
from plugin.core.package.problems import Level, Problem
from plugin.core.package.tables import write
from plugin.core.standard import load_standard
from plugin.core.standard.map_set import MissingInput
from plugin.core.waivers.model import NO_WAIVERS

FORM = load_package_spec("county")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def speaks(lang, text):
    """No Chinese in English but names in quotation marks; Chinese in Chinese."""
    return bool(CHINESE.search(re.sub(r"“[^”]*”", "", text))) == (lang == "zh")


def held_back():
    summary = {"verdict": "incomplete", "errors": 0, "skipped": 1, "crashed": 0, "left_out": []}
    return [*judge_check(SimpleNamespace(report=SimpleNamespace(lang="zh", summary=summary)))]


def no_map():
    slot = SimpleNamespace(need="M", title="县域三区图")
    return explain_missing_maps([(slot, MissingInput("too_large", {"dpi": "300"}))])


def no_mdb(tmp_path):
    slot = next(one for one in FORM.files if one.kind == "table" and one.file.endswith(".mdb"))
    making = SimpleNamespace(
        filled=[SimpleNamespace(slot=slot, files=())],
        values={"code": "140225", "name": "浑源县"},
        place=lambda folder, name: tmp_path / name,
        lang="zh",
    )
    return write.write_access_tables(None, making, of="mdb_no_windows")


def no_tables():
    return [
        Problem(
            Level.NOTE, "tables_not_made", params={"reason": CauseMessage(InputError("source_missing", source="a"))}
        )
    ]


def seen_by_receiver():
    return [Problem(Level.NOTE, "as_received", "A", "MJ", 1, ("1",), {"rule": RuleTitle(all_rules()["ATT013"])})]


def no_layer():
    title, roles = _named("boundary", [load_standard()])
    return [Problem(Level.GATE, "layer_missing", params={"title": title, "roles": roles})]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("of", [held_back, no_map, no_mdb, no_tables, seen_by_receiver, no_layer])
def test_a_sentence_is_in_one_language(of, lang, tmp_path):
    (problem,) = of(tmp_path) if of is no_mdb else of()
    assert speaks(lang, problem.sentence(Texts(lang))), problem.sentence(Texts(lang))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_so_is_the_error_that_lists_them(lang, tmp_path):
    with pytest.raises(OutputError) as caught:
        pass_gate([*held_back(), *no_map()], ExportOrder(FORM, tmp_path), tmp_path / "浑源")
    lines = Texts(lang).explain(caught.value).split("\n")
    assert len(lines) == 4 and all(speaks(lang, line) for line in lines), lines


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_and_what_was_not_read_back_as_written(lang):
    rows = [{"kind": "value", "field": "MJ", "count": 2, "features": ["1", "2"]}]
    told = Texts(lang).explain(_not_the_same(SimpleNamespace(name="CZKFBJ"), rows))
    assert "MJ" in told and "1, 2" in told and all(speaks(lang, line) for line in told.split("\n"))


def test_the_receivers_rules_are_told_by_their_names(monkeypatch):
    """`report_received` hands the rule on, not its title in the report's language."""
    from plugin.core.package import export

    rule = all_rules()["ATT013"]
    finding = SimpleNamespace(code="ATT013", role="A", field="MJ", key="1", state="open", severity=rule.severity)
    monkeypatch.setattr(export, "run_check", lambda *_all, **_more: SimpleNamespace(findings=[finding]))
    standard = SimpleNamespace(rule_groups={export.RECEIVED_GROUP: ("ATT013",)})
    plan = SimpleNamespace(norm=SimpleNamespace(standard=standard), layers={})
    checked = CheckResult(plan, SimpleNamespace(lang="zh", rules=[]), NO_SIDE_INPUTS, NO_WAIVERS)
    (problem,) = report_received(checked, NEVER)
    assert speaks("en", problem.sentence(Texts("en"))) and speaks("zh", problem.sentence(Texts("zh")))
