# SPDX-License-Identifier: GPL-2.0-or-later
"""The catalogue of indicators in a standard (indicators.toml)."""

from pathlib import Path

import pytest

from plugin.core.errors import DataError
from plugin.core.messages.texts import Texts
from plugin.core.model.rule import load_all_rules
from plugin.core.standard import load_standard
from plugin.core.standard.indicator_catalogue import _read_catalogue, load_catalogue
from plugin.paths import STANDARDS_FOLDER
from tests.core.small_plan import explain_error

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
        assert bool(entry.missing) != bool(entry.inputs), entry.id


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
    ("old", "new", "key"),
    [
        ('method = "layer_area"', 'method = "guess"', "indicator[9].method"),
        ('unit = "wan_mu"', 'unit = "acre"', "indicator[1].unit"),
        ('within = "red_line"\n', "", "within"),
        ('part = "construction_land_area"', 'part = "no_area"', "development_intensity.part"),
        ('aliases = ["耕地面积"', 'aliases = ["生态保护红线"', "生态保护红线"),
        ('kind = "约束性"', "kind = 1", "indicator[1].kind"),
        ('id = "farmland_area"', 'id = "cultivated_area"', "cultivated_area"),
    ],
)
def test_invalid_indicator_catalogue_is_refused_with_file_and_key(tmp_path, old, new, key):
    text = CATALOGUE_PATH.read_text(encoding="utf-8")
    assert old in text
    path = Path(tmp_path / "indicators.toml")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        _read_catalogue(path)
    sentence = explain_error(caught.value)
    assert "indicators.toml" in sentence and key in sentence


def test_name_of_an_indicator_is_defined_in_only_one_file():
    for lang in ("zh", "en"):
        both = Texts(lang).get_section("indicators").keys() & CATALOGUE.indicator_by_id.keys()
        assert not both, f"{lang}: {both} are named by indicators.toml already"
        for name, entry in CATALOGUE.indicator_by_id.items():
            assert Texts(lang).get_indicator_name(name) == entry.name(lang)
