# SPDX-License-Identifier: GPL-2.0-or-later
"""The data dictionary: every layer, field and code of a standard on one page."""

import re
from html.parser import HTMLParser

import pytest

from plugin.core.__main__ import main
from plugin.core.render.dictionary import (
    DataDictionary,
    find_rules_that_need_layer,
    render_dictionary,
    sort_codes_below_parents,
)
from plugin.core.render.words import ReportTexts
from plugin.core.standard import list_standard_ids, load_standard
from plugin.core.standard.messages.texts import TEXT_LANGUAGES
from plugin.core.standard.template import CodeEntry, CodeList


class AnchorCollector(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.ids, self.links, self.loaded = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if "id" in given:
            self.ids.append(given["id"])
        if "href" in given:
            self.links.append(given["href"])
        self.loaded += [v for k, v in attrs if k in ("src", "srcset", "action")]


def get_page_section(page: str, name: str) -> str:
    return page.split(f'<section id="{name}">')[1].split("</section>")[0]


@pytest.fixture(scope="module")
def dictionary_page():
    return render_dictionary(load_standard("county_db"))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("standard", list_standard_ids())
def test_data_dictionary_page_has_every_layer_field_and_code_list_and_loads_no_external_file(standard, lang):
    loaded = load_standard(standard)
    text = render_dictionary(loaded, lang)
    found = AnchorCollector(text)
    assert len(found.ids) == len(set(found.ids))
    wanted = {f"layer-{r}" for r in loaded.templates} | {f"codes-{c}" for c in loaded.code_lists}
    assert wanted <= set(found.ids)
    assert all(link.startswith("#") and link[1:] in found.ids for link in found.links)
    assert not found.loaded and not re.search(r"https?://|@import|url\(|<script", text)
    for role, template in loaded.templates.items():
        own = get_page_section(text, f"layer-{role}")
        assert own.count("<tr>") == len(template.fields) + 1
        assert all(f"<code>{f.name}</code>" in own for f in template.fields)
    for name, codes in loaded.code_lists.items():
        assert get_page_section(text, f"codes-{name}").count("<tr") == len(codes.entry_by_code) + 1


def test_unverified_fields_and_layer_names_are_marked_in_the_data_dictionary(dictionary_page):
    templates = load_standard("county_db").templates
    for role, template in templates.items():
        own = get_page_section(dictionary_page, f"layer-{role}")
        assert ("字段表未核实" in own) == (template.fields_mark == "C")
        assert ("图层名由代码推得" in own) == (template.name_mark == "C")
    count = sum(t.fields_mark == "C" for t in templates.values())
    assert count and f"字段表未核实的 {count} 个" in dictionary_page


def test_dictionary_row_of_a_field_shows_its_code_list_its_zero_padding_and_the_field_of_code_names(dictionary_page):
    own = get_page_section(dictionary_page, "layer-XZYDYH")
    row = next(r for r in own.split("<tr>") if "<code>YDYHFLDM</code>" in r)
    for text in ("用地用海分类代码", ">6<", 'href="#codes-land_use_2023"', "补 0 到 6 位", "YDYHFLMC", "地类代码"):
        assert text in row


def test_personal_fields_are_marked_in_the_data_dictionary(dictionary_page):
    assert ">是</td>" in get_page_section(dictionary_page, "layer-YJJBNTTB")
    assert "个人信息" not in get_page_section(dictionary_page, "layer-CZKFBJ")


def test_rules_that_use_a_layer_are_listed_in_the_data_dictionary(dictionary_page):
    standard = load_standard("county_db")
    codes = {r.code for r in find_rules_that_need_layer("CZKFBJ", standard)}
    assert {"REL001"} <= {r.code for r in find_rules_that_need_layer("STBHHX", standard)}
    assert codes and all(c in get_page_section(dictionary_page, "layer-CZKFBJ") for c in codes)
    assert "没有专门检查本图层的规则" in dictionary_page


def test_every_code_is_listed_after_its_parent_code():
    for codes in load_standard("county_db").code_lists.values():
        ordered = sort_codes_below_parents(codes)
        place = {code.code: n for n, (code, _) in enumerate(ordered)}
        assert len(place) == len(codes.entry_by_code)
        assert all(place[c.parent] < place[c.code] for c, _ in ordered if c.parent)
    circle = CodeList("x", {"1": CodeEntry("1", "a", "2", 1, "B"), "2": CodeEntry("2", "b", "1", 1, "B")})
    assert [c.code for c, _ in sort_codes_below_parents(circle)] == ["1", "2"]


def test_dictionary_command_writes_the_data_dictionary(tmp_path, capsys):
    target = tmp_path / "字 典" / "book.html"
    assert main(["dictionary", "--html", str(target), "--lang", "en"]) == 0
    assert str(target) in capsys.readouterr().out
    assert "Data dictionary" in target.read_text(encoding="utf-8")
    assert [p.name for p in target.parent.iterdir()] == ["book.html"]


def test_dictionary_search_finds_layers_fields_and_codes():
    book = DataDictionary(load_standard("county_db"))

    def list_found_anchors(text):
        return [e.anchor for e in book.pages if all(word in e.search_text for word in text.split())]

    # The layer first, then the classes of yearly maintenance derived from it.
    assert list_found_anchors("历史文化保护线 lx")[0] == "layer-LSWHBHX"
    assert "layer-DLTB" in list_found_anchors("czcsxm") and "codes-urban_rural" not in list_found_anchors("czcsxm")
    assert "codes-sandiao" in list_found_anchors("0301 乔木林地") and list_found_anchors("没有这个词") == []


@pytest.mark.parametrize(("lang", "meaning"), [("zh", "净面积"), ("en", "net area")])
def test_dictionary_describes_each_field_first_in_the_language_of_the_reader(lang, meaning):
    standard = load_standard("county_db")
    page = render_dictionary(standard, lang)
    head = re.search(r"<thead><tr>(.*?)</tr></thead>", page).group(1)
    titles = [ReportTexts(lang).get("dictionary", key) for key in ("field", "meaning", "alias")]
    assert re.findall(r"<th[^>]*>(.*?)</th>", head)[:3] == titles
    rows = re.findall(r"<tr><td><code>(\w+)</code></td><td><b>(.*?)</b></td><td>(.*?)</td>", page)
    assert ("YJJBNTMJ", meaning) in {row[:2] for row in rows}
    # Every meaning is in words, not an id of the program; a field without one has its official name.
    assert all(means and "_" not in means for _, means, _ in rows)
    assert DataDictionary(standard, lang).describe_field("YJJBNTBHTB", "YJJBNTMJ").startswith(f"{meaning} YJJBNTMJ")


@pytest.mark.parametrize("lang", TEXT_LANGUAGES)
def test_source_of_every_layer_is_given_in_the_language_of_the_page(lang):
    words = ReportTexts(lang)
    sources = {t.source for name in list_standard_ids() for t in load_standard(name).templates.values() if t.source}
    assert len(sources) > 5
    assert not [source for source in sources if not words.has_text("template_source", source)]
    if lang == "zh":
        # Codes and the names of fields stay as they are.
        shown = [words.get_text_or_key("template_source", source) for source in sources]
        assert not [text for text in shown if re.search(r"[a-z]{3,}", text)]
