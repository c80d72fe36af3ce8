# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the work list in the real desktop.

Screenshots are saved in build/screenshots.
"""


def test_people_share_a_work_list_and_choose_between_versions(desktop):
    facts = desktop("worklist", timeout=240)
    assert facts["before"] and facts["path"].endswith(".worklist.csv")
    assert facts["states"] == ["已改", "待处理", "误报"]
    assert "冲突 1 行" in facts["note"] and facts["after_n"]
    assert facts["lines"] > 3
    assert facts["log"] == [] and facts["returncode"] == 0
