# SPDX-License-Identifier: GPL-2.0-or-later
"""Every figure of an evaluation's JSON is in its cell of the docx, the workbook and the page, by row and column."""

from itertools import pairwise
from types import SimpleNamespace

import pytest

from tests.core.evaluation.test_evaluation import make_box, make_layers, write_profile
from tests.core.printed_tables import find_table, normalise, normalise_lines, run_in_both_languages
from tests.core.small_plan import make_table, write_gpkg

FORMS = ("docx", "xlsx", "html")
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
    return run_in_both_languages(["evaluate", str(write_editions(folder))], folder / "评估", FORMS)


@pytest.fixture(params=FORMS)
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
    lines = written.lines[request.param]
    return SimpleNamespace(form=request.param, data=written.data, lines=lines, **found)


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
    for first, other in pairwise(FORMS):
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
