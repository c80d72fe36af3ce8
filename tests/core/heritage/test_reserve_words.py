# SPDX-License-Identifier: GPL-2.0-or-later
"""Words at the end of a reserve's name that mean a part of it."""

from plugin.core.examples.plans import make_example_plan
from plugin.core.heritage.protection import find_core_rows, find_unknown_part_words
from plugin.core.model.report import Outcome
from plugin.core.model.rule import load_all_rules
from plugin.core.results.run import run_check
from tests.parametrize import for_each

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
WHOLE_NAME = "某山省级自然保护区"


def make_plan(*endings):
    """Return a plan of farmland in reserve rows; each name is that of the reserve with one ending."""
    reserves = [{"wkt": SQUARE_WKT, "feature_name": WHOLE_NAME + ending} for ending in endings]
    return make_example_plan({"ZRBHD": reserves, "YJJBNTBHTB": [SQUARE_WKT]})


UNKNOWN_WORD_CASES = {
    "known parts": (("", "核心保护区", "一般控制区"), []),
    "parts of the older regulations": (("", "核心区", "（缓冲区）", "实验区"), []),
    "no parts": (("",), []),
    "another end": (("", "东片"), ["东片"]),
    "a core by another word": (("核心地带", "一般控制区"), ["核心地带"]),
    "both ways to the same end": (("", "（核心地带）"), ["核心地带"]),
}


@for_each("endings, words", list(UNKNOWN_WORD_CASES.values()), ids=list(UNKNOWN_WORD_CASES))
def test_unknown_part_words_at_the_end_of_reserve_names_are_found(endings, words):
    plan = make_plan(*endings)
    assert find_unknown_part_words(plan.layers["ZRBHD"], plan.norm) == words


def test_reserve_row_named_core_zone_by_older_regulations_counts_as_core():
    plan = make_plan("", "核心区")
    assert find_core_rows(plan.layers["ZRBHD"], plan.norm).tolist() == [False, True]


@for_each(
    "endings, outcome, word",
    [
        (("", "核心地带"), Outcome.SKIPPED, "核心地带"),
        (("", "东片"), Outcome.NOT_APPLICABLE, "东片"),
        (("", "核心区"), Outcome.FAILED, ""),
        (("",), Outcome.NOT_APPLICABLE, ""),
    ],
    ids=["a core by another word", "another end", "a known core", "no parts"],
)
def test_reason_of_the_rule_on_farmland_in_reserve_cores_lists_unknown_part_words(endings, outcome, word):
    (law011,) = run_check(make_plan(*endings), [load_all_rules()["LAW011"]]).rules
    assert law011.outcome is outcome
    assert ("用词" in law011.reason) == bool(word) and word in law011.reason
