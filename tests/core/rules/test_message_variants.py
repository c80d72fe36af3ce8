# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages name what the tool knows: which remedy applies, figures, parts, names, rules that were skipped."""

import pytest
import shapely

from plugin.core.examples.plans import run_example
from plugin.core.messages.texts import NARROW_CASE, Texts, make_variant_key
from plugin.core.model.findings import Finding
from plugin.core.model.rule import RuleExample, load_all_rules
from plugin.core.standard import load_standard
from tests.rule_examples import is_variant_key


def make_square_wkt(left, bottom, size=100):
    return shapely.box(left, bottom, left + size, bottom + size).wkt


COUNTY, WEST, EAST = make_square_wkt(0, 0, 1000), make_square_wkt(0, 0, 200), make_square_wkt(200, 0, 200)
ACROSS, BEYOND = make_square_wkt(950, 0), make_square_wkt(2000, 0)
VILLAGE = "1402251002000000000"


def make_parcel(wkt, **other):
    return {"wkt": wkt, **other}


def make_numbered_parcel(wkt, number="7"):
    """Return a parcel row with a parcel number (TBBH) in the test's village."""
    return {"wkt": wkt, "ZLDWDM": VILLAGE, "TBBH": number}


#: Key of a message → rule, layers, roles, whose finding has this message.
VARIANTS = {
    ("TOP003", "wholly_outside"): ({"layer": [BEYOND], "county": [COUNTY]}, {}),
    ("TOP003", ""): ({"layer": [ACROSS], "county": [COUNTY]}, {}),
    ("TOP003", "division"): ({"layer": [ACROSS], "county": [COUNTY]}, {"layer": "XZQC", "county": "XZQX"}),
    ("SCH003", "not_cgcs2000_parameters"): ({"red_line": [{"wkt": make_square_wkt(38_600_000, 4_380_000), "crs": 2362}]}, {}),
    ("TOP006", "beyond_county"): ({"parcels": [COUNTY], "townships": [make_square_wkt(900, 0, 300)], "county": [COUNTY]}, {}),
    ("TOP006", ""): ({"parcels": [WEST], "townships": [make_square_wkt(0, 0, 400)], "county": [COUNTY]}, {}),
    ("ATT019", "blank_large_rate"): ({"layer": [make_parcel(WEST, land_use="0103", deduction_rate=1.2, KCDLBM=None)]}, {"layer": "DLTB"}),
    ("ATT019", "blank"): ({"layer": [make_parcel(WEST, land_use="0103", deduction_rate=0.2, KCDLBM=None)]}, {"layer": "DLTB"}),
    ("ATT024", "apart"): ({"layer": [make_numbered_parcel(WEST), make_numbered_parcel(EAST)]}, {"layer": "DLTB"}),
    ("ATT024", "same_place"): ({"layer": [make_numbered_parcel(WEST), make_numbered_parcel(WEST)]}, {"layer": "DLTB"}),
    ("ATT024", ""): ({"layer": [make_numbered_parcel(WEST), make_numbered_parcel(make_square_wkt(100, 0, 200))]}, {"layer": "DLTB"}),
    ("ATT024", "layer_apart"): ({"layer": [{"wkt": WEST, "feature_name": "HY-01"}, {"wkt": EAST, "feature_name": "HY-01"}]}, {"layer": "ZXCQXXGHBZDY"}),
    ("ATT024", "layer_same_place"): ({"layer": [{"wkt": WEST, "feature_name": "HY-01"}, {"wkt": WEST, "feature_name": "HY-01"}]}, {"layer": "ZXCQXXGHBZDY"}),
}  # fmt: skip


def find_only_finding(code, layers, roles=None, **more):
    """Return the only finding of a rule on some layers."""
    findings = [f for f in run_example(load_all_rules()[code], RuleExample("", layers, finds=1, roles=roles or {}, **more)).findings if f.code == code]  # fmt: skip
    assert len(findings) == 1, findings
    return findings[0]


def render_message(finding, lang="zh"):
    return Texts(lang).format_message(finding, load_standard("county_db").templates)


@pytest.mark.parametrize(("code", "key"), VARIANTS)
def test_message_variant_ends_with_the_remedy_for_its_finding(code, key):
    layers, roles = VARIANTS[code, key]
    finding = find_only_finding(code, layers, roles)
    assert not is_variant_key(finding.case)
    for lang in ("zh", "en"):
        end = Texts(lang).get_message_template(load_all_rules()[code], key).rpartition("}")[2]
        assert end and render_message(finding, lang).endswith(end), render_message(finding, lang)


def test_every_message_variant_has_a_test_in_this_module():
    variants = {
        (code, key)
        for code, rule in load_all_rules().items()
        for key in rule.messages
        if is_variant_key(key) and not key.endswith(NARROW_CASE)
    }
    assert variants == {one for one in VARIANTS if is_variant_key(one[1])}


def test_key_of_every_message_variant_begins_with_a_message_case_of_its_rule():
    for rule in load_all_rules().values():
        for key in filter(is_variant_key, rule.messages):
            assert any(
                make_variant_key(case, key[len(case) :].strip("_")) == key for case in rule.messages if case != key
            )


def test_finding_of_an_earlier_version_without_variant_has_the_message_of_its_case():
    finding = Finding("STBHHX", code="TOP003", key="1", area_m2=50.0, width_m=5.0)
    assert "在县界以外" in render_message(finding)
    params = {"actual": 10.0, "expected": 9.0}
    assert "按图斑面积 − 扣除地类面积应为 9.00 m²" in render_message(
        Finding("DLTB", code="ATT003", case="net", params=params)
    )


def test_finding_on_a_multipart_feature_states_the_areas_of_its_parts_in_descending_order():
    parts = shapely.multipolygons([shapely.box(0, 0, 5, 5), shapely.box(1000, 0, 1300, 100)])
    assert "由 2 个部件组成（3.00 公顷、24.99 m²）" in render_message(
        find_only_finding("GEO003", {"layer": [parts.wkt]})
    )


def test_row_without_shape_is_reported_with_its_name():
    finding = find_only_finding("GEO001", {"layer": [{"wkt": None, "feature_name": "永安寺"}]}, {"layer": "LSWHBHX"})
    assert "，“永安寺”）有属性而没有图形" in render_message(finding)


def test_finding_on_a_net_area_states_the_figures_from_which_it_is_computed():
    row = {
        "wkt": WEST,
        "land_use": "0103",
        "gross_area": 10000.0,
        "deduction_rate": 0.1,
        "deduction_area": 1000.0,
        "net_area": 9500.0,
    }
    assert "（10\u202f000.00 − 1\u202f000.00 m²）应为 9\u202f000.00 m²" in render_message(
        find_only_finding("ATT003", {"layer": [row]}, {"layer": "DLTB"})
    )
    row |= {"deduction_area": 900.0}
    assert "（10\u202f000.00 m² × 0.1）应为 1\u202f000.00 m²" in render_message(
        find_only_finding("ATT003", {"layer": [row]}, {"layer": "DLTB"})
    )


def test_hole_is_reported_with_the_land_use_of_most_parcels_in_it():
    ring = shapely.box(0, 0, 1000, 1000).difference(shapely.box(200, 200, 400, 400)).wkt
    parcels = [
        make_parcel(make_square_wkt(200, 200, 200), land_use="0301"),
        make_parcel(make_square_wkt(200, 200, 20), land_use="0103"),
    ]
    message = render_message(find_only_finding("GEO006", {"layer": [ring], "parcels": parcels}))
    assert "（洞内全部为 0301 乔木林地）" in message
    assert "洞内" not in render_message(find_only_finding("GEO006", {"layer": [ring]}))


def test_missing_field_is_reported_with_the_rules_that_were_skipped():
    row = {
        "wkt": WEST,
        "land_use": "0103",
        "urban_code": "202",
        "gross_area": 12.0,
        "deduction_area": 0.0,
        "net_area": 12.0,
    }
    assert "需要该字段的规则（ATT003）跳过" in render_message(
        find_only_finding("SCH002", {"layer": [row]}, {"layer": "DLTB"})
    )


@pytest.mark.parametrize(
    ("role", "authority"), [("DLTB", "变更调查成果"), ("XZQXZ", "公布的行政区界线"), ("STBHHX", "批准成果")]
)
def test_message_on_an_overlap_names_the_authority_that_decides_the_edges_of_the_layer(role, authority):
    finding = find_only_finding("TOP001", {"layer": [WEST, make_square_wkt(150, 0, 200)]}, {"layer": role})
    assert f"请以{authority}的边线为准" in render_message(finding)
