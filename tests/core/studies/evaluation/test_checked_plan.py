# SPDX-License-Identifier: GPL-2.0-or-later
"""Earlier editions in the report of a check: figures, files, public edition, unusable lists."""

import json
import re
import zipfile
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import openpyxl
import pytest

from plugin.core.__main__ import main
from plugin.core.base.errors import Cancellation, Cancelled, InputError
from plugin.core.checks.check import check_plan
from plugin.core.figures.indicators.compute import PlanIndicators
from plugin.core.standard.messages.texts import NameList, Texts
from plugin.core.standard.options import RunOptions
from plugin.core.studies.evaluation import evaluate_editions as run
from plugin.core.studies.evaluation.evaluate_editions import choose_editions_of_check, evaluate_check, evaluate_editions
from plugin.core.studies.evaluation.evaluated_editions import Edition, read_editions
from plugin.core.studies.evaluation.evaluation_tables import list_note_sentences
from plugin.core.studies.evaluation.write_evaluation import evaluation_to_dict
from tests.core.printed_tables import find_table, normalise, normalise_lines, run_in_both_languages
from tests.core.small_plan import hash_files, make_table, write_gpkg
from tests.core.studies.evaluation.test_evaluation import make_box, make_layers, write_profile
from tests.county.measure import statutory_area

WIDTHS = {2020: 600, 2022: 590, 2024: 500}
FORMS = ("json", "html", "docx", "xlsx")


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Write three editions and a list with the year of the last one, which is checked; return their folder."""
    folder = tmp_path_factory.mktemp("质检 评估")
    for year, width in WIDTHS.items():
        write_gpkg(folder / f"{year}年数据.gpkg", make_layers(width))
    write_profile(folder / "县配置.toml")
    lines = ["年份,数据", "2020,2020年数据.gpkg", "2021,无此文件.gpkg", "2022,2022年数据.gpkg", "2024,"]
    (folder / "各期.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def options(county):
    return RunOptions(profile=str(county / "县配置.toml"))


@pytest.fixture(scope="module")
def checked(county, options):
    return check_plan(county / "2024年数据.gpkg", options)


@pytest.fixture(scope="module")
def editions(county):
    given = read_editions([str(county / "各期.csv")], has_checked_plan=True)
    return choose_editions_of_check(given, str(county / "2024年数据.gpkg"), "", 2026, "zh")


def get_series(data, name):
    return next(one for one in data["series"] if one["id"] == name)


def test_figures_equal_those_of_an_evaluation_and_the_plan_is_not_read_again(
    county, options, checked, editions, monkeypatch
):
    sources = [f"{one.year}={one.source}" for one in editions.earlier] + [f"2024={county / '2024年数据.gpkg'}"]
    expected = evaluation_to_dict(evaluate_editions(read_editions(sources), options))
    read, read_plan = [], run.read_plan
    monkeypatch.setattr(run, "read_plan", lambda source, *a, **k: (read.append(source), read_plan(source, *a, **k))[1])
    shares = []
    result = evaluate_check(checked, editions, options, progress=lambda share, text: shares.append(share))
    data = evaluation_to_dict(result)
    label = "2024（本次检查）"
    assert (data["editions"][-1].pop("name"), expected["editions"][-1].pop("name")) == ("本次检查", "")
    assert data["editions"][-1]["label"] == label
    assert json.loads(json.dumps(data, ensure_ascii=False).replace(label, "2024")) == expected
    areas = [statutory_area([make_box(0, 0, WIDTHS[year], 500)])[0] / 1e4 for year in (2020, 2022, 2024)]
    points = get_series(data, "red_line_area")["points"]
    assert [points[n]["value"] for n in (0, 2, 3)] == pytest.approx(areas, abs=1e-4)
    assert points[3]["change"]["value"] == pytest.approx(areas[2] - areas[1], abs=1e-4)
    assert points[1]["value"] is None and "无此文件.gpkg" in data["editions"][1]["problem"]
    assert read == [one.source for one in editions.earlier], "the checked plan was read again"
    assert shares == sorted(shares) and (shares[0], shares[-1]) == (0.0, 1.0)


def test_figures_of_the_checked_plan_are_those_of_its_report(checked, editions, options):
    indicators = [replace(one, value=26.0) if one.id == "red_line_area" else one for one in checked.report.indicators]
    changed = replace(checked, report=replace(checked.report, indicators=indicators))
    alone = replace(editions, earlier=[], earlier_labels=[])
    series = get_series(evaluation_to_dict(evaluate_check(changed, alone, options)), "red_line_area")
    assert [one["value"] for one in series["points"]] == [26.0]


def test_a_crash_of_one_indicator_leaves_the_others(checked, editions, options, monkeypatch):
    def fail(self, entry):
        raise ValueError("odd shape in /home/zhang/a.gpkg")

    monkeypatch.setattr(PlanIndicators, "_compute_layer_area", fail)
    data = evaluation_to_dict(evaluate_check(checked, replace(editions, earlier=[], earlier_labels=[]), options))
    point = get_series(data, "county_area")["points"][0]
    assert point["value"] is None and "ValueError: odd shape" in point["reason"] and "zhang" not in point["reason"]
    # A planned gap, such as a missing layer, is not named as a failure.
    (note,) = [one for one in data["notes"] if "计算出错" in one]
    assert "2024（本次检查）" in note and get_series(data, "county_area")["name"] in note and "耕地" not in note
    assert get_series(data, "red_line_area")["points"][0]["value"] == pytest.approx(25, abs=0.01)


def test_a_cancel_between_editions_stops_the_evaluation(checked, editions, options):
    calls = []
    with pytest.raises(Cancelled):
        evaluate_check(
            checked,
            editions,
            options,
            progress=lambda share, text: calls.append(share),
            cancellation=Cancellation(lambda: len(calls) > 2),
        )


def run_check(county, folder, *more):
    """Run the command, write all forms to a folder; return their paths by form."""
    paths = {form: folder / f"报告 a.{form}" for form in FORMS}
    arguments = [argument for form, path in paths.items() for argument in (f"--{form}", str(path))]
    main(["check", str(county / "2024年数据.gpkg"), "--profile", str(county / "县配置.toml"), *arguments, *more])
    return paths


@pytest.fixture(scope="module")
def plain(county, tmp_path_factory):
    return run_check(county, tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_all_files_have_the_chapter_and_the_rest_is_unchanged(county, plain, tmp_path, capsys, lang):
    before = hash_files(county)
    paths = run_check(county, tmp_path, "--editions", str(county / "各期.csv"), "--lang", lang)
    assert hash_files(county) == before, "the inputs changed"
    printed = capsys.readouterr()
    assert ("生态保护红线" in printed.out and "17.50" in printed.out) or lang == "en"
    data = json.loads(paths["json"].read_text(encoding="utf-8"))
    series = get_series(data["evaluation"], "red_line_area")
    assert (series["level"], series["unconfirmed"]) == ("alert", False) and series["target"]["value"] == 20
    shown = [one for one in data["evaluation"]["series"] if any(p["value"] is not None for p in one["points"])]
    page = paths["html"].read_text(encoding="utf-8")
    assert page.count("data:image/svg+xml") == len(shown) and " style=" not in page
    title, level, label = {
        "zh": ("、体检评估</h2>", "预警", "2024（本次检查）"),
        "en": (". Evaluation</h2>", "Alert", "2024 (this check)"),
    }[lang]
    assert title in page and level in page and label in page
    with zipfile.ZipFile(paths["docx"]) as file:
        text = re.sub("<[^>]+>", "", file.read("word/document.xml").decode("utf-8"))
        charts = [file.read(name).decode() for name in file.namelist() if name.startswith("word/charts/chart")]
    assert len(charts) == len(shown)
    for chart in charts:
        # Labels as long as that of the checked plan would be turned, and leave the lines no room.
        labels = re.findall("<v>([^<]*)</v>", chart.partition("<cat>")[2].partition("</cat>")[0])
        assert labels == ["2020", "2021", "2022", "2024"]
        assert re.search('rot="0"', chart.partition("<catAx>")[2].partition("</catAx>")[0])
    assert title.partition("<")[0] in text and level in text and "29.50" in text
    book = openpyxl.load_workbook(paths["xlsx"])
    row = next(r for r in book.worksheets[2].iter_rows(values_only=True) if r[1] == series["name"])
    points = [one["value"] for one in series["points"]]
    assert [row[n] for n in (3, 5, 6)] == pytest.approx([points[n] for n in (0, 2, 3)]) and row[-1] == level
    # Spreadsheets other than Excel cut texts of several lines in rows without a height.
    for sheet in book.worksheets[2:]:
        for cells in sheet.iter_rows():
            lines = max(len(str(cell.value).split("\n")) for cell in cells)
            assert lines == 1 or (sheet.row_dimensions[cells[0].row].height or 0) >= 12 * lines, sheet.title
    if lang == "zh":
        del data["evaluation"]
        former = json.loads(plain["json"].read_text(encoding="utf-8"))
        assert data.keys() == former.keys() and data["findings"] == former["findings"]
        assert data["indicators"] == former["indicators"] and data["summary"] == former["summary"]


def test_a_report_without_editions_has_no_part_of_the_chapter(plain):
    assert not re.search(r"体检评估|class=\"ch\"|\.pics|\.ch ", plain["html"].read_text(encoding="utf-8"))
    assert len(openpyxl.load_workbook(plain["xlsx"]).sheetnames) == 2
    with zipfile.ZipFile(plain["docx"]) as file:
        assert "体检评估" not in file.read("word/document.xml").decode("utf-8")


def test_a_public_edition_has_the_reason_in_place_of_the_chapter(county, tmp_path):
    paths = run_check(county, tmp_path, "--editions", str(county / "各期.csv"), "--public")
    reason = "公开版不含体检评估"
    texts = {form: paths[form].read_text(encoding="utf-8") for form in ("json", "html")}
    with zipfile.ZipFile(paths["docx"]) as file:
        texts["docx"] = file.read("word/document.xml").decode("utf-8")
    for form, text in texts.items():
        assert reason in text, form
        assert not re.search(r"2022年数据|无此文件|image/svg", text), form
    assert list(json.loads(texts["json"])["evaluation"]) == ["left_out"]
    assert "指标序列" not in openpyxl.load_workbook(paths["xlsx"]).sheetnames


def test_an_earlier_edition_is_not_replaced(county):
    source = county / "2020年数据.gpkg"
    before = hash_files(county)
    arguments = ["check", str(county / "2024年数据.gpkg"), "--editions", f"2020={source};2024="]
    assert main([*arguments, "--json", str(source)]) == 2
    assert hash_files(county) == before


def test_the_row_of_the_checked_plan_gives_its_year_and_name():
    old = Edition(2020, "a.gpkg")
    for row in (Edition(2023, "", name="报批"), Edition(2023, "./b.gpkg", name="报批")):
        chosen = choose_editions_of_check([row, old], "b.gpkg", "p", 2026, "zh")
        assert (chosen.earlier, chosen.checked_label) == ([old], "2023（报批）")
        assert dict(chosen.notes) == {"missing_years": {"years": NameList(("2021", "2022"))}}
    other = choose_editions_of_check([Edition(2023, "", "folder/q.toml"), old], "b.gpkg", "p", 2026, "zh")
    assert dict(other.notes)["checked_profile"] == {"profile": "q.toml"}
    assumed = choose_editions_of_check([Edition(2026, "c.gpkg"), old], "b.gpkg", "p", 2026, "en")
    # Two editions of one year: the checked plan is the last one.
    assert (assumed.earlier_labels, assumed.checked_label) == (["2020", "2026 (1)"], "2026 (this check)")
    assert dict(assumed.notes)["assumed_year"] == {"year": 2026}


@pytest.mark.parametrize(
    ("editions", "key"),
    [
        ([Edition(2023, "")], "evaluation_no_earlier"),
        ([Edition(2020, "a.gpkg"), Edition(2023, ""), Edition(2024, "b.gpkg")], "evaluation_checked_twice"),
        ([Edition(2020, "a.gpkg"), Edition(2027, "c.gpkg")], "evaluation_later_edition"),
    ],
)
def test_an_unusable_list_is_refused_before_the_check(editions, key):
    with pytest.raises(InputError) as error:
        choose_editions_of_check(editions, "b.gpkg", "p", 2026, "zh")
    assert error.value.key == key


def test_a_year_of_the_check_is_compared_with_the_same_year_of_the_data(tmp_path):
    urban = {"DLBM": ["0701"], "CZCSXM": ["201"], "TBMJ": [10_000.0]}
    for year, width in ((2020, 110), (2024, 120)):
        boundary = make_table([make_box(1000, 0, width, 100)], GHFQDM=["410"], GHFQMC=["城镇集中建设区"])
        tables = {"XZYDYH": make_table([make_box(1000, 0, 100, 100)], **urban), "CZKFBJ": boundary}
        write_gpkg(tmp_path / f"{year}.gpkg", make_layers(500) | tables)
    # The earlier edition has its year (2020) by the definition of XZYDYH; the check has it from the settings.
    options = RunOptions(base_year=2020)
    checked = check_plan(tmp_path / "2024.gpkg", options)
    given = [Edition(2020, str(tmp_path / "2020.gpkg")), Edition(2024, "")]
    editions = choose_editions_of_check(given, str(tmp_path / "2024.gpkg"), "", 2026, "zh")
    result = evaluate_check(checked, editions, options)
    series = next(one for one in result.series if one.id == "expansion_ratio_n1")
    assert [one.value for one in series.points] == pytest.approx([1.1, 1.2], rel=1e-3)
    assert series.changes[1].value == pytest.approx(0.1, rel=1e-2), series.changes[1].obstacle
    assert "other_base_year" not in dict(result.notes)
    assert [one.base_year for one in result.editions] == [2020, 2020]


def test_a_crash_while_an_earlier_edition_is_read_leaves_the_check(checked, editions, options, monkeypatch):
    def fail(*given, **named):
        raise KeyError("odd column in /home/zhang/a.gpkg")

    monkeypatch.setattr(run, "read_plan", fail)
    result = evaluate_check(checked, editions, options)
    assert [one.is_read for one in result.editions] == [False, False, False, True]
    assert "KeyError" in result.editions[0].problem and "zhang" not in result.editions[0].problem
    assert any("KeyError" in one for one in list_note_sentences(result, Texts("zh")))


PRINTED_FORMS = ("docx", "xlsx", "html")
LABELS = ("2020", "2021", "2022", "2024")
UNITS = {
    "ha": ("公顷", 2),
    "km2": ("平方千米", 2),
    "wan_mu": ("万亩", 4),
    "ratio": ("倍", 4),
    "share": ("%", 2),
}
LEVELS = {"alert": "预警", "watch": "关注", "undetermined": "未能判定", "normal": "未见异常"}
SIGNS = {">=": "≥", "<=": "≤"}
#: Width (m) of red line, built land and concentrated zone, and net areas of farmland (m²) by year.
EDITIONS = {
    2020: (600, 200, 300, (30_000.0, 20_000.0)),
    2022: (590, 200.001, 290, (30_000.0, 19_980.0)),
    2024: (500, 260, 290, None),
}


def write_editions(folder):
    """Write three editions with land use and boundary, a profile, and a list with a missing one; return the list."""
    for year, (width, built, concentrated, net) in EDITIONS.items():
        survey = make_table(
            [make_box(0, 0, 2000 - built, 1000), make_box(2000 - built, 0, built, 1000)],
            DLBM=["0103", "0701"],
            CZCSXM=[None, "202"],
            TBMJ=[1000.0 * (2000 - built), 1000.0 * built],
            TBDLMJ=[900.0 * (2000 - built), 1000.0 * built],
            SJNF=[2020, 2020],
        )
        boundary = make_table(
            [make_box(1900 - concentrated, 0, concentrated, 500), make_box(1900, 0, 100, 500)],
            GHFQDM=["410", "420"],
            GHFQMC=["城镇集中建设区", "城镇弹性发展区"],
        )
        write_gpkg(folder / f"{year}年.gpkg", make_layers(width, net) | {"DLTB": survey, "CZKFBJ": boundary})
    write_profile(folder / "县配置.toml")
    rows = [f"{label},{label}年.gpkg,县配置.toml" for label in LABELS]
    path = folder / "各期.csv"
    path.write_text("\n".join(["年份,数据,县配置", *rows]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def evaluations(tmp_path_factory):
    """Run the command in both languages; return language → JSON, and tables and lines by form."""
    folder = tmp_path_factory.mktemp("体检 a")
    return run_in_both_languages(["evaluate", str(write_editions(folder))], folder / "评估", PRINTED_FORMS)


@pytest.fixture(params=PRINTED_FORMS)
def printed(request, evaluations):
    """Return JSON, lines and tables of one form of the Chinese evaluation."""
    written = evaluations["zh"]
    heads = {
        "series": ["序号", "指标"],
        "changes": ["指标", "单位", "2020→2022"],
        "remarks": ["指标", "预警"],
        "missing": ["指标", "缺数年份"],
        "editions": ["年份", "数据"],
        "thresholds": ["阈值名称", "设置"],
    }
    found = {name: find_table(written.tables[request.param], titles) for name, titles in heads.items()}
    return SimpleNamespace(form=request.param, data=written.data, lines=written.lines[request.param], **found)


def list_shown(data):
    """Return the series with a value in some edition."""
    return [one for one in data["series"] if any(point["value"] is not None for point in one["points"])]


def show(value, decimals):
    """Return a figure as printed, without separators."""
    if value is None:
        return "—"
    text = f"{value:.{decimals}f}"
    return text if text.strip("-0.") else text.removeprefix("-")


def show_change(value, decimals):
    """Return a change as printed: with up to six decimals, where fewer would print zero."""
    if value is None:
        return "—"
    for more in range(decimals, 7):
        if round(value, more):
            return show(value, more)
    return show(0, decimals)


def test_series_have_values_changes_target_and_level(printed):
    shown = list_shown(printed.data)
    assert len(shown) > 10 and {one["unit"] for one in shown} == set(UNITS)
    for number, one in enumerate(shown, 1):
        key, (unit, decimals) = (str(number), normalise(one["name"])), UNITS[one["unit"]]
        points, target = one["points"], one["target"]
        changes = {"较上期（2022）": points[-1]["change"], "较首期（2020）": one["change_to_first"]}
        shares = dict(zip(("较上期（%）", "较首期（%）"), changes.values(), strict=True))
        year = f"（{target['year']}年）" if target and target["year"] else ""
        expected = {
            "单位": unit,
            **{point["edition"]: show(point["value"], decimals) for point in points},
            "2021": "未读取",
            **{head: show_change(change["value"], decimals) for head, change in changes.items()},
            **{
                head: "—" if change["share"] is None else show(100 * change["share"], 2)
                for head, change in shares.items()
            },
            "目标": f"{SIGNS[target['comparison']]}{show(target['value'], target['decimals'])}{year}" if target else "",
            "预警": LEVELS[one["level"]] + "*" * one["unconfirmed"],
        }
        assert {head: printed.series.get(head, *key) for head in expected} == expected
    assert any(one["points"][-1]["change"]["value"] for one in shown if one["unit"] == "wan_mu")


def test_changes_of_every_edition_are_those_of_the_points(printed):
    shown, table = list_shown(printed.data), printed.changes
    places = {"2020→2022": 2, "2022→2024": 3}
    assert [head for head in table.heads if head] == ["指标", "单位", *places]
    rows = iter(row for row in table.rows if len(row) >= 4 and row[1])
    small = 0
    for one in shown:
        decimals, values = UNITS[one["unit"]][1], next(rows)
        changes = [one["points"][place]["change"] for place in places.values()]
        unit = "百分点" if one["unit"] == "share" else UNITS[one["unit"]][0]
        figures = [show_change(change["value"], decimals) for change in changes]
        assert values[:4] == [normalise(one["name"]), unit, *figures]
        small += any(len(figure.partition(".")[2]) > decimals for figure in figures)
        if one["unit"] != "share":
            shares = ["—" if c["share"] is None else show(100 * c["share"], 2) for c in changes]
            assert next(rows)[:4] == ["占上期值", "%", *shares]
    assert next(rows, None) is None
    assert small, "no change needs more decimals than the values"


def test_remarks_summary_and_notes_are_printed(printed):
    data = printed.data
    for one in list_shown(data):
        if one["remarks"]:
            name = normalise(one["name"])
            assert printed.remarks.get("说明", name) == "".join(map(normalise, one["remarks"]))
            assert all(warning["text"] in one["remarks"] for warning in one["warnings"])
    assert set(map(normalise, data["notes"])) <= printed.lines and len(data["notes"]) >= 2
    assert printed.form == "xlsx" or normalise(data["summary"]) in printed.lines


def test_missing_values_editions_and_thresholds_are_printed(printed):
    data = printed.data
    for one in data["series"]:
        reasons = {point["reason"] for point in one["points"] if point["value"] is None and point["edition"] != "2021"}
        for reason in reasons:
            assert [normalise(one["name"]), "各期", normalise(reason)] in [row[:3] for row in printed.missing.rows]
    for one in data["editions"]:
        row = {head: printed.editions.get(head, one["label"]) for head in printed.editions.heads if head}
        assert row["数据"] == normalise(one["source"]) and row["坐标系"] == (one["crs"] or "—")
        assert row["基期年"] == str(one["base_year"] or "—")
        read = f"已读取{len(one['layers'])}个图层、{sum(one['layers'].values())}个要素。"
        assert row["读取情况"] == (normalise(one["problem"]) or read + "".join(map(normalise, one["notices"])))
    rows = {row[1]: row for row in printed.thresholds.rows if len(row) > 5}
    for one in data["thresholds"]:
        is_share = one["setting"].endswith("_share")
        value = f"{100 * one['value']:g}%" if is_share else f"{one['value']:g}"
        row = rows[one["setting"]]
        assert [row[2], row[3], row[5]] == [value, one["mark"], "是" if one["confirmed"] else "否"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_all_forms_have_equal_tables(evaluations, lang):
    """Compare cell by cell and line by line; the head of a group of rows is alone in its row, at another place in the workbook."""
    compared = 0
    grids = {form: list_data_tables(tables) for form, tables in evaluations[lang].tables.items()}
    for first, other in pairwise(PRINTED_FORMS):
        for left, right in zip(grids[first], grids[other], strict=True):
            # The workbook has notes below the table.
            for ours, theirs in zip(left, right, strict=False):
                if sum(map(bool, ours)) == 1:
                    ours, theirs = list(filter(None, ours)), list(filter(None, theirs))
                assert ours == theirs
                compared += len(ours)
    assert compared > 700


def list_data_tables(tables):
    """Return the tables from their heads on, normalised, without charts and fields to be signed."""
    grids = [[list(map(normalise_lines, row)) for row in grid] for grid in tables]
    starts = [next((n for n, row in enumerate(grid) if len(row) > 2 and all(row)), None) for grid in grids]
    kept = [grid[start:] for grid, start in zip(grids, starts, strict=True) if start is not None and len(grid) > 2]
    # The figures below the charts of the workbook are those of the first table.
    return [grid for grid in kept if grid[0][-1] != "2024"]
