# SPDX-License-Identifier: GPL-2.0-or-later
"""Build dist/sanxian-<version>.zip of tracked files, translations and manual.

The same commit gives the same bytes: sorted names, one date, one mode.
"""

import argparse
import configparser
import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from make_manual import ManualError, make_manual_files
from translations import ROOT, compile_translations
from zip_libraries import LIBRARIES, read_library

TOP_FOLDER = "sanxian"
#: Entries that the plugin site shows as links, and domains reserved for examples.
ADDRESS_KEYS = ("email", "homepage", "repository", "tracker")
RESERVED_DOMAIN_PATTERN = re.compile(r"[/@.]example\.(org|com|net)\b")
PACKED_PATHS = ("plugin", "resources", "metadata.txt", "__init__.py", "LICENSE", "README.md", "CHANGELOG.md")


def run_git(*arguments: str) -> str:
    """Return what a git command prints, run in the repository's folder."""
    command = ["git", "-c", "safe.directory=*", "-c", "core.quotePath=false", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, encoding="utf-8").stdout


def list_tracked_files() -> list[str]:
    """Return the paths of existing files in `PACKED_PATHS` that git tracks, sorted."""
    names = run_git("ls-files", "-z", "--", *PACKED_PATHS).split("\0")
    return sorted(name for name in names if name and (ROOT / name).is_file())


def make_metadata(site: str = "", email: str = "") -> str:
    """Return the text of metadata.txt, the one place of the plugin's addresses.

    ``site``: the address of an office's server or folder, which replaces placeholders; ``email``: its mailbox.
    """
    text = (ROOT / "metadata.txt").read_text(encoding="utf-8")
    addresses = dict.fromkeys(ADDRESS_KEYS, site) | {"email": email}

    def replace(found: re.Match[str]) -> str:
        # QGIS reads the file with interpolation.
        address = addresses[found[1]].replace("%", "%%")
        return f"{found[1]}={address}" if RESERVED_DOMAIN_PATTERN.search(found[2]) else found[0]

    return re.sub(rf"^({'|'.join(ADDRESS_KEYS)})=(.*)$", replace, text, flags=re.MULTILINE) if site else text


def read_metadata(text: str = "") -> configparser.SectionProxy:
    """Return the section ``general`` of a metadata.txt, by default of the checkout's."""
    parser = configparser.ConfigParser()
    parser.read_string(text or make_metadata())
    return parser["general"]


def read_version() -> str:
    """Return the plugin's version from metadata.txt."""
    return read_metadata()["version"]


def parse_site(text: str) -> str:
    """Return the address of an office's server or shared folder as a URL without a final slash.

    ``text``: a URL (http, https, file), or the name of a folder that Windows shares (``//server/folder``). Exit for
    any other text.
    """
    url = text.strip().replace("\\", "/").rstrip("/")
    url = quote(f"file:{url}" if url.startswith("//") else url, safe=":/%@~[]")
    parts = urlsplit(url)
    is_complete = (parts.scheme in ("http", "https") and parts.netloc) or (parts.scheme == "file" and parts.path)
    if not is_complete or RESERVED_DOMAIN_PATTERN.search(url):
        sys.exit(
            f"SITE 应为本单位服务器的网址或共享文件夹 · SITE names no server or shared folder of an office: {text}\n"
            "  SITE='https://SERVER/plugins'  SITE='//server/plugins'  SITE='file:///S:/plugins'"
        )
    return url


def list_placeholder_addresses(metadata: Mapping[str, str]) -> list[str]:
    """Return the entries of metadata.txt (``key=address``) whose address is a placeholder.

    Its domain is one reserved for examples (RFC 2606).
    """
    return [f"{key}={metadata[key]}" for key in ADDRESS_KEYS if RESERVED_DOMAIN_PATTERN.search(metadata[key])]


def refuse_placeholders(metadata: Mapping[str, str]) -> None:
    """Exit if a release has placeholder addresses; warn of those of a development version."""
    if left := list_placeholder_addresses(metadata):
        text = f"metadata.txt 中还有占位地址 · addresses are still placeholders: {', '.join(left)}"
        if not metadata["version"].endswith("-dev"):
            sys.exit(
                f"{text}\n正式版不打包，请先改成真实地址，或以 SITE= 指定本单位的服务器或共享文件夹 · "
                "no release is packaged with them: name the office's server or shared folder by SITE="
            )
        print(f"注意：{text}；开发版照常打包 · packaged all the same, as a development version", file=sys.stderr)


def get_commit_time() -> tuple[int, ...]:
    """Return the time of the last commit (UTC) as year, month, day, hour, minute, second.

    SOURCE_DATE_EPOCH replaces it.
    """
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or run_git("log", "-1", "--format=%ct").strip()
    return time.gmtime(int(seconds))[:6]


def compile_translations_to(folder: Path) -> dict[str, bytes]:
    """Compile the tracked translations in a folder; return path in the zip → contents."""
    names = sorted(name for name in run_git("ls-files", "-z", "--", "i18n").split("\0") if name.endswith(".ts"))
    compiled = compile_translations([ROOT / name for name in names], folder)
    return {f"i18n/{target.name}": target.read_bytes() for target in compiled}


def make_manual_pages() -> dict[str, bytes]:
    """Return the pages of the manual, made anew: path in the zip → contents."""
    try:
        return {f"resources/manual/{name}": content for name, content in make_manual_files().items()}
    except ManualError as error:
        sys.exit(f"使用手册有误，未打包 · the manual is not sound, nothing packaged: {error}")


def read_libraries() -> dict[str, bytes]:
    """Return the libraries of the environment that the zip contains: path in the zip → contents."""
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in requirements if line.partition("==")[0] in LIBRARIES]
    installed = {f"{one.name}=={one.version}": one for one in importlib.metadata.distributions()}
    if missing := [line for line in wanted if line not in installed]:
        names = ", ".join(missing)
        sys.exit(f"缺少 {names}，未打包，请先运行 make setup · not installed, nothing packaged, run make setup first")
    contents = (read_library(installed[line]).items() for line in wanted)
    return {f"resources/libraries/{name}": data for files in contents for name, data in files}


def write_archive(target: Path, contents: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip of names with their contents, in this order, and move it into place.

    The same commit gives the same bytes on every system: one date, one mode, one origin of the entries.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    made = get_commit_time()
    with tempfile.TemporaryDirectory(prefix=".sanxian-", dir=target.parent) as folder:
        scratch = Path(folder) / target.name
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, data in contents:
                entry = zipfile.ZipInfo(name, made)
                entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o100644 << 16, 3
                archive.writestr(entry, data)
        scratch.replace(target)


def build_zip(folder: Path, metadata: str) -> Path:
    """Write the plugin's zip with the text of its metadata.txt to a folder; return its path."""
    with tempfile.TemporaryDirectory() as scratch:
        contents = {name: (ROOT / name).read_bytes() for name in list_tracked_files()}
        contents |= compile_translations_to(Path(scratch))
    contents |= make_manual_pages()
    contents |= read_libraries()
    missing = [part for part in PACKED_PATHS if not any(n == part or n.startswith(part + "/") for n in contents)]
    if missing:
        sys.exit(f"git 中没有这些内容，未打包 · not tracked by git, nothing packaged: {', '.join(missing)}")
    contents["metadata.txt"] = metadata.encode()
    target = folder / f"{TOP_FOLDER}-{read_metadata(metadata)['version']}.zip"
    write_archive(target, ((f"{TOP_FOLDER}/{name}", data) for name, data in sorted(contents.items())))
    return target


def parse_arguments(description: str | None) -> tuple[Path, str, str]:
    """Return the folder of the results, the text of metadata.txt and the office's address from the command line.

    Exit if the addresses are placeholders.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--output", type=Path, default=ROOT / "dist", help="folder of the results")
    parser.add_argument("--site", default="", help="the office's server or shared folder, in place of the addresses")
    parser.add_argument("--email", default="", help="with --site: where the office receives mail")
    arguments = parser.parse_args()
    site = parse_site(arguments.site) if arguments.site else ""
    metadata = make_metadata(site, arguments.email)
    refuse_placeholders(read_metadata(metadata))
    return arguments.output, metadata, site


def main() -> None:
    """Build the zip; refuse a release whose metadata has placeholder addresses."""
    output, metadata, _site = parse_arguments(__doc__)
    target = build_zip(output, metadata)
    left_out = run_git("ls-files", "--others", "--exclude-standard", "--", *PACKED_PATHS, "i18n").split()
    if left_out:
        print(
            f"注意：{len(left_out)} 个文件不在 git 中，未打包 · files not in git were left out",
            file=sys.stderr,
        )
    print(f"{target}  {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
