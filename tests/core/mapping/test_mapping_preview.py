# SPDX-License-Identifier: GPL-2.0-or-later
"""The preview of a layer mapping shows the same as its run."""

from collections import Counter
from dataclasses import replace

import pytest

from plugin.core.io import read_source
from plugin.core.mapping import CodeTranslation, apply_mapping, make_mapping_from_proposals, propose_mapping
from plugin.core.mapping.preview import (
    MAX_SAMPLES,
    SourceColumns,
    change_mapping,
    find_undecided_codes,
    preview_field,
)
from plugin.core.mapping.proposals import find_possible_code_translations
from plugin.core.standard import load_standard
from tests.core.land_survey import SURVEY_ROWS, write_survey

STANDARD = load_standard("county_db")
DLTB, XZYDYH = STANDARD.templates["DLTB"], STANDARD.templates["XZYDYH"]


@pytest.fixture(scope="module")
def survey_layer(tmp_path_factory):
    (read,) = read_source(write_survey(tmp_path_factory.mktemp("三调")))
    return read


@pytest.fixture(params=["DLTB", "XZYDYH"])
def target_template(request):
    return STANDARD.templates[request.param]


def test_mapping_preview_counts_the_same_losses_as_the_mapping_run(survey_layer, target_template):
    mapping = make_mapping_from_proposals(
        target_template.role, propose_mapping(survey_layer, target_template, STANDARD)
    )
    mapped = apply_mapping(survey_layer, mapping, target_template, STANDARD)
    lost = Counter(loss.target_field for loss in mapped.losses if loss.fid is not None and not loss.is_carried_over)
    remarks = Counter(loss.target_field for loss in mapped.losses if loss.fid is not None and loss.is_carried_over)
    columns = SourceColumns(survey_layer)
    for target in target_template.fields:
        seen = preview_field(columns, mapping, target, target_template, STANDARD)
        assert (seen.lost_count, seen.remarked_count) == (lost[target.name], remarks[target.name]), target.name
        assert seen.filled_count >= mapped.frame[target.name].notna().sum(), target.name
        if target.name in mapping.source_by_target:
            assert seen.filled_count == mapped.frame[target.name].notna().sum(), target.name
            assert len(seen.samples) <= MAX_SAMPLES


def test_mapping_preview_shows_examples_of_changed_and_lost_values(survey_layer):
    mapping = make_mapping_from_proposals("XZYDYH", propose_mapping(survey_layer, XZYDYH, STANDARD))
    code = preview_field(SourceColumns(survey_layer), mapping, XZYDYH.find_field_by_name("YDYHFLDM"), XZYDYH, STANDARD)
    assert [(s.source_value, s.converted_value, s.reason, s.row_count) for s in code.samples][:2] == [
        ("0103", "010300", "", 2),
        ("0204", "", "code_many", 1),
    ]
    name = preview_field(SourceColumns(survey_layer), mapping, XZYDYH.find_field_by_name("YDYHFLMC"), XZYDYH, STANDARD)
    assert ("0103", "旱地") in [(s.source_value, s.converted_value) for s in name.samples] and name.lost_count == 0


def test_codes_decided_by_the_user_are_translated_in_the_preview(survey_layer):
    mapping = make_mapping_from_proposals("XZYDYH", propose_mapping(survey_layer, XZYDYH, STANDARD))
    target, columns = XZYDYH.find_field_by_name("YDYHFLDM"), SourceColumns(survey_layer)
    open_codes = {u.code: u for u in find_undecided_codes(columns, mapping, target, XZYDYH, STANDARD)}
    assert set(open_codes) == {"0204", "0701", "01", "9999"}
    assert open_codes["0204"].candidate_codes == ("0205", "0204") and open_codes["0204"].name == "其他园地"
    assert open_codes["9999"].candidate_codes == () and open_codes["9999"].name == ""
    decided = replace(mapping.translation_by_target["YDYHFLDM"], chosen_code_by_source={"0204": "0205", "9999": "0103"})
    after = change_mapping(mapping, XZYDYH, "YDYHFLDM", source="DLBM", translation=decided)
    assert preview_field(columns, after, target, XZYDYH, STANDARD).lost_count == 2
    chosen = {u.code: u.chosen_code for u in find_undecided_codes(columns, after, target, XZYDYH, STANDARD)}
    assert chosen == {"0204": "0205", "0701": "", "01": "", "9999": "0103"}
    assert apply_mapping(survey_layer, after, XZYDYH, STANDARD).frame["YDYHFLDM"].tolist()[5] == "020500"


def test_invalid_constant_value_is_lost_in_every_row(survey_layer):
    mapping = change_mapping(make_mapping_from_proposals("XZYDYH", []), XZYDYH, "XZQDM", constant="1" * 99)
    seen = preview_field(SourceColumns(survey_layer), mapping, XZYDYH.find_field_by_name("XZQDM"), XZYDYH, STANDARD)
    assert (seen.filled_count, seen.lost_count) == (0, len(SURVEY_ROWS)) and seen.samples[0].reason == "too_long"


def test_translations_are_offered_only_for_fields_with_a_translatable_code_list():
    assert find_possible_code_translations(XZYDYH.find_field_by_name("YDYHFLDM"), STANDARD) == [
        CodeTranslation("sandiao", "code_2023")
    ]
    assert (
        find_possible_code_translations(XZYDYH.find_field_by_name("BSM"), STANDARD)
        == find_possible_code_translations(DLTB.find_field_by_name("DLBM"), STANDARD)
        == []
    )
