# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints a short Chinese summary of a JSON report, and where the outputs lie."""

import json
import sys
from pathlib import Path
from unicodedata import east_asian_width

VERDICTS = {"pass": "通过", "conditional": "有条件通过", "incomplete": "未完成", "fail": "不通过"}
SEVERITIES = {"ERROR": "错误", "WARNING": "警告", "INFO": "提示"}
OUTPUTS = ("JSON 报告", "HTML 报告", "问题图层")
MOST_RULES = 12


def padded(text: str, width: int) -> str:
    return text + " " * (width - sum(2 if east_asian_width(c) in "WF" else 1 for c in text))


def number(value: object) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def summary(report: dict) -> list[str]:
    counts, provenance = report["summary"], report["provenance"]
    features = sum(layer["features"] for layer in provenance["layers"])
    lines = [
        "",
        f"检查结论：{VERDICTS[counts['verdict']]}",
        f"  错误 {counts['errors']} · 警告 {counts['warnings']} · 提示 {counts['infos']} · 已豁免 {counts['waived']}"
        f" · 跳过规则 {counts['skipped']} · 运行异常 {counts['crashed']}",
        f"  图层 {len(provenance['layers'])} 个，要素 {features} 个；读取与检查用时 {provenance['seconds']:.1f} 秒",
    ]
    failed = [rule for rule in report["rules"] if rule["findings"]]
    failed.sort(key=lambda rule: (list(SEVERITIES).index(rule["severity"]), -rule["findings"], rule["code"]))
    if failed:
        lines.append("主要问题：")
        for rule in failed[:MOST_RULES]:
            title = rule.get("title") or rule["name"]
            lines.append(
                f"  {rule['code']}  {SEVERITIES[rule['severity']]}  {padded(title, 34)} {rule['findings']:>5} 条"
            )
        if len(failed) > MOST_RULES:
            lines.append(f"  …… 另有 {len(failed) - MOST_RULES} 条规则发现问题，见报告")
    unrun = [rule for rule in report["rules"] if rule["outcome"] in ("skipped", "crashed")]
    lines += [f"  未检查 {rule['code']} {rule['name']}：{rule.get('reason') or '见报告'}" for rule in unrun]
    measured = [item for item in report.get("indicators", []) if item.get("target") is not None]
    if measured:
        lines.append("指标与目标：")
        for item in measured:
            unit = f" {item['unit']}" if item.get("unit") else ""
            lines.append(
                f"  {padded(item['name'], 34)} {number(item['value'])}{unit}"
                f"（目标 {item.get('comparison') or ''} {number(item['target'])}{unit}）"
            )
    return lines


def main() -> None:
    paths = [Path(argument) for argument in sys.argv[1:]]
    report = json.loads(paths[0].read_text(encoding="utf-8"))
    lines = [*summary(report), "输出："]
    lines += [f"  {label}  {path.resolve()}" for label, path in zip(OUTPUTS, paths, strict=True)]
    print("\n".join(lines))
    absent = [str(path) for path in paths if not path.exists()]
    if absent:
        sys.exit(f"缺少输出 · missing: {', '.join(absent)}")


if __name__ == "__main__":
    main()
