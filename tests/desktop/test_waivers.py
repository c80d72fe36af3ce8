# SPDX-License-Identifier: GPL-2.0-or-later
"""Test in the real desktop that findings can be waived (accepted with a reason).

Screenshots are saved in build/screenshots.
"""


def test_user_can_waive_a_finding_in_the_dialog_and_withdraw_the_waiver(desktop, monkeypatch):
    monkeypatch.setenv("SANXIAN_PICTURE", "waivers-dark")
    facts = desktop("waivers", size="1366x768", theme="Night Mapping", timeout=120)
    assert facts["author"] == "Wang" and "trouble" not in facts
    assert facts["button"] == "豁免…" and facts["state"] == "waived" and facts["back"] == "撤销豁免"
    assert facts["waits"], "the button waits for what is needed"
    assert len(facts["missing"]) >= 2 and facts["errors_before_typing"] == [], "the tooltip names what is missing"
    errors, shown, may_register = facts["error_at_field"]
    assert errors == [shown] == ["请填写批准文件的文号。"] and not may_register and not facts["moved"]
    text, *digest = facts["attachment"]
    assert all(part in text for part in digest) and "1.91 M" in text
    only_this, all_selected, count = facts["scope"]
    assert only_this == "仅此一处" and str(count) in all_selected and count > 2 and facts["scope_of_one"] == 1
    assert facts["next"], "the neighbour is at hand"
    assert facts["said"].startswith("已豁免 1 处，存入 ") and facts["path"].endswith(".waivers.csv")
    assert facts["several"].startswith("豁免 ") and facts["several"].endswith(" 处…")
    assert facts["file"].startswith("编号,规则,") and len(facts["file"].splitlines()) == 1
    assert facts["report"]
    assert facts["fits"][0] <= 1366 and facts["fits"][1] <= 768
    assert facts["log"] == [] and facts["returncode"] == 0
