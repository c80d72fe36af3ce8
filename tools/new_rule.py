#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Start a new rule: ``make rule CODE=ATT012 NAME=missing-use`` writes its file and its Chinese block.

The draft runs (and finds nothing); `make check` fails until its examples and texts are filled in.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

RULE = '''# SPDX-License-Identifier: GPL-2.0-or-later
from ..context import Context
from ..findings import Finding
from ..layer import Layer
from ..rule import EACH, Example, Need, Severity, rule


@rule(
    "{code}",
    "{name}",
    severity=Severity.WARNING,
    basis=[],  # keys of citations.toml in the standard's folder
    needs={{"layer": Need(EACH)}},
    messages={{"": "{{layer}} ({{key}}) … say what is wrong and what to do."}},
    fails=[Example("what must be found", {{"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]}}, finds=1)],
    passes=[Example("what must not", {{"layer": ["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"]}})],
)
def {function}(layer: Layer, *, ctx: Context) -> list[Finding]:
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
CHINESE = """
[{code}]
title = ""
what = ""
why = ""
fix = ""
limits = ""
[{code}.messages]
"" = "{{layer}}（{{key}}）……"
"""


def main(code: str, name: str) -> int:
    if not re.fullmatch(r"[A-Z]{3}\d{3}", code) or not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", name):
        print("用法 / usage: make rule CODE=ATT012 NAME=missing-use", file=sys.stderr)
        return 2
    folder = ROOT / "plugin" / "core" / "rules"
    taken = list(folder.glob(f"{code.lower()}_*.py"))
    if taken:
        print(f"{code} 已被使用 / is taken: {taken[0].name}", file=sys.stderr)
        return 1
    function = name.replace("-", "_")
    path = folder / f"{code.lower()}_{function}.py"
    path.write_text(RULE.format(code=code, name=name, function=function), encoding="utf-8")
    texts = ROOT / "resources" / "texts" / "rules_zh.toml"
    with texts.open("a", encoding="utf-8") as handle:
        handle.write(CHINESE.format(code=code))
    print(f"写好 / written: {path.relative_to(ROOT)}, {texts.relative_to(ROOT)} [{code}]")
    print("填好后 make check；要默认运行，在标准的 default_rules 里加一行。")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]) if len(sys.argv) > 2 else main("", ""))
