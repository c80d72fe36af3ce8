# SPDX-License-Identifier: GPL-2.0-or-later
"""Document information (成果信息): secrecy level, authorities, date, map approval.

The order of its sources is project, profile, package spec.
"""

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from plugin.core.check import RunOptions, check_plan
from plugin.core.errors import DataError, InputError
from plugin.core.examples.plans import make_example_layer, make_example_norm
from plugin.core.messages.texts import Texts
from plugin.core.profile import (
    DocumentInfo,
    Profile,
    find_profile_problems,
    load_profile,
    load_secrecy_levels,
    resolve_document,
)
from plugin.core.profile.document import override_document
from plugin.core.render.html import render_report
from plugin.core.render.outputs import report_to_json
from plugin.paths import REPORT_TEMPLATES_FOLDER

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
    info = load_profile(path).document_info
    assert info == DocumentInfo("机密", "某县人民政府", "另一院", "2026年11月", "晋S(2026)001号")
    without_section = write_profile(tmp_path, PROFILE_HEAD + 'base = "base"\n', "bare.toml")
    assert load_profile(without_section).document_info == load_profile(tmp_path / "base.toml").document_info


def test_profiles_without_a_document_section_have_empty_document_info():
    for name in ("hunyuan", "shanxi", ""):
        assert load_profile(name).document_info == DocumentInfo()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[document]\nsecrecy = "保密"\n', ["document.secrecy", "保密", "公开"]),
        ('[document]\nsecrecie = "内部"\n', ["document.secrecie", "secrecy"]),
        ("[document]\ndate = 2026\n", ["document.date", "2026"]),
        ("document = 1\n", ["document"]),
    ],
)
def test_invalid_document_section_is_refused_with_file_and_key(tmp_path, text, words):
    path = write_profile(tmp_path, text + PROFILE_HEAD if text.startswith("document") else PROFILE_HEAD + text)
    with pytest.raises(DataError) as caught:
        load_profile(path)
    message = Texts("zh").explain_error(caught.value)
    assert "x.toml" in message and all(word in message for word in words)
    assert [error.key for error in find_profile_problems(path)] == [caught.value.key]


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
    data = json.loads(report_to_json(report))
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
