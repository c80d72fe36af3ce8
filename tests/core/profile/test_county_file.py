# SPDX-License-Identifier: GPL-2.0-or-later
"""A county profile edited by a form: saved without loss, problems at their field."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core.check import RunOptions
from plugin.core.engine.explanation import find_confirmable_items
from plugin.core.errors import DataError, OutputError
from plugin.core.messages.texts import Texts
from plugin.core.model.indicator import AREA_FIGURES, STATED_FIGURES
from plugin.core.profile import load_profile
from plugin.core.profile.county_checks import find_county_problems
from plugin.core.profile.county_file import (
    CountyConfirmation,
    CountySettings,
    compose_county,
    make_default_profile_path,
    read_county,
    read_valid_toml_text,
    save_county,
)
from plugin.core.profile.model import IndicatorTarget, OtherSource
from plugin.core.standard.indicator_catalogue import find_allowed_comparisons
from plugin.paths import PROFILES_FOLDER

PLAN_TITLE = "阳高县国土空间总体规划（2021—2035年）"


def make_target(indicator="boundary_area", value="16.46", year=2035, unit="km2", comparison="<=", source=PLAN_TITLE):
    return IndicatorTarget("140221", indicator, comparison, value, unit, year, "约束性", source)


COUNTY_SETTINGS = CountySettings(
    name="阳高县",
    area_code="140221",
    parent_profile="shanxi",
    targets=(make_target(), make_target("cultivated_area", "73.39", unit="wan_mu", comparison=">=")),
    value_by_setting={"ratio.limit": 1.2, "ratio.classes": ["201"], "tolerance.min_area_m2": 0.4},
    document_by_setting={"ratio.limit": PLAN_TITLE},
    confirmation=CountyConfirmation(
        "阳高县自然资源局", "阳自然资函〔2026〕1号", "2026-11-20", ("ratio.form", "tolerance")
    ),
)
TARGET_INDICATORS = [*AREA_FIGURES, *(name for name, how in STATED_FIGURES.items() if how[1] != "count")]
random_words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)


@st.composite
def draw_county_settings(draw):
    figures = st.tuples(st.sampled_from(TARGET_INDICATORS), st.integers(2025, 2050))
    targets = []
    for indicator, year in draw(st.lists(figures, unique=True, max_size=4)):
        value = draw(st.decimals(0, 99999, places=draw(st.integers(0, 4)), allow_nan=False))
        unit = draw(st.sampled_from(["ha", "km2", "wan_mu", "mu", "m2"]))
        comparison = draw(st.sampled_from(find_allowed_comparisons(indicator)))
        other_sources = draw(st.lists(st.builds(OtherSource, value=st.just("1.5"), source=random_words), max_size=1))
        drawn_target = make_target(indicator, f"{value:f}", year, unit, comparison, draw(random_words))
        targets.append(
            replace(drawn_target, other_sources=tuple(other_sources), warn_below=draw(st.sampled_from(["", "0.5"])))
        )
    numbers = st.floats(0.0, 0.01)
    setting_values = st.fixed_dictionaries(
        {},
        optional={
            "ratio.limit": st.floats(1.0, 1.3),
            "ratio.form": st.sampled_from(["n1", "n2", "n3"]),
            "ratio.classes": st.lists(random_words, max_size=3),
            "tolerance.min_width_m": numbers,
            "zones.urban_is_boundary": st.booleans(),
            "quality.min_area_m2.DLTB": st.floats(0, 500),
        },
    )
    settings = draw(setting_values)
    documents = {key: draw(random_words).strip() for key in settings if draw(st.booleans())}
    items = draw(st.lists(st.sampled_from(["ratio.form", "tolerance", "all", "absent"]), unique=True))
    confirmed = draw(st.booleans())
    confirmation = CountyConfirmation(
        draw(random_words).strip(), draw(random_words).strip(), "2026-11-20", tuple(items)
    )
    return CountySettings(
        draw(random_words), "140221", draw(st.sampled_from(["", "shanxi"])), tuple(targets), settings, documents,
        confirmation if confirmed else CountyConfirmation(),
    )  # fmt: skip


@given(draw_county_settings())
def test_written_county_profile_reads_back_equal(tmp_path, county):
    path = tmp_path / "县.toml"
    text = compose_county(county, path)
    assert read_county(path, text) == county
    assert compose_county(read_county(path, text), path, text) == text, "nothing changed, nothing is written"


@given(draw_county_settings(), draw_county_settings())
def test_county_profile_saved_over_another_has_all_its_values_and_keeps_comments_and_other_sections(
    tmp_path, first, second
):
    path = tmp_path / "县.toml"
    text = compose_county(first, path) + '\n# comment\n[absent]\nconcepts = ["zones"]\n'
    changed = compose_county(second, path, text)
    changed_county = read_county(path, changed)
    assert sorted(map(repr, changed_county.targets)) == sorted(map(repr, second.targets))
    assert replace(changed_county, targets=()) == replace(second, targets=())
    assert "# comment" in changed and load_profile_text(changed, tmp_path).absent == {"zones"}


def load_profile_text(text, folder):
    path = folder / "loaded.toml"
    path.write_bytes(text.encode())
    return load_profile(path)


def test_saving_a_county_profile_keeps_comments_registers_and_stated_figures(tmp_path):
    text = (PROFILES_FOLDER / "hunyuan.toml").read_text(encoding="utf-8")
    path = tmp_path / "浑源.toml"
    county = read_county(path, text)
    assert compose_county(county, path, text) == text
    fewer = replace(county, targets=county.targets[1:], value_by_setting={}, document_by_setting={})
    changed = compose_county(fewer, path, text)
    assert read_county(path, changed) == fewer
    removed = [line for line in text.splitlines() if line not in changed.splitlines()]
    assert removed == [
        "limit = 1.25 # 004:101",
        'admission = "hunyuan_admission.csv" # 004:98, 119-132, 139, 205-207',
        '"ratio.limit" = "A"',
        '"projects.admission" = "A"',
        '"ratio.limit" = "浑源县国土空间总体规划（2021—2035年）"',
        '"projects.admission" = "浑源县国土空间总体规划（2021—2035年）"',
        'indicator = "cultivated_area"',
        'value = "73.39"',
    ]
    assert text.count("# 004:93") == changed.count("# 004:93") + 1
    assert changed.count("[[stated]]") == 3 and changed.count("[[heritage_register]]") == 8


def test_saving_a_county_profile_keeps_sections_that_the_form_does_not_edit(tmp_path):
    path = tmp_path / "县.toml"
    text = compose_county(COUNTY_SETTINGS, path) + '\n[document]\n"密级" = "内部" # by order\n'
    changed = compose_county(
        replace(COUNTY_SETTINGS, value_by_setting={}, document_by_setting={}, confirmation=CountyConfirmation()),
        path,
        text,
    )
    assert '[document]\n"密级" = "内部" # by order\n' in changed


def test_next_check_uses_targets_limits_and_confirmations_of_the_saved_county_profile(tmp_path):
    path = make_default_profile_path(tmp_path / "阳高县规划.qgz")
    save_county(COUNTY_SETTINGS, path)
    assert path.name == "阳高县规划.profile.toml" and [p.name for p in tmp_path.iterdir()] == [path.name]
    norm = RunOptions(profile=str(path)).resolve_norm()
    assert [t.value for t in norm.find_targets("140221")] == ["16.46", "73.39"]
    assert (
        norm.get("ratio.limit") == 1.2
        and norm.get_source_mark("ratio.limit") == "A"
        and norm.is_confirmed("ratio.limit")
    )
    dated_norm = norm.keep_confirmations_valid_for_area("140221")
    assert dated_norm.is_confirmed("tolerance") and not dated_norm.is_confirmed("ratio.classes"), (
        "a new value without a document"
    )
    assert norm.profile.base.id == "shanxi"


def test_confirming_every_listed_item_leaves_no_setting_unconfirmed(tmp_path):
    unconfirmed = replace(COUNTY_SETTINGS, confirmation=CountyConfirmation())
    path = tmp_path / "县.toml"
    save_county(unconfirmed, path)
    items = find_confirmable_items(RunOptions(profile=str(path)).resolve_norm())
    assert {"ratio.form", "ratio.classes", "tolerance"} <= set(items) and "ratio.limit" not in items
    given = replace(COUNTY_SETTINGS.confirmation, items=tuple(items))
    save_county(replace(unconfirmed, confirmation=given), path, read_valid_toml_text(path))
    norm = RunOptions(profile=str(path)).resolve_norm()
    assert find_confirmable_items(norm) == items and all(map(norm.is_confirmed, items))


def test_county_profile_changed_by_another_program_is_not_replaced(tmp_path):
    path = tmp_path / "县.toml"
    save_county(COUNTY_SETTINGS, path)
    opened = read_valid_toml_text(path)
    path.write_text(opened + "# a colleague\n", encoding="utf-8")
    with pytest.raises(DataError, match="profile_changed_outside"):
        save_county(replace(COUNTY_SETTINGS, name="别的县"), path, opened)
    assert read_valid_toml_text(path) == opened + "# a colleague\n"


def test_county_profile_that_cannot_be_replaced_stays_unchanged(tmp_path):
    path = tmp_path / "县.toml"
    save_county(COUNTY_SETTINGS, path)
    opened = read_valid_toml_text(path)
    path.chmod(0o444)
    with pytest.raises(OutputError):
        save_county(replace(COUNTY_SETTINGS, name="别的县"), path, opened)
    assert read_valid_toml_text(path) == opened and [p.name for p in tmp_path.iterdir()] == ["县.toml"]


def list_problem_fields(county, **given):
    return {(p.field_path, p.error.key) for p in find_county_problems(county, Path("县.toml"), **given)}


def test_valid_county_settings_have_no_problem():
    assert list_problem_fields(COUNTY_SETTINGS) == set()


@pytest.mark.parametrize(
    ("change", "field", "key"),
    [
        ({"name": " "}, "name", "county_name"),
        ({"area_code": "1402"}, "area_code", "county_code"),
        ({"area_code": "110101"}, "base", "county_not_below"),
        ({"parent_profile": "nowhere"}, "base", "profile_unknown"),
        ({"targets": (make_target(value="63，25"),)}, "targets[0].value", "county_no_number"),
        ({"targets": (make_target(), make_target(value="-1", year=2030))}, "targets[1].value", "county_no_number"),
        ({"targets": (make_target(year=20235),)}, "targets[0].year", "county_target_year"),
        ({"targets": (make_target(), make_target())}, "targets[1].year", "county_target_doubled"),
        ({"targets": (make_target(source=" "),)}, "targets[0].source", "county_target_source"),
        ({"targets": (make_target(comparison=">="),)}, "targets[0].comparison", "data_value_unknown"),
        ({"targets": (make_target(unit="t"),)}, "targets[0].unit", "data_value_unknown"),
        ({"value_by_setting": {"ratio.limit": 1.35}}, "ratio.limit", "county_limit_looser"),
        ({"value_by_setting": {"ratio.limit": "一点二"}}, "ratio.limit", "county_not_a_number"),
        ({"targets": (make_target(value="多"),)}, "targets[0].value", "county_not_a_number"),
        ({"value_by_setting": {"ratio.form": "n9"}}, "ratio.form", "data_value_unknown"),
        ({"value_by_setting": {"tolerance.min_area_m2": 500.0}}, "tolerance.min_area_m2", "data_value_unknown"),
        (
            {"confirmation": CountyConfirmation("", "文", "2026-11-20", ("tolerance",))},
            "confirmed.by",
            "county_confirmed_by",
        ),
        (
            {"confirmation": CountyConfirmation("局", "", "2026-11-20", ("tolerance",))},
            "confirmed.document",
            "county_confirmed_document",
        ),
        ({"confirmation": CountyConfirmation("局", "文", "2026-13-01")}, "confirmed.date", "county_confirmed_date"),
        ({"confirmation": CountyConfirmation("局", "文", "2099-01-01")}, "confirmed.date", "county_confirmed_later"),
        (
            {"confirmation": CountyConfirmation("局", "文", "2026-11-20", ("x",))},
            "confirmed.items",
            "data_value_unknown",
        ),
    ],
)
def test_problem_of_a_county_setting_is_reported_at_its_field(change, field, key):
    county = replace(COUNTY_SETTINGS, document_by_setting={}, **change)
    assert list_problem_fields(county) == {(field, key)}
    for lang in ("zh", "en"):
        for problem in find_county_problems(county, Path("县.toml")):
            assert "{" not in Texts(lang).explain_error(problem.error)


def test_target_ten_times_the_saved_value_gives_a_warning_that_allows_saving():
    slip = replace(COUNTY_SETTINGS, targets=(make_target(value="164.60"),))
    (problem,) = find_county_problems(slip, Path("县.toml"), saved=COUNTY_SETTINGS)
    assert (problem.field_path, problem.error.key, problem.prevents_saving) == (
        "targets[0].value",
        "county_target_far",
        False,
    )
    assert "相差 10 倍" in Texts("zh").explain_error(problem.error)
    assert (
        list_problem_fields(
            replace(COUNTY_SETTINGS, targets=(make_target(value="1646", unit="ha"),)), saved=COUNTY_SETTINGS
        )
        == set()
    ), "the same area"


def test_number_typed_with_a_chinese_comma_is_refused_with_the_advice_to_use_a_decimal_point():
    (problem,) = find_county_problems(replace(COUNTY_SETTINGS, targets=(make_target(value="63，25"),)), Path("县.toml"))
    assert Texts("zh").explain_error(problem.error) == "“63，25”不是数值。请填写 63.25。"


def test_county_target_looser_than_the_one_allocated_to_it_is_reported():
    setting_values = CountySettings(
        "浑源县", "140225", "hunyuan", (replace(make_target(value="17.00"), area_code="140225"),)
    )
    (problem,) = find_county_problems(setting_values, Path("县.toml"))
    assert (problem.field_path, problem.error.key) == ("targets[0].value", "county_target_looser")


def test_totals_of_the_province_do_not_limit_county_targets():
    assert (
        list_problem_fields(
            replace(COUNTY_SETTINGS, targets=(make_target("farmland_area", "5", unit="wan_mu", comparison=">="),))
        )
        == set()
    )


def test_county_limit_without_a_source_document_gets_the_lowest_source_mark(tmp_path):
    path = tmp_path / "县.toml"
    save_county(COUNTY_SETTINGS, path)
    opened = read_valid_toml_text(path)
    save_county(
        replace(
            COUNTY_SETTINGS,
            value_by_setting={**COUNTY_SETTINGS.value_by_setting, "ratio.limit": 1.1},
            document_by_setting={},
        ),
        path,
        opened,
    )
    norm = RunOptions(profile=str(path)).resolve_norm()
    assert (
        norm.get_source_mark("ratio.limit") == "C"
        and PLAN_TITLE not in read_valid_toml_text(path).partition("[[targets]]")[0]
    )
