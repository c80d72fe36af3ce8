# SPDX-License-Identifier: GPL-2.0-or-later
"""Test in the real desktop that many counties are checked in processes, cancelled, continued and shown on the map."""

import pytest

from tests.core.counties.county_files import CODES, EXCEEDING, SHORT, TARGETS, write_county

#: Longest pause of the main thread while counties are checked, in seconds.
MAX_PAUSE_SECONDS = 1.0
NAME, RESULT, REASON = 0, 5, 8
BROKEN = {"左云县", "广灵县"}


def write_list(folder):
    """Write three counties, a damaged file and a folder without data, and their list; return the list."""
    rows = ["县,数据,县配置"]
    for number, code in enumerate(("140212", SHORT, EXCEEDING)):
        write_county(folder / f"{code}.gpkg", code, number)
        profile = folder / f"{code}.toml"
        profile.write_text(TARGETS.format(code=code, name=CODES[code]), encoding="utf-8")
        rows.append(f"{CODES[code]},{code}.gpkg,{profile.name}")
    (folder / "140226左云县.gpkg").write_bytes(b"SQLite format 3\0 damaged")
    (folder / "140223广灵县").mkdir()
    rows += ["左云县,140226左云县.gpkg,", "广灵县,140223广灵县,"]
    path = folder / "清单.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def facts(desktop, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANXIAN_PICTURE", "counties")
        patch.setenv("SANXIAN_COUNTY_LIST", str(write_list(tmp_path_factory.mktemp("大同 各县"))))
        return desktop("counties", size="1366x768", timeout=240)


def test_window_fits_on_a_small_screen_without_scrolling_sideways(facts):
    assert all(facts["fits"])
    assert set(facts["sideways"]) == {"empty", "forecast", "running", "cancelled", "done"}
    assert max(facts["sideways"].values()) <= 0


def test_counties_are_checked_in_processes_while_the_desktop_responds(facts):
    assert facts["two_at_once"] == 2
    assert facts["pause"] < MAX_PAUSE_SECONDS
    assert "逐县检查" not in facts["done"]


def test_cancelled_run_is_continued_and_each_county_has_a_verdict_or_a_reason(facts):
    assert facts["cancelled"].startswith("已取消") and facts["unfinished"] == []
    assert [row[RESULT] for row in facts["rows"]["forecast"]] == [""] * 5
    results = {row[NAME]: (row[RESULT], row[REASON]) for row in facts["rows"]["done"]}
    assert {name for name, (word, _) in results.items() if word == "未读取"} == BROKEN
    assert all(results[name][1] for name in BROKEN)
    words = {word for word, _ in results.values()} - {"未读取"}
    assert words and words <= {"不通过", "未完成", "有条件通过", "通过"}
    # Farmland below its target, boundary above it.
    assert results["云冈区"][0] == results["灵丘县"][0] == "不通过"
    assert "沿用上次结果" in facts["done"]


def test_summary_is_a_layer_that_cannot_be_edited(facts):
    assert facts["layer"] == ["各县区检查结论", 5, True]
    assert facts["log"] == []
