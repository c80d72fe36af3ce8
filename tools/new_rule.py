#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Create the files of a new rule: ``make rule CODE=ATT099 NAME=missing-use``.

It writes the file of the rule, its Chinese texts, an entry in a group of rules, and the place of its mutation (the
planted defect that tests the rule). The draft runs without findings; `make check` and `make test` fail until all
parts are filled in.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

RULE_FILE_TEMPLATE = '''# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, Severity, rule
from ...plan.layer import Layer


@rule(
    "{code}",
    "{name}",
    problem="Say what is wrong",
    severity=Severity.WARNING,
    basis=[],  # keys of citations.toml in the standard's folder
    needs={{"layer": LayerNeed(EVERY_LAYER)}},
    messages={{"": "{{layer}} ({{key}}) … say what is wrong and what to do."}},
    fails=[
        RuleExample("what must be found", {{"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]}}, finds=1),
    ],
    passes=[RuleExample("what must not", {{"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]}})],
)
def {function}(layer: Layer, *, ctx: RuleContext) -> list[Finding]:
    """One line that serves as the rule's title.

    What it checks
        …
    Why
        …
    How to fix
        …
    Limits
        …
    """
    return []
'''
MUTATION_TEMPLATE = '''

@declare_mutation("{code}")
def plant_{function}(draft: CountyDraft) -> None:
    """Plant the defect with the draft's methods; name in `follows` the other rules that must find it too."""
    raise NotImplementedError("{code}: plant its defect")
'''
#: The group that a new rule of a family joins; it may be moved to another, or to `default_rules`.
GROUPS = {
    "SCH": "delivery",
    "GEO": "quality",
    "TOP": "quality",
    "ATT": "attributes",
    "REL": "control_lines",
    "LAW": "quotas",
}
#: Families without a draft → what to do instead.
PLACES_BY_HAND = {
    "DOC": "DOC 规则不由 make rule 生成：成果包规则写在 plugin/core/package/rules，年度维护规则写在 "
    "plugin/core/studies/yearly/rules，步骤见 CONTRIBUTING.md。\n"
    "make rule writes no DOC rules: a rule on packages goes into plugin/core/package/rules, a rule on yearly "
    "maintenance into plugin/core/studies/yearly/rules; see CONTRIBUTING.md for the steps.",
    "RUN": "RUN 是检查运行自身的消息，不是规则。 / RUN codes are messages of the check itself, not rules.",
}
CHINESE_TEXT_TEMPLATE = """
[{code}]
title = ""
problem = ""
what = ""
why = ""
fix = ""
limits = ""
[{code}.messages]
"" = "{{layer}}（{{key}}）……"
"""


def add_to_rule_group(standard: str, code: str) -> str:
    """Return the text of standard.toml with a rule code added to its family's group."""
    head, opening, rest = standard.partition(f"\n{GROUPS[code[:3]]} = [")
    if not opening:
        raise ValueError(f"standard.toml: {GROUPS[code[:3]]}")
    body, closing, tail = rest.partition("]")
    inside = body.rstrip()
    # A list over several lines ends in a comma.
    added = f'{inside}\n  "{code}",\n' if inside.endswith(",") else f'{inside}, "{code}"'
    return head + opening + added + closing + tail


def main(code: str, name: str) -> int:
    """Create the files of a rule; return the exit status: 0, 1 for a code in use, 2 for wrong arguments."""
    if not re.fullmatch(r"[A-Z]{3}\d{3}", code) or not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", name):
        print("用法 / usage: make rule CODE=ATT099 NAME=missing-use", file=sys.stderr)
        return 2
    if code[:3] not in GROUPS:
        print(PLACES_BY_HAND.get(code[:3], f"{code}: {', '.join(GROUPS)}"), file=sys.stderr)
        return 2
    folder = ROOT / "plugin" / "core" / "rules" / code[:3].lower()
    # The name of a file begins with the codes of its rules: `att001_004_….py` has two.
    taken = [path for path in folder.glob("*.py") if re.match(rf"{code[:3].lower()}(\d{{3}}_)*{code[3:]}_", path.name)]
    if taken:
        print(f"{code} 已被使用 / is taken: {taken[0].name}", file=sys.stderr)
        return 1
    function = name.replace("-", "_")
    path = folder / f"{code.lower()}_{function}.py"
    path.write_text(RULE_FILE_TEMPLATE.format(code=code, name=name, function=function), encoding="utf-8")
    texts = ROOT / "resources" / "texts" / "rules_zh.toml"
    with texts.open("a", encoding="utf-8") as handle:
        handle.write(CHINESE_TEXT_TEMPLATE.format(code=code))
    standard = ROOT / "resources" / "standards" / "common-2021" / "standard.toml"
    standard.write_text(add_to_rule_group(standard.read_text(encoding="utf-8"), code), encoding="utf-8")
    mutations = ROOT / "tests" / "mutations" / f"{code[:3].lower()}.py"
    with mutations.open("a", encoding="utf-8") as handle:
        handle.write(MUTATION_TEMPLATE.format(code=code, function=function))
    written = (path, texts, standard, mutations)
    print("写好 / written: " + ", ".join(str(one.relative_to(ROOT)) for one in written))
    print(f"填好 {code} 的这四处，再 make check；要默认运行，移到标准的 default_rules 里。")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]) if len(sys.argv) > 2 else main("", ""))
