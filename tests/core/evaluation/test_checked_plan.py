# SPDX-License-Identifier: GPL-2.0-or-later
"""Earlier editions in the report of a check: figures, files, public edition, unusable lists."""

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from plugin.core.__main__ import main
from plugin.core.cancellation import Cancellation
from plugin.core.check import check_plan
from plugin.core.errors import Cancelled, InputError
from plugin.core.evaluation import run
from plugin.core.evaluation.checked_plan import choose_editions_of_check, evaluate_check, find_source_of_layers
from plugin.core.evaluation.editions import read_editions
from plugin.core.evaluation.model import Edition
from plugin.core.evaluation.run import evaluate_editions
from plugin.core.evaluation.tables import list_note_sentences
from plugin.core.evaluation.write import evaluation_to_dict
from plugin.core.indicators.compute import PlanIndicators
from plugin.core.messages.texts import Texts
from plugin.core.options import RunOptions
from tests.core.evaluation.test_evaluation import make_box, make_layers, write_profile
from tests.core.small_plan import hash_files, make_table, write_gpkg
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
    alone = replace(editions, earlier=[], earlier_labels=[])
    data = evaluation_to_dict(evaluate_check(checked, alone, options))
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
    assert (series["level"], series["unconfirmed"]) == ("watch", True) and series["target"]["value"] == 20
    shown = [one for one in data["evaluation"]["series"] if any(p["value"] is not None for p in one["points"])]
    page = paths["html"].read_text(encoding="utf-8")
    assert page.count("data:image/svg+xml") == len(shown) and " style=" not in page
    title, level, label = {
        "zh": ("、体检评估</h2>", "关注*", "2024（本次检查）"),
        "en": (". Evaluation</h2>", "Watch*", "2024 (this check)"),
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
    page = plain["html"].read_text(encoding="utf-8")
    assert not re.search(r"体检评估|class=\"ch\"|\.pics|\.ch ", page)
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
        assert dict(chosen.notes) == {"missing_years": {"years": [2021, 2022]}}
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


def test_layers_of_a_project_have_the_file_or_folder_of_most_of_them(tmp_path):
    names = ("2024年数据.gpkg", "2020年数据.gpkg", "数据/a.shp", "数据/b.shp", "数据/c.shp")
    new, old, *shapes = (str(tmp_path / name) for name in names)
    (tmp_path / "数据").mkdir()
    for path in (new, old, *shapes):
        Path(path).write_text("", encoding="utf-8")
    memory = "Polygon?crs=EPSG:4526&uid={1}"
    assert find_source_of_layers([new, new]) == find_source_of_layers([old, new, new, memory, new]) == new
    assert find_source_of_layers([*shapes, old]) == str(tmp_path / "数据")
    for unknown in ([], [memory, ""], [new, memory], [memory, "dbname='plan' host=db"]):
        assert find_source_of_layers(unknown) == ""
    chosen = choose_editions_of_check([Edition(2020, old), Edition(2024, new)], new, "", 2026, "zh")
    assert ([one.source for one in chosen.earlier], chosen.checked_label) == ([old], "2024（本次检查）")
