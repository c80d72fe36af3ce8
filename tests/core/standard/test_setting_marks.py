# SPDX-License-Identifier: GPL-2.0-or-later
"""Source marks of settings: A or B with a source, else C (unconfirmed)."""

import dataclasses
import tomllib

import pytest

from plugin.core.engine import outcome
from plugin.core.errors import DataError
from plugin.core.examples import plans
from plugin.core.exchange.vct.settings import load_settings
from plugin.core.messages.texts import TEXT_LANGUAGES, Texts
from plugin.core.model.rule import load_all_rules
from plugin.core.profile import Norm, load_profile
from plugin.core.profile.resolved import resolve_norm
from plugin.core.standard import SETTING_SECTIONS, flatten_table, load_standard
from plugin.paths import PACKAGE_SPECS_FOLDER, PROFILES_FOLDER, STANDARDS_FOLDER, VCT_SETTINGS

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
def test_every_setting_of_an_edition_has_a_source_mark(folder):
    """Find a mark for each value: its own, of its section, or of a key inside."""
    table = read_standard_toml(folder)
    norm = Norm(load_standard(str(folder)), load_profile())
    missing = [key for key in list_leaf_settings(table) if norm.find_marked_item(key) not in norm.standard.marks]
    assert not missing, f"{missing}: mark each in [marks] of {folder.name}/standard.toml"


@pytest.mark.parametrize("folder", EDITION_FOLDERS, ids=lambda folder: folder.name)
def test_source_mark_above_the_lowest_names_its_source(folder):
    table = read_standard_toml(folder)
    read = {key for key, mark in table.get("marks", {}).items() if mark != "C"}
    assert read == table.get("mark_sources", {}).keys()
    assert all(source.strip() for source in table.get("mark_sources", {}).values())


@pytest.mark.parametrize("folder", EDITION_FOLDERS, ids=lambda folder: folder.name)
def test_every_source_mark_belongs_to_a_setting(folder):
    table = read_standard_toml(folder)
    settings = load_standard(str(folder)).settings
    headings = {".".join(key.split(".")[:n]) for key in settings for n in range(1, key.count(".") + 2)}
    assert table.get("marks", {}).keys() <= headings | MARKS_WITHOUT_SETTING


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


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('real_width = "C"\n', "", "real_width"),
        ('real_width = "C"', 'real_width = "D"', "real_width"),
        ("zones_3 = [25.0, 45.0]", "zones_3 = [25.0]", "zones_3"),
        ("zones_6 = [13.0, 23.0]", 'zones_6 = [13.0, "23"]', "zones_6"),
    ],
    ids=["no mark", "unknown mark", "one end of two", "text"],
)
def test_invalid_setting_of_exchange_files_is_refused(tmp_path, old, new, key):
    path = tmp_path / "vct.toml"
    text = VCT_SETTINGS.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_settings(path)
    assert key in str(caught.value.params["key"])


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


class RecordingNorm(Norm):
    """A norm that records which setting keys a rule reads."""

    def get(self, key):
        self.__dict__.setdefault("read", set()).add(key)
        return super().get(key)

    def get_settings_section(self, name):
        self.__dict__.setdefault("read", set()).add(name)
        return super().get_settings_section(name)


#: Settings that cannot improve the result of a rule, with the reason.
UNDECLARED_READS_ALLOWED = {
    "indicators.warning_share": "an early warning is beside the result, which is met or not",
    "rules.LAW002": "LAW002 itself reports an unlikely target; other rules take its figures, which do not depend on it",
    "conflicts": "each pair has a mark of its own, and the rule counts it",
}
#: The same for one rule.
UNDECLARED_READS_ALLOWED_BY_RULE = {
    ("GEO011", "tolerance"): "the county's outline is put together with it; the distance is kilometres",
    ("DOC011", "rules.LAW020"): "only the figures of the rule are compared, not its limits",
    ("DOC011", "rules.LAW022"): "only the figures of the rule are compared, not its limits",
}


@pytest.mark.parametrize("rule", load_all_rules().values(), ids=load_all_rules())
def test_every_rule_declares_the_settings_that_it_reads(rule, monkeypatch):
    """Compare the keys that a rule reads with those it declares.

    An undeclared setting with mark C would count as confirmed.
    """
    made, read, declared_keys = plans.make_example_norm, set(), set()
    norms = []

    def record_calls(*args, **kwargs):
        norm = made(*args, **kwargs)
        norms.append(RecordingNorm(norm.standard, norm.profile, norm.phase))
        return norms[-1]

    def apply_recorded(rule, context, *args, **kwargs):
        norms[-1].__dict__["read"] = set()
        result = outcome.apply_rule(rule, context, *args, **kwargs)
        read.update(norms[-1].__dict__["read"])
        declared_keys.update(result.unconfirmed if result is not None else ())
        return result

    monkeypatch.setattr(plans, "make_example_norm", record_calls)
    monkeypatch.setattr("plugin.core.engine.outcome.apply_rule", apply_recorded)
    for example in (*rule.fails, *rule.passes):
        plans.run_example(rule, example)
    plain = Norm(load_standard(), load_profile())
    known = plain.standard.settings
    leaves = {leaf for key in read for leaf in known if leaf == key or leaf.startswith(f"{key}.")}
    declared = {*rule.uses, *declared_keys, f"rules.{rule.code}"}
    undeclared = {
        leaf
        for leaf in leaves
        if not plain.is_confirmed(leaf)
        and not any(leaf == item or leaf.startswith(f"{item}.") for item in (*declared, *UNDECLARED_READS_ALLOWED))
        and plain.find_marked_item(leaf) not in declared
        and (rule.code, plain.find_marked_item(leaf)) not in UNDECLARED_READS_ALLOWED_BY_RULE
    }
    assert not undeclared, f"{rule.code} reads {sorted(undeclared)}: name them in its `uses`"
