# SPDX-License-Identifier: GPL-2.0-or-later
"""Build dist/sanxian_core-<version>-py3-none-any.whl: the core and its resources, for Dask schedulers and workers.

The files are in a folder of their name that a .pth file adds to the import path, so that ``plugin.core`` has the same
module names as in a checkout, finds its resources as there, and fills no common folder. The same commit gives the same
bytes.
"""

import argparse
import base64
import hashlib
import re
import sys
from pathlib import Path

from package import list_tracked_files, read_metadata, read_version, run_git, write_archive
from translations import ROOT

NAME = "sanxian_core"
#: What the core reads; icons and the sample county are left out.
PACKED_PATTERN = re.compile(
    r"plugin/(__init__|paths|metadata)\.py|plugin/core/.+|metadata\.txt|LICENSE|resources/(?!sample/|icons/).+"
)


def list_requirements() -> list[str]:
    """Return the libraries of requirements.txt, at their versions, and Dask at the version of the tests.

    A worker must have the versions of the machine that starts a batch, because other ones may give other results.
    """
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    lines += [
        line
        for line in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
        if re.match(r"(dask|distributed)==", line)
    ]
    return [line.strip() for line in lines if line.strip() and not line.startswith(("#", "-"))]


def make_wheel_version() -> str:
    """Return the version of metadata.txt in the form of Python packages: 0.4.0-dev becomes 0.4.0.dev0."""
    return re.sub(r"-dev$", ".dev0", read_version())


def make_information() -> dict[str, bytes]:
    """Return the files of the wheel that describe it, but for the list of files: name → content."""
    metadata = read_metadata()
    about = [
        "Metadata-Version: 2.1",
        f"Name: {NAME.replace('_', '-')}",
        f"Version: {make_wheel_version()}",
        f"Summary: {metadata['description']}",
        f"License: {metadata['license']}",
        "Requires-Python: >=3.11",
        *(f"Requires-Dist: {one}" for one in list_requirements()),
    ]
    wheel = ["Wheel-Version: 1.0", "Generator: sanxian", "Root-Is-Purelib: true", "Tag: py3-none-any"]
    return {"METADATA": ("\n".join(about) + "\n").encode(), "WHEEL": ("\n".join(wheel) + "\n").encode()}


def make_record_line(name: str, data: bytes) -> str:
    """Return the line of a file in the list of files: name, digest, size."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}"


def build_wheel(folder: Path) -> Path:
    """Write the wheel to a folder; return its path."""
    names = [name for name in list_tracked_files() if PACKED_PATTERN.fullmatch(name)]
    contents = {f"{NAME}/{name}": (ROOT / name).read_bytes() for name in names}
    contents[f"{NAME}.pth"] = f"{NAME}\n".encode()
    information = f"{NAME}-{make_wheel_version()}.dist-info"
    contents |= {f"{information}/{name}": data for name, data in make_information().items()}
    records = [make_record_line(name, data) for name, data in sorted(contents.items())]
    records.append(f"{information}/RECORD,,")
    target = folder / f"{NAME}-{make_wheel_version()}-py3-none-any.whl"
    # The list of files comes last, as the format recommends.
    write_archive(target, [*sorted(contents.items()), (f"{information}/RECORD", ("\n".join(records) + "\n").encode())])
    return target


def main() -> None:
    """Build the wheel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder of the wheel")
    target = build_wheel(parser.parse_args().output)
    if run_git("ls-files", "--others", "--exclude-standard", "--", "plugin/core", "resources").split():
        print("注意：有文件不在 git 中，未打包 · files not in git were left out", file=sys.stderr)
    print(f"{target}  {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
