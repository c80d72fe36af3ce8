# SPDX-License-Identifier: GPL-2.0-or-later
"""Print a short Chinese summary of a JSON report and its output files.

demo.py report.json report.html findings.gpkg
"""

import json
import sys
import tomllib
from pathlib import Path
from unicodedata import east_asian_width

REPORT_TEXTS = Path(__file__).resolve().parent.parent / "resources" / "texts" / "report_zh.toml"
SEVERITIES = ("ERROR", "WARNING", "INFO")
OUTPUT_NAMES = ("JSON 报告", "HTML 报告", "问题图层")
COMPARISON_SIGNS = {">=": "≥", "<=": "≤"}
MAX_LISTED_RULES = 12


def pad_to_width(text: str, width: int) -> str:
    """Return a text with spaces up to a width in columns of a console; a Chinese character takes two."""
    return text + " " * (width - sum(2 if east_asian_width(c) in "WF" else 1 for c in text))


def format_verdict(report: dict, words: dict) -> list[str]:
    """Return the lines on verdict, numbers of findings, layers and run time.

    ``words``: the report's texts by section.
    """
    counts, provenance = report["summary"], report["provenance"]
    features = sum(layer["features"] for layer in provenance["layers"])
    return [
        f"检查结论：{words['verdict'][counts['verdict']]}",
        f"  错误 {counts['errors']} · 警告 {counts['warnings']} · 提示 {counts['infos']} · 已豁免 {counts['waived']}"
        f" · 未查完的规则 {counts['skipped']} · 运行异常 {counts['crashed']}",
        f"  图层 {len(provenance['layers'])} 个，要素 {features} 个；读取与检查用时 {provenance['seconds']:.1f} 秒",
    ]


def format_rules(report: dict, words: dict) -> list[str]:
    """Return the lines on the rules with findings, errors first, and on rules that did not finish."""
    failed = [rule for rule in report["rules"] if rule["findings"]]
    failed.sort(key=lambda rule: (SEVERITIES.index(rule["severity"]), -rule["findings"], rule["code"]))
    lines = ["主要问题："] if failed else []
    for rule in failed[:MAX_LISTED_RULES]:
        severity = words["severity"][rule["severity"]]
        lines.append(f"  {rule['code']}  {severity}  {pad_to_width(rule['title'], 40)}{rule['findings']:>5} 条")
    if len(failed) > MAX_LISTED_RULES:
        lines.append(f"  …… 另有 {len(failed) - MAX_LISTED_RULES} 条规则发现问题，见报告")
    unfinished = [r for r in report["rules"] if r["incomplete"] or r["outcome"] in ("skipped", "crashed")]
    lines += ["未查完的规则："] if unfinished else []
    return lines + [f"  {rule['code']}  {rule['title']}：{rule['reason'] or '见报告'}" for rule in unfinished]


def format_indicators(report: dict, words: dict) -> list[str]:
    """Return a line for each indicator with a target: value, target and state."""
    targets = [item for item in report["indicators"] if item["target"] is not None]
    lines = ["指标与目标："] if targets else []
    for item in targets:
        unit = words["unit"].get(item["unit"], item["unit"])
        sign = COMPARISON_SIGNS.get(item["comparison"], item["comparison"])
        side = "ceiling" if item["comparison"] == "<=" else "floor"
        state = words["indicator_state"].get(item["state"]) or words["indicator_state"].get(
            f"{item['state']}_{side}", item["state"]
        )
        value = "—" if item["value"] is None else f"{item['value']:.4f}"
        if item["value"] is None:
            state = words["indicator_state"]["not_computed"]
        target = f"{item['target']:.{item.get('target_decimals', 2)}f}"
        unconfirmed = "" if item["confirmed"] or item["state"] == "unconfirmed" else "，未确认"
        lines.append(
            f"  {pad_to_width(item['name'], 22)}{value:>10} {pad_to_width(unit, 6)}"
            f"目标 {sign} {target}  {state}{unconfirmed}"
        )
    return lines


def main() -> None:
    """Print the summary; exit with a message if an output file is missing."""
    paths = [Path(argument) for argument in sys.argv[1:]]
    report = json.loads(paths[0].read_text(encoding="utf-8"))
    words = tomllib.loads(REPORT_TEXTS.read_text(encoding="utf-8"))
    lines = [
        "",
        *format_verdict(report, words),
        *format_rules(report, words),
        *format_indicators(report, words),
        "输出：",
    ]
    lines += [f"  {label}  {path.resolve()}" for label, path in zip(OUTPUT_NAMES, paths, strict=True)]
    print("\n".join(lines))
    absent = [str(path) for path in paths if not path.exists()]
    if absent:
        sys.exit(f"缺少输出 · missing: {', '.join(absent)}")


if __name__ == "__main__":
    main()
