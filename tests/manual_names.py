# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of menus, buttons and texts that the manual mentions."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
MANUAL = ROOT / "docs" / "manual"
#: Names of the interface of QGIS in zh-Hans; tests/qgis/test_manual.py compares them with its translation.
QGIS_NAMES_ZH = {
    "插件",
    "管理并安装插件...",
    "从ZIP文件安装",
    "安装插件",
    "添加...",
    "工程",
    "布局",
    "设置",
    "键盘快捷键...",
    "选项...",
    "用户配置文件",
    "打开当前配置文件夹",
    "切换编辑模式",
    "保存图层编辑",
    "打开属性表",
    "以批处理方式执行...",
    "日志消息",
    "工具箱",
    "图层",
    "浏览器",
    "运行",
}
#: The same in English.
QGIS_NAMES_EN = {
    "Plugins",
    "Manage and Install Plugins…",
    "Install from ZIP",
    "Install Plugin",
    "Add…",
    "Project",
    "Layouts",
    "Layers",
    "Settings",
    "Options...",
    "User Profiles",
    "Open Active Profile Folder",
    "Execute as Batch Process…",
}
_QUOTED_TEXT_PATTERN = re.compile(r"「([^」]+)」")


def list_leaf_texts(table: dict) -> Iterator[str]:
    for value in table.values():
        if isinstance(value, dict):
            yield from list_leaf_texts(value)
        elif isinstance(value, str):
            yield value


def list_interface_labels(lang: str) -> set[str]:
    """Return the texts of the interface in a language."""
    messages = list(ElementTree.parse(ROOT / "i18n" / "sanxian_zh_CN.ts").getroot().iter("message"))
    if lang == "zh":
        return {m.findtext("translation", "") for m in messages} | QGIS_NAMES_ZH
    return {m.findtext("source", "") for m in messages} | QGIS_NAMES_EN


def list_visible_texts(lang: str) -> set[str]:
    """Return texts of messages, reports and tables, and the interface texts."""
    found = list_interface_labels(lang)
    for stem in (f"{lang}.toml", f"report_{lang}.toml"):
        found |= set(list_leaf_texts(tomllib.loads((ROOT / "resources" / "texts" / stem).read_text(encoding="utf-8"))))
    return found


def list_named_elements(path: Path) -> tuple[list[str], list[str]]:
    """Return the bold names and the names in 「」 of a manual chapter.

    Menu paths are split at arrows.
    """
    bold: list[str] = []
    quoted: list[str] = []
    for token in MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8")):
        children = token.children or []
        depth = 0
        for child in children:
            if child.type in ("strong_open", "strong_close"):
                depth += 1 if child.type == "strong_open" else -1
            elif child.type == "text":
                if depth:
                    bold += [part.strip() for part in child.content.split("→")]
                quoted += _QUOTED_TEXT_PATTERN.findall(child.content)
    return bold, quoted
