# SPDX-License-Identifier: GPL-2.0-or-later
"""Document information (成果信息): secrecy level, authorities, date, map approval.

The order of its sources is project, profile, package spec.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from jsonschema import Draft202012Validator

from plugin.core.base.errors import DataError, InputError, OutputError
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.cli.examples.plans import make_example_layer, make_example_norm
from plugin.core.engine.explanation import find_confirmable_items
from plugin.core.model.indicator import AREA_FIGURES, STATED_FIGURES
from plugin.core.render.html import render_report
from plugin.core.render.outputs import dump_json
from plugin.core.standard.indicator_catalogue import find_allowed_comparisons
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.profile import (
    DocumentInfo,
    Profile,
    load_profile,
    load_secrecy_levels,
    resolve_document,
)
from plugin.core.standard.profile.county_checks import find_county_problems
from plugin.core.standard.profile.county_file import (
    CountyConfirmation,
    CountySettings,
    compose_county,
    make_default_profile_path,
    read_county,
    read_valid_toml_text,
    save_county,
)
from plugin.core.standard.profile.document import override_document
from plugin.core.standard.profile.profile_data import IndicatorTarget, OtherSource
from plugin.paths import PROFILES_FOLDER, REPORT_TEMPLATES_FOLDER

PROFILE_HEAD = 'id = "x"\nname = "某县"\narea_code = "140225"\n'
DOCUMENT_SECTION = (
    '[document]\nsecrecy = "秘密"\ncompiler = "某县人民政府"\ncartographer = "某院"\ndate = "2026年11月"\n'
    'map_approval = "晋S(2026)001号"\n'
)
SPEC_DOCUMENT_INFO = DocumentInfo(secrecy="内部", compiler="样式的单位", date="2025年")


def make_document_profile(**values):
    return Profile(id="x", name="某县", area_code="140225", standard="county_db", document_info=DocumentInfo(**values))


def write_profile(folder, text, name="x.toml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# -- levels ------------------------------------------------------------------------------------------------------------


def test_secrecy_levels_are_ordered_from_lowest_to_highest():
    levels = load_secrecy_levels()
    assert levels.names == ("公开", "内部", "秘密", "机密", "绝密") and levels.public_level == "公开"
    for low, high in zip(levels.names, levels.names[1:], strict=False):
        assert levels.is_lower(low, high) and not levels.is_lower(high, low)


@pytest.mark.parametrize(
    ("text", "above", "lower"),
    [
        ("秘密★20年", "秘密", False),
        ("秘密★20年", "机密★长期", True),
        ("内部", "内部", False),
        ("内部", "", False),
        ("", "内部", False),
        ("内部", "限制", True),  # an unlisted level may be higher
        ("限制", "内部", True),
        ("甲级", "乙级", True),
        ("限制★5年", "限制", False),
    ],
)
def test_secrecy_level_followed_by_years_ranks_like_the_level_alone(text, above, lower):
    assert load_secrecy_levels().is_lower(text, above) is lower


# -- order of sources ------------------------------------------------------------------------------------------


def test_project_overrides_profile_and_profile_overrides_package_spec():
    project = DocumentInfo(secrecy="机密", cartographer="项目的院")
    found = resolve_document(
        project, make_document_profile(secrecy="秘密", compiler="某县人民政府"), SPEC_DOCUMENT_INFO
    )
    assert found.document_info == DocumentInfo("机密", "某县人民政府", "项目的院", "2025年")
    assert found.source_by_key == {
        "secrecy": "project", "compiler": "profile", "cartographer": "project", "date": "form",
    }  # fmt: skip
    assert (found.lowered_levels, found.refused_lowering) == ((), None)
    found.require_exportable()


def test_missing_document_info_is_read_as_empty_and_stops_an_export():
    found = resolve_document(None, make_document_profile())
    assert found.is_empty and found.document_info == DocumentInfo()
    with pytest.raises(InputError) as caught:
        found.require_exportable()
    for lang, words in (("zh", ("密级", "[document] secrecy", "SECRECY")), ("en", ("[document] secrecy", "SECRECY"))):
        assert all(word in Texts(lang).explain_error(caught.value) for word in words)


def test_lower_secrecy_level_without_a_reason_is_not_applied():
    found = resolve_document(DocumentInfo(secrecy="公开", map_approval="审1"), make_document_profile(secrecy="秘密"))
    assert found.document_info.secrecy == "秘密" and found.source_by_key["secrecy"] == "profile"
    assert (found.refused_lowering.above, found.refused_lowering.secrecy) == ("秘密", "公开")
    assert found.document_info.printable_map_approval == ""
    with pytest.raises(InputError) as caught:
        found.require_exportable()
    message = Texts("zh").explain_error(caught.value)
    assert "秘密" in message and "公开" in message and "降密理由" in message and "SECRECY_REASON" in message


def test_lower_secrecy_level_with_a_reason_is_applied_and_recorded():
    project = DocumentInfo(secrecy="公开", secrecy_reason="已经脱密处理，某〔2026〕1号")
    found = resolve_document(project, make_document_profile(secrecy="秘密"), SPEC_DOCUMENT_INFO)
    found.require_exportable()
    assert found.document_info.secrecy == "公开"
    assert [(one.above, one.above_source, one.secrecy, one.source) for one in found.lowered_levels] == [
        ("秘密", "profile", "公开", "project")
    ]
    line = found.lowered_levels[0].message.render(Texts("zh"))
    assert "秘密" in line and "公开" in line and "已经脱密处理，某〔2026〕1号" in line
    assert found.to_dict()["lowered"][0]["reason"] == project.secrecy_reason


def test_profile_below_the_secrecy_level_of_the_package_spec_needs_a_reason():
    with pytest.raises(InputError):
        resolve_document(None, make_document_profile(secrecy="公开"), SPEC_DOCUMENT_INFO).require_exportable()
    found = resolve_document(None, make_document_profile(secrecy="公开", secrecy_reason="公示稿"), SPEC_DOCUMENT_INFO)
    found.require_exportable()
    assert found.document_info.secrecy == "公开" and found.lowered_levels[0].above_source == "form"


def test_map_approval_number_is_printed_on_public_results_only():
    assert DocumentInfo("公开", map_approval="晋S(2026)001号").printable_map_approval == "晋S(2026)001号"
    for level in ("", "内部", "秘密"):
        assert DocumentInfo(level, map_approval="晋S(2026)001号").printable_map_approval == ""
        found = resolve_document(DocumentInfo(level, map_approval="晋S(2026)001号"), make_document_profile())
        assert found.to_dict()["map_approval"] == ""


@pytest.mark.parametrize("profile", ["", "秘密"])
def test_unknown_secrecy_level_raises_an_error_that_names_the_known_ones(profile):
    with pytest.raises(InputError) as caught:
        resolve_document(DocumentInfo(secrecy="保密"), make_document_profile(secrecy=profile)).require_exportable()
    assert "保密" in Texts("zh").explain_error(caught.value) and "公开、内部" in Texts("zh").explain_error(caught.value)


def test_secrecy_level_that_the_package_spec_does_not_permit_raises_an_input_error():
    found = resolve_document(DocumentInfo(secrecy="绝密"), make_document_profile())
    with pytest.raises(InputError) as caught:
        found.require_exportable(("公开", "内部"), "县级成果包")
    assert caught.value.key == "document_secrecy_form" and "县级成果包" in Texts("zh").explain_error(caught.value)
    resolve_document(DocumentInfo(secrecy="秘密★20年"), make_document_profile()).require_exportable(("秘密",), "样式")


# -- parameters of one export -------------------------------------------------------------------------------------------


def test_export_parameters_override_the_project_but_lower_secrecy_only_with_a_reason():
    project = DocumentInfo("秘密", "某县人民政府", secrecy_reason="对上级的理由")
    found, lowering = override_document(DocumentInfo(cartographer="某院"), project)
    assert (found, lowering) == (replace(project, cartographer="某院"), None)
    found, lowering = override_document(DocumentInfo("机密"), project)
    assert (found, lowering) == (DocumentInfo("机密", "某县人民政府"), None)
    with pytest.raises(InputError) as caught:
        override_document(DocumentInfo("公开"), project)
    assert "本次导出的参数" in Texts("zh").explain_error(caught.value)
    found, lowering = override_document(DocumentInfo("公开", secrecy_reason="公示稿已脱密"), project)
    assert found == DocumentInfo("公开", "某县人民政府", secrecy_reason="公示稿已脱密")
    assert "公示稿已脱密" in lowering.message.render(Texts("zh"))


# -- the profile -------------------------------------------------------------------------------------------------------


def test_profile_overrides_the_document_info_of_its_base_profile(tmp_path):
    write_profile(tmp_path, PROFILE_HEAD + DOCUMENT_SECTION, "base.toml")
    path = write_profile(
        tmp_path, PROFILE_HEAD + 'base = "base"\n[document]\nsecrecy = "机密"\ncartographer = "另一院"\n'
    )
    assert load_profile(path).document_info == DocumentInfo(
        "机密", "某县人民政府", "另一院", "2026年11月", "晋S(2026)001号"
    )
    without_section = write_profile(tmp_path, PROFILE_HEAD + 'base = "base"\n', "bare.toml")
    assert load_profile(without_section).document_info == load_profile(tmp_path / "base.toml").document_info


def test_profiles_without_a_document_section_have_empty_document_info():
    for name in ("hunyuan", "shanxi", ""):
        assert load_profile(name).document_info == DocumentInfo()


def test_profile_below_the_secrecy_level_of_its_base_needs_a_reason(tmp_path):
    write_profile(tmp_path, PROFILE_HEAD + DOCUMENT_SECTION, "base.toml")
    lower = PROFILE_HEAD + 'base = "base"\n[document]\nsecrecy = "公开"\n'
    with pytest.raises(DataError) as caught:
        load_profile(write_profile(tmp_path, lower))
    assert "document.secrecy_reason" in Texts("zh").explain_error(caught.value)
    profile = load_profile(write_profile(tmp_path, lower + 'secrecy_reason = "公示稿已脱密"\n'))
    found = resolve_document(None, profile)
    assert found.document_info.secrecy == "公开"
    assert [(one.above, one.above_source, one.reason) for one in found.lowered_levels] == [
        ("秘密", "base", "公示稿已脱密")
    ]


# -- reports -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def boundary_layer():
    return make_example_layer("CZKFBJ", ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"], make_example_norm())


def test_report_contains_the_document_info_of_profile_and_project(boundary_layer, tmp_path):
    path = write_profile(tmp_path, PROFILE_HEAD + DOCUMENT_SECTION)
    info = DocumentInfo(secrecy="公开", secrecy_reason="公示稿已脱密")
    report = check_plan([boundary_layer], RunOptions(profile=str(path), rules=("GEO001",), document_info=info)).report
    data = json.loads(dump_json(report.to_dict()))
    assert data["provenance"]["document"]["secrecy"] == "公开"
    assert data["provenance"]["document"]["map_approval"] == "晋S(2026)001号"
    assert data["provenance"]["document"]["lowered"][0]["reason"] == "公示稿已脱密"
    schema = json.loads((REPORT_TEMPLATES_FOLDER / "report.schema.json").read_text(encoding="utf-8"))
    assert [e.message for e in Draft202012Validator(schema).iter_errors(data)] == []
    for lang, words in (("zh", ("密级", "编制单位", "审图号", "降密理由")), ("en", ("Secrecy level", "Compiled by"))):
        page = render_report(report, lang=lang)
        assert all(word in page for word in (*words, "某县人民政府", "晋S(2026)001号", "公示稿已脱密"))


def test_report_never_shows_a_secrecy_level_lowered_without_a_reason(boundary_layer, tmp_path):
    options = RunOptions(profile=str(write_profile(tmp_path, PROFILE_HEAD + DOCUMENT_SECTION)), rules=("GEO001",))
    report = check_plan([boundary_layer], replace(options, document_info=DocumentInfo(secrecy="公开"))).report
    assert report.provenance["document"]["secrecy"] == "秘密"
    assert report.provenance["document"]["map_approval"] == ""


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
        "max_reserve_share = 0.05 # 004:207",
        "min_industry_share = 0.10 # 004:207",
        '"lower_plan.max_reserve_share" = "A"',
        '"lower_plan.min_industry_share" = "C"',
        '"ratio.limit" = "A"',
        '"projects.admission" = "A"',
        '"lower_plan.max_reserve_share" = "浑源县国土空间总体规划（2021—2035年）"',
        '"lower_plan.min_industry_share" = '
        '"浑源县国土空间总体规划（2021—2035年）（全县建设用地指标；用于单个村庄规划为推断）"',
        '"ratio.limit" = "浑源县国土空间总体规划（2021—2035年）"',
        '"projects.admission" = "浑源县国土空间总体规划（2021—2035年）"',
        'indicator = "cultivated_area"',
        'value = "73.39"',
    ]
    assert text.count("# 004:93") == changed.count("# 004:93") + 1
    assert changed.count("[[stated]]") == 6 and changed.count("[[heritage_register]]") == 8


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


def test_county_profile_that_is_read_only_or_changed_by_another_program_is_not_replaced(tmp_path):
    path = tmp_path / "县.toml"
    save_county(COUNTY_SETTINGS, path)
    opened = read_valid_toml_text(path)
    path.chmod(0o444)
    with pytest.raises(OutputError):
        save_county(replace(COUNTY_SETTINGS, name="别的县"), path, opened)
    assert read_valid_toml_text(path) == opened and [p.name for p in tmp_path.iterdir()] == ["县.toml"]
    path.chmod(0o644)
    path.write_text(opened + "# a colleague\n", encoding="utf-8")
    with pytest.raises(DataError, match="profile_changed_outside"):
        save_county(replace(COUNTY_SETTINGS, name="别的县"), path, opened)
    assert read_valid_toml_text(path) == opened + "# a colleague\n"


def list_problem_fields(county, **given):
    return {(p.field_path, p.error.key) for p in find_county_problems(county, Path("县.toml"), **given)}


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
    assert not problem.prevents_saving, "the check applies both"


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
