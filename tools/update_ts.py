# SPDX-License-Identifier: GPL-2.0-or-later
"""Update i18n/*.ts with the tr("…") and mark_text("…") texts of plugin/.

New texts are added and unused ones removed. New texts are marked as unfinished. tools/run.sh python
tools/update_ts.py
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
CONTEXT = "Sanxian"
#: Texts of the buttons of Qt's own dialogs, which QGIS's Chinese leaves in English.
BUTTON_CONTEXT, BUTTON_TEXTS = "QPlatformTheme", {"OK", "Cancel", "Close", "&Yes", "&No"}
MARKS = ("tr", "mark_text")


def extract_texts(source: str, name: str = "") -> set[str]:
    """Return the literal texts that a Python source passes to tr() or mark_text().

    Exit with a message for an argument that is not a literal, which Qt cannot find.
    """
    found: set[str] = set()
    if "tr(" not in source and "mark_text(" not in source:
        return found
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS):
            continue
        (argument,) = node.args
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
            sys.exit(f"{name}:{node.lineno}: {node.func.id}() takes one plain text")
        found.add(argument.value)
    return found


def extract_texts_of_folder(folder: Path) -> set[str]:
    """Return the texts that all Python files below a folder pass to tr()."""
    found: set[str] = set()
    for path in sorted(folder.rglob("*.py")):
        found |= extract_texts(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    return found


def read_translations(path: Path) -> dict[str, str]:
    """Return the translations in a .ts file: source text → translation."""
    if not path.exists():
        return {}
    messages = ElementTree.parse(path).getroot().iter("message")
    return {m.findtext("source", ""): m.findtext("translation", "") for m in messages}


def list_unfinished_texts(path: Path, source_texts: set[str]) -> list[str]:
    """Return those of the source texts that a .ts file does not translate, sorted."""
    known = read_translations(path)
    return sorted(text for text in source_texts if not known.get(text))


def write_ts(path: Path, source_texts: set[str]) -> None:
    """Write a .ts file with these source texts; known translations are kept, new texts marked as unfinished."""
    known = read_translations(path)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<!DOCTYPE TS>",
        f'<TS version="2.1" language="{path.stem.partition("_")[2]}" sourcelanguage="en">',
    ]
    for context, texts in ((CONTEXT, source_texts), (BUTTON_CONTEXT, BUTTON_TEXTS)):
        lines.append(f"<context>\n    <name>{context}</name>")
        for text in sorted(texts):
            translated = known.get(text, "")
            mark = "" if translated else ' type="unfinished"'
            lines.append(f"    <message>\n        <source>{escape(text)}</source>")
            lines.append(f"        <translation{mark}>{escape(translated)}</translation>\n    </message>")
        lines.append("</context>")
    lines.append("</TS>\n")
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    wanted = extract_texts_of_folder(ROOT / "plugin")
    for target in sorted((ROOT / "i18n").glob("*.ts")):
        write_ts(target, wanted)
        left = list_unfinished_texts(target, wanted | BUTTON_TEXTS)
        print(f"{target.name}: {len(wanted)} texts, {len(left)} unfinished", *left, sep="\n  ")
