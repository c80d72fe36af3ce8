# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of cultivated land by two surveys and by certificates, compared with a planted list by plain shapely."""

import pytest
import shapely

from plugin.core.standard.options import RunOptions
from plugin.core.studies.yearly.cultivated_changes import compare_surveys
from plugin.core.studies.yearly.cultivated_result import SurveyOrder
from tests.core.studies.yearly.two_surveys import PLANTED, list_pieces, sum_pieces, write_surveys

CENT_M2 = 0.01


@pytest.fixture(scope="module")
def surveys(tmp_path_factory):
    return write_surveys(tmp_path_factory.mktemp("surveys"))


@pytest.fixture(scope="module")
def result(surveys):
    return compare_surveys(SurveyOrder(*surveys, 2025), RunOptions())


def sum_changes(result, key, measure="net_m2"):
    sums = {}
    for one in result.changes:
        sums[key(one)] = sums.get(key(one), 0.0) + getattr(one, measure)
    return sums


def get_cause_name(change):
    return change.cause.name if change.cause else None


@pytest.mark.parametrize("measure", ["net_m2", "ridge_m2", "area_m2"])
def test_areas_by_township_and_cause_equal_the_planted_list(result, measure):
    assert len(PLANTED) == 40
    planted = sum_pieces("kind", "township", "cause", measure=measure)
    found = sum_changes(result, lambda one: (one.kind, one.township, get_cause_name(one)), measure)
    assert found == {key: pytest.approx(area, abs=CENT_M2) for key, area in planted.items()}


def test_parcels_cover_the_planted_land_and_their_areas_equal_it(result):
    pieces = list_pieces()
    assert len(result.changes) == len(pieces)
    for one in result.changes:
        (piece,) = (
            p for p in pieces if shapely.symmetric_difference(p.shape, one.geometry).area < 1e-3 and p.kind == one.kind
        )
        assert one.area_m2 == pytest.approx(piece.area_m2, abs=CENT_M2)
        assert (one.before_class[: len(piece.before)], one.after_class[: len(piece.after)]) == (piece.before, piece.after)
