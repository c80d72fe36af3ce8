# SPDX-License-Identifier: GPL-2.0-or-later
"""Source marks of settings: A or B with a source, else C (unconfirmed)."""

import dataclasses
import tomllib

import pytest
from hypothesis import given, strategies as st

from plugin.core.base.errors import DataError, InputError
from plugin.core.exchange.vct.settings import load_settings
from plugin.core.model.rule import load_all_rules
from plugin.core.standard import SETTING_SECTIONS, flatten_table, list_standard_ids, load_standard
from plugin.core.standard.indicator_catalogue import _read_catalogue, load_catalogue
from plugin.core.standard.layer_tree import (
    list_branches,
    list_theme_roles,
    list_themes,
)
from plugin.core.standard.messages.texts import TEXT_LANGUAGES, Texts
from plugin.core.standard.numbering import (
    MAX_RUNNING_NUMBER,
    find_highest_number_by_county,
    find_most_frequent_county,
    make_bsm,
    split_bsm,
)
from plugin.core.standard.profile import Norm, load_profile
from plugin.core.standard.profile.resolved import resolve_norm
from plugin.paths import PACKAGE_SPECS_FOLDER, PROFILES_FOLDER, STANDARDS_FOLDER, VCT_SETTINGS
from tests.core.small_plan import explain_error
from tests.rule_examples import run_all_examples

EDITION_FOLDERS = sorted(path.parent for path in STANDARDS_FOLDER.glob("*/standard.toml"))
#: Keys of [marks] without a setting: values that rules compare by, defined elsewhere.
MARKS_WITHOUT_SETTING = {"conflicts", "phase", "heritage.words", "zones.codes", "indicators.definitions"}
UNMARKED_PROFILE = """
id = "{id}"
name = "浑源县"
area_code = "140225"
"""


def read_standard_toml(folder):
    return tomllib.loads((folder / "standard.toml").read_text(encoding="utf-8"))


def list_leaf_settings(table):
    return [key for section in SETTING_SECTIONS for key in flatten_table(table.get(section, {}), f"{section}.")]


@pytest.mark.parametrize("folder", EDITION_FOLDERS, ids=lambda folder: folder.name)
def test_every_setting_of_an_edition_has_a_source_mark_and_each_mark_a_setting_and_above_the_lowest_a_source(folder):
    """Find a mark for each value: its own, of its section, or of a key inside."""
    table, standard = read_standard_toml(folder), load_standard(str(folder))
    norm, marks, sources = Norm(standard, load_profile()), table.get("marks", {}), table.get("mark_sources", {})
    missing = [key for key in list_leaf_settings(table) if norm.find_marked_item(key) not in norm.standard.marks]
    assert not missing, f"{missing}: mark each in [marks] of {folder.name}/standard.toml"
    headings = {".".join(key.split(".")[:n]) for key in standard.settings for n in range(1, key.count(".") + 2)}
    assert marks.keys() <= headings | MARKS_WITHOUT_SETTING
    assert {key for key, mark in marks.items() if mark != "C"} == sources.keys()
    assert all(source.strip() for source in sources.values())


@pytest.mark.parametrize("path", sorted(PROFILES_FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_settings_of_a_shipped_profile_have_source_marks(path):
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(list_leaf_settings(table)) == table.get("marks", {}).keys()


@pytest.mark.parametrize("path", sorted(PACKAGE_SPECS_FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_parts_of_a_package_spec_have_source_marks(path):
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    marked = {key.split(".")[0] for key in table["marks"]}
    assert table.keys() - marked == {"id", "name", "standard", "source", "marks", "report"}


def test_settings_of_exchange_files_have_source_mark_and_title():
    table = tomllib.loads(VCT_SETTINGS.read_text(encoding="utf-8"))
    marks = table.pop("marks")
    assert marks.keys() == table.keys()
    for lang in TEXT_LANGUAGES:
        titles = [Texts(lang).get_setting_name(f"vct.{key}") for key in table]
        assert not [title for title in titles if title.startswith("vct.")] and len(set(titles)) == len(titles)


def test_setting_of_a_standard_without_a_source_mark_gets_the_lowest_mark():
    standard = load_standard()
    settings = {**standard.settings, "ratio.new_norm": 1.0}
    unmarked = dataclasses.replace(standard, marks={}, settings=settings, own_keys=frozenset(settings))
    norm = Norm(unmarked, load_profile())
    assert {
        norm.get_source_mark(key) for key in ("ratio.new_norm", "waivers.place_m", "rules.LAW021", "tolerance")
    } == {"C"}
    assert not norm.is_confirmed("ratio.new_norm")
    shown = {value.key: value for value in resolve_norm(norm).settings}
    assert shown["ratio.new_norm"].mark == "C" and not shown["ratio.new_norm"].confirmed


def test_setting_of_a_profile_without_a_source_mark_gets_the_lowest_mark(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(UNMARKED_PROFILE.format(id="own") + "[ratio]\nbase_year = 2023\n", encoding="utf-8")
    norm = Norm(load_standard(), load_profile(path))
    assert (norm.get_source_mark("ratio.base_year"), norm.is_confirmed("ratio.base_year")) == ("C", False)
    assert Norm(load_standard(), load_profile()).get_source_mark("ratio.base_year") == "A"


def test_edition_that_replaces_a_value_does_not_inherit_its_source_mark(tmp_path):
    (tmp_path / "standard.toml").write_text(
        'id = "own"\nedition = "2026"\nname = "own"\nincludes = ["county_db"]\n[ratio]\nbase_year = 2023\n',
        encoding="utf-8",
    )
    assert Norm(load_standard(str(tmp_path)), load_profile()).get_source_mark("ratio.base_year") == "C"


@pytest.mark.parametrize("item", ["all", "waivers", "waivers.place_m"])
def test_setting_is_confirmed_by_its_name_its_section_or_all(item):
    profile = dataclasses.replace(load_profile(), confirmed=frozenset([item]))
    assert Norm(load_standard(), profile).is_confirmed("waivers.place_m")
    assert not Norm(load_standard(), load_profile()).is_confirmed("waivers.place_m")


#: Settings that cannot improve the result of a rule, with the reason.
UNDECLARED_READS_ALLOWED = {
    "indicators.warning_share": "an early warning is beside the result, which is met or not",
    "rules.LAW002": "LAW002 itself reports an unlikely target; other rules take its figures, which do not depend on it",
    "sea": "rows with these codes are named in a notice of the report; other rows do not depend on it",
    "conflicts": "each pair has a mark of its own, and the rule counts it",
}
#: The same for one rule.
UNDECLARED_READS_ALLOWED_BY_RULE = {
    ("GEO011", "tolerance"): "the county's outline is put together with it; the distance is kilometres",
    ("ATT002", "main_function"): "`attributes.value_words`, which it declares, names these words",
    ("ATT003", "rules.ATT013"): "it decides what a finding advises, not whether there is one",
    ("DOC011", "rules.LAW020"): "only the figures of the rule are compared, not its limits",
    ("DOC011", "rules.LAW022"): "only the figures of the rule are compared, not its limits",
}


@pytest.mark.parametrize("rule", load_all_rules().values(), ids=load_all_rules())
def test_every_rule_declares_the_settings_that_it_reads(rule):
    """Compare the keys that a rule reads with those it declares.

    An undeclared setting with mark C would count as confirmed.
    """
    runs = run_all_examples(rule.code)
    plain = Norm(load_standard(), load_profile())
    known = plain.standard.settings
    leaves = {leaf for key in runs.read for leaf in known if leaf == key or leaf.startswith(f"{key}.")}
    declared = {*rule.uses, *rule.may_use, f"rules.{rule.code}"}
    # Code lists are known by the fields; a county's own setting for a layer by its profile.
    prefixes = ("codes.", "quality.narrow_m.", *(f"{item}." for item in rule.may_use))
    undeclared_notes = {item for item in runs.noted - declared if not item.startswith(prefixes)}
    assert not undeclared_notes, f"{rule.code} notes {sorted(undeclared_notes)}: name them in its `may_use`"
    undeclared = {
        leaf
        for leaf in leaves
        if not plain.is_confirmed(leaf)
        and not any(leaf == item or leaf.startswith(f"{item}.") for item in (*declared, *UNDECLARED_READS_ALLOWED))
        and plain.find_marked_item(leaf) not in declared
        and (rule.code, plain.find_marked_item(leaf)) not in UNDECLARED_READS_ALLOWED_BY_RULE
    }
    assert not undeclared, f"{rule.code} reads {sorted(undeclared)}: name them in its `uses`"


CATALOGUE = load_catalogue(load_standard())
CATALOGUE_PATH = STANDARDS_FOLDER / "common-2021" / "indicators.toml"


def test_indicator_catalogue_names_existing_rules_concepts_and_classes():
    standard = load_standard()
    codes = standard.code_lists["land_use_2023"].entry_by_code
    urban = standard.code_lists["urban_rural"].entry_by_code
    for entry in CATALOGUE.indicator_by_id.values():
        if entry.rule:
            assert entry.rule in load_all_rules(), entry.id
        for name in (*entry.inputs, *([entry.within] if entry.within else [])):
            assert name in standard.concepts or name in standard.templates, (entry.id, name)
        assert set(entry.classes) <= set(codes) and set(entry.urban_codes) <= set(urban), entry.id
        assert bool(entry.inputs) == (entry.method != "none"), entry.id


def test_land_groups_of_the_catalogue_have_every_first_level_class_once():
    codes = load_standard().code_lists["land_use_2023"].entry_by_code
    first = sorted(c.code for c in codes.values() if c.level == 1)
    assert sorted(c for g in CATALOGUE.land_groups for c in g.classes) == first
    assert len([g for g in CATALOGUE.land_groups if g.id != "sea"]) == 9


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("耕地保有量", "cultivated_area"),
        (" 永久基本 农田面积", "farmland_area"),
        ("城乡建设用地面积(现状)", "urban_rural_land_area"),
        ("Forest COVER", "forest_cover"),
        ("red_line_area", "red_line_area"),
        ("扩展倍数", "expansion_ratio_n2"),
        ("耕地保有率", None),
        ("", None),
    ],
)
def test_indicator_is_found_by_id_alias_or_chinese_or_english_name_and_not_by_an_unknown_name(name, found):
    entry = CATALOGUE.find_indicator(name, "n2")
    assert (entry and entry.id) == found


@pytest.mark.parametrize(
    ("source", "load", "old", "new", "key"),
    [
        (VCT_SETTINGS, load_settings, 'real_width = "C"\n', "", "real_width"),
        (VCT_SETTINGS, load_settings, 'real_width = "C"', 'real_width = "D"', "real_width"),
        (VCT_SETTINGS, load_settings, "zones_3 = [25.0, 45.0]", "zones_3 = [25.0]", "zones_3"),
        (VCT_SETTINGS, load_settings, "zones_6 = [13.0, 23.0]", 'zones_6 = [13.0, "23"]', "zones_6"),
        *(
            (CATALOGUE_PATH, _read_catalogue, *case)
            for case in (
                ('method = "layer_area"', 'method = "guess"', "indicator[9].method"),
                ('unit = "wan_mu"', 'unit = "acre"', "indicator[1].unit"),
                ('within = "red_line"\n', "", "within"),
                ('part = "construction_land_area"', 'part = "no_area"', "development_intensity.part"),
                ('aliases = ["耕地面积"', 'aliases = ["生态保护红线"', "生态保护红线"),
                ('kind = "约束性"', "kind = 1", "indicator[1].kind"),
                ('id = "farmland_area"', 'id = "cultivated_area"', "cultivated_area"),
            )
        ),
    ],
)
def test_invalid_settings_of_exchange_files_or_of_indicators_are_refused_with_file_and_key(
    tmp_path, source, load, old, new, key
):
    text, path = source.read_text(encoding="utf-8"), tmp_path / source.name
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load(path)
    sentence = explain_error(caught.value)
    assert path.name in sentence and key in sentence


def test_name_of_an_indicator_is_defined_in_only_one_file():
    for lang in ("zh", "en"):
        both = Texts(lang).get_section("indicators").keys() & CATALOGUE.indicator_by_id.keys()
        assert not both, f"{lang}: {both} are named by indicators.toml already"
        for name, entry in CATALOGUE.indicator_by_id.items():
            assert Texts(lang).get_indicator_name(name) == entry.get_name(lang)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[themes.lines]\nname = "线"\nroles = ["red_line", "NIEMALS"]', "NIEMALS"),
        ('[themes.lines]\nname = "线"', "themes.lines.roles"),
        ('[themes.lines]\nname = "线"\nroles = "red_line"', "themes.lines.roles"),
        ('[themes.lines]\nname = "规划分区"\nroles = ["red_line"]', "规划分区"),
        ('[tree.lines]\nname = "线"\nroles = ["NIEMALS"]', "NIEMALS"),
        ('[tree.lines]\nname = "线"\nroles = ["STBHHX"]\nalso = ["STBHHX"]', "STBHHX"),
        ('[tree.lines]\nname = "线"\nroles = ["STBHHX"]\nchosen = "yes"', "tree.lines.chosen"),
        ('[severity]\nLAW001 = "WARN"', "'severity.LAW001'"),
        ("[ratio]\nlimit = nan", "'ratio.limit'"),
        ("[phase]\ndrafting = 1", "'phase.drafting'"),
        ("[phase.draft.severity]", "'phase.draft'"),
        ("[phase.drafting]\nLAW001 = 1", "'phase.drafting.LAW001'"),
    ],
)
def test_invalid_map_theme_layer_tree_branch_or_severity_of_a_standard_is_refused_with_its_name(
    tmp_path, text, expected
):
    (tmp_path / "standard.toml").write_text(
        f'id = "trial"\nedition = "1"\nname = "试"\nincludes = ["county_db"]\n{text}\n', encoding="utf-8"
    )
    with pytest.raises(DataError) as caught:
        load_standard(str(tmp_path))
    assert expected in str(caught.value.params)


@pytest.mark.parametrize("name", list_standard_ids())
def test_every_layer_is_in_one_branch_of_the_layer_tree(name):
    standard = load_standard(name)
    placed = [role for branch in list_branches(standard) for role in branch.roles + branch.roles_of_other_editions]
    assert set(standard.templates) <= set(placed) and len(placed) == len(set(placed))
    assert any(branch.is_chosen for branch in list_branches(standard))


def test_standard_without_a_layer_tree_inherits_it_for_its_layers():
    standard = load_standard("three_lines_2022")
    found = {b.name: b for b in list_branches(standard)}
    assert not standard.layer_tree and next(iter(found)) == "三条控制线" and found["三条控制线"].is_chosen
    assert found["三条控制线"].roles == ("CZKFBJ", "STBHHX", "YJJBNTBHTB", "GDBHMB")
    assert set(found["三条控制线"].roles_of_other_editions) == {"YJJBNT", "YJJBNTTB"}
    assert set(found["基础数据"].roles) == {"DLTB", "XZQ", "XZQJX"} and not found["基础数据"].roles_of_other_editions
    assert list_branches(load_standard("pbf_2021"))[0].roles == ("YJJBNTTB", "YJJBNT")
    assert [t.name for t in list_themes(standard)] == ["三条控制线", "规划分区", "历史文化", "用地"]


def test_map_theme_shows_the_first_existing_layer_of_each_concept_and_never_only_the_outline():
    standard = load_standard()
    theme = standard.themes["three_lines"]
    assert list_theme_roles(theme, standard, ["YJJBNTBHTB", "YJJBNT", "XZQX", "DLTB"]) == ["XZQX", "YJJBNTBHTB"]
    assert list_theme_roles(standard.themes["land_use"], standard, ["XZYDYH", "DLTB"]) == ["DLTB"]
    # County and townships alone are only an outline.
    assert list_theme_roles(standard.themes["heritage"], standard, ["XZQX", "XZQXZ", "DLTB"]) == []


COUNTY_CODE, OTHER_COUNTY_CODE = "140225", "140226"

#: Values of a BSM column: our numbers, those of a neighbour or another scheme, empty, invalid.
random_running_numbers = st.integers(1, 10**6)
random_bsm_values = st.one_of(
    random_running_numbers.map(lambda n: make_bsm(COUNTY_CODE, n)),
    random_running_numbers.map(lambda n: make_bsm(OTHER_COUNTY_CODE, n)),
    random_running_numbers.map(lambda n: f"{COUNTY_CODE}2010{n:08d}"),
    st.none(),
    st.text(max_size=20),
    st.integers(),
)


def test_feature_key_consists_of_county_code_zeros_and_eight_digits():
    assert make_bsm(COUNTY_CODE, 17) == "140225000000000017"
    assert split_bsm("140225000000000017") == (COUNTY_CODE, 17)
    assert split_bsm(140225000000000017) == (COUNTY_CODE, 17)
    assert split_bsm("140225201000000017") is None
    assert split_bsm("１４０２２５000000000017") is None
    assert find_highest_number_by_county([]) == {}
    assert find_highest_number_by_county(["140225000008000001"]) == {COUNTY_CODE: 8000001}


@pytest.mark.slow
@given(st.lists(random_bsm_values))
def test_feature_key_above_the_highest_number_of_a_layer_is_not_used(used):
    highest = find_highest_number_by_county(used).get(COUNTY_CODE, 0)
    made = make_bsm(COUNTY_CODE, highest + 1)
    assert len(made) == 18 and made not in used
    ours = [parts[1] for parts in map(split_bsm, used) if parts and parts[0] == COUNTY_CODE]
    assert highest == max([0, *ours])


@given(
    st.lists(st.one_of(st.just("add"), st.just("drop"), st.tuples(st.just("bring"), random_bsm_values)), max_size=60)
)
def test_no_feature_key_is_assigned_twice(steps):
    """Add rows, delete the highest and paste rows in any order.

    The highest number used is stored.
    """
    layer, given_out, water = [], [], 0
    for step in steps:
        if step == "add":
            made = make_bsm(COUNTY_CODE, max(find_highest_number_by_county(layer).get(COUNTY_CODE, 0), water) + 1)
            assert made not in given_out and made not in layer
            given_out.append(made)
            layer.append(made)
        elif step == "drop" and layer:
            layer.sort(key=str)
            layer.pop()
        elif step != "drop":
            layer.append(step[1])
        water = max(water, find_highest_number_by_county(layer).get(COUNTY_CODE, 0))


def test_find_most_frequent_county_returns_the_county_code_of_most_feature_keys():
    assert (
        find_most_frequent_county(
            [None, make_bsm(OTHER_COUNTY_CODE, 1), make_bsm(COUNTY_CODE, 1), make_bsm(COUNTY_CODE, 9), "x"]
        )
        == COUNTY_CODE
    )
    assert find_most_frequent_county([None, "", "17"]) == ""


def test_invalid_feature_key_is_refused_with_a_reason():
    for county in ("", "14022", "1402251", "14022x", "１４０２２５"):
        with pytest.raises(InputError) as caught:
            make_bsm(county, 1)
        assert caught.value.key == "bsm_county"
    with pytest.raises(InputError) as caught:
        make_bsm(COUNTY_CODE, MAX_RUNNING_NUMBER + 1)
    assert caught.value.key == "bsm_used_up"
