# SPDX-License-Identifier: GPL-2.0-or-later
"""Make a release: the plugin's zip, and beside it what who installs it needs.

These are its SHA-256, a list of what it contains with licences (SBOM, CycloneDX in JSON), the notes of the version from
CHANGELOG.md and, for an office's server or shared folder, the plugins.xml that the plugin manager of QGIS reads. The
same commit gives the same bytes. Nothing is left if a scan of the plugin site finds something.
"""

import hashlib
import importlib.metadata
import json
import re
import sys
import tempfile
import uuid
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Mapping
from pathlib import Path

from package import TOP_FOLDER, build_zip, get_commit_time, parse_arguments, read_metadata, run_git
from site_scan import scan_zip
from translations import ROOT
from zip_libraries import LIBRARIES

MAX_ZIP_MEGABYTES = 10
TIME_FORMAT = "%04d-%02d-%02dT%02d:%02d:%02dZ"
#: Element of plugins.xml → entry of metadata.txt.
REPOSITORY_ELEMENTS = {
    "version": "version",
    "description": "description",
    "about": "about",
    "qgis_minimum_version": "qgisMinimumVersion",
    "qgis_maximum_version": "qgisMaximumVersion",
    "homepage": "homepage",
    "repository": "repository",
    "tracker": "tracker",
    "author_name": "author",
    "author_email": "email",
    "tags": "tags",
    "category": "category",
    "changelog": "changelog",
    "experimental": "experimental",
    "deprecated": "deprecated",
    "server": "server",
}
LIBRARY_NOTES = "Code, licence and metadata only; statements that scans report are replaced by equal ones."
#: Licence files of data: their address, its commit, and the licence.
DATA_SOURCE_PATTERN = re.compile(
    r"derived from (https://github\.com/(\S+)) \(commit\s+(\w+).+?^(\w+) License$", re.DOTALL | re.MULTILINE
)


def refuse_unready(metadata: Mapping[str, str]) -> None:
    """Exit if the checkout has changes, a development version, or a version that another commit is tagged with."""
    version = metadata["version"]
    tag = f"v{version}"
    if changed := run_git("status", "--porcelain", "--untracked-files=no"):
        sys.exit(f"有未提交的修改，不发布 · changes that are not committed, nothing released:\n{changed}")
    if not re.fullmatch(r"\d+\.\d+\.\d+", version) or metadata["experimental"] != "False":
        sys.exit(f"版本 {version} 不是正式版 · no version of a release: three numbers, experimental=False")
    if run_git("tag", "--list", tag) and run_git("rev-list", "-1", tag) != run_git("rev-list", "-1", "HEAD"):
        sys.exit(f"标签 {tag} 属于另一次提交 · the tag {tag} is on another commit: choose another version")


def read_notes(version: str) -> str:
    """Return the part of CHANGELOG.md on a version; exit if it is missing."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(version)}\n.*?(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    if found is None:
        sys.exit(f"CHANGELOG.md 中没有 {version} · CHANGELOG.md has no part on {version}")
    return found[0].strip() + "\n"


def list_components(archive: zipfile.ZipFile) -> list[dict]:
    """Return the libraries and data of others that the zip contains, as components of CycloneDX."""
    found = []
    for name in LIBRARIES:
        about = importlib.metadata.metadata(name)
        licence = about.get("License-Expression") or about["License"]
        found.append(("library", name, about["Version"], f"pkg:pypi/{name}@{about['Version']}", licence))
    for path in archive.namelist():
        if re.search(r"/LICENSE-[^/]+$", path):
            _, name, commit, licence = DATA_SOURCE_PATTERN.search(archive.read(path).decode()).groups()
            found.append(("data", name, commit, f"pkg:github/{name}@{commit}", licence))
    return [
        {
            "type": kind,
            "bom-ref": address,
            "name": name,
            "version": version,
            "licenses": [{"license": {"id": licence}}],
            "purl": address,
            **({"pedigree": {"notes": LIBRARY_NOTES}} if kind == "library" else {}),
        }
        for kind, name, version, address, licence in found
    ]


def make_sbom(metadata: Mapping[str, str], plugin_zip: Path, digest: str) -> dict:
    """Return what the zip contains as a document of CycloneDX 1.6; number and time come from zip and commit."""
    with zipfile.ZipFile(plugin_zip) as archive:
        components = list_components(archive)
    addresses = (("website", "homepage"), ("vcs", "repository"), ("issue-tracker", "tracker"))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {
            "timestamp": TIME_FORMAT % get_commit_time(),
            "component": {
                "type": "application",
                "bom-ref": TOP_FOLDER,
                "name": TOP_FOLDER,
                "version": metadata["version"],
                "description": metadata["description"],
                "licenses": [{"license": {"id": metadata["license"]}}],
                "hashes": [{"alg": "SHA-256", "content": digest}],
                "externalReferences": [{"type": kind, "url": metadata[key]} for kind, key in addresses],
            },
        },
        "components": components,
        "dependencies": [{"ref": TOP_FOLDER, "dependsOn": [one["bom-ref"] for one in components]}],
    }


def make_repository(metadata: Mapping[str, str], zip_name: str, site: str) -> bytes:
    """Return the plugins.xml with which QGIS offers the zip of a server or a shared folder."""
    root = ElementTree.Element("plugins")
    plugin = ElementTree.SubElement(root, "pyqgis_plugin", name=metadata["name"], version=metadata["version"])
    made = TIME_FORMAT % get_commit_time()
    values = {element: metadata[key] for element, key in REPOSITORY_ELEMENTS.items()} | {
        # QGIS takes what precedes the first full stop for the plugin's folder.
        "file_name": f"{TOP_FOLDER}.{metadata['version']}.zip",
        "download_url": f"{site}/{zip_name}",
        "create_date": made,
        "update_date": made,
    }
    for element, text in values.items():
        ElementTree.SubElement(plugin, element).text = text
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def write_release(folder: Path, metadata_text: str, site: str) -> Path:
    """Write all files of a release to a folder; return the path of the zip."""
    plugin_zip = build_zip(folder, metadata_text)
    metadata = read_metadata(metadata_text)
    digest = hashlib.sha256(plugin_zip.read_bytes()).hexdigest()
    sbom = json.dumps(make_sbom(metadata, plugin_zip, digest), ensure_ascii=False, indent=1) + "\n"
    files = {
        f"{plugin_zip.name}.sha256": f"{digest}  {plugin_zip.name}\n".encode(),
        f"{plugin_zip.stem}.cdx.json": sbom.encode(),
        f"{plugin_zip.stem}.notes.md": read_notes(metadata["version"]).encode(),
    }
    if site:
        files["plugins.xml"] = make_repository(metadata, plugin_zip.name, site)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return plugin_zip


def main() -> None:
    """Make a release of the commit, scan it and move it into place; print how to tag it."""
    output, metadata_text, site = parse_arguments(__doc__)
    metadata = read_metadata(metadata_text)
    refuse_unready(metadata)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output) as scratch:
        plugin_zip = write_release(Path(scratch), metadata_text, site)
        found = scan_zip(plugin_zip)
        if plugin_zip.stat().st_size > MAX_ZIP_MEGABYTES * 1e6:
            found.append(f"{plugin_zip.name}: {plugin_zip.stat().st_size / 1e6:.2f} MB > {MAX_ZIP_MEGABYTES} MB")
        if found:
            sys.exit("\n".join(["扫描发现问题，不发布 · scans found something, nothing released:", *found]))
        for path in sorted(Path(scratch).iterdir()):
            path.replace(output / path.name)
            print(f"{output / path.name}  {(output / path.name).stat().st_size / 1e6:.2f} MB")
    tag = f"v{metadata['version']}"
    print(f"扫描无发现。核对后打标签 · Scans found nothing. After a look, tag it: git tag -a {tag} -m {tag}")


if __name__ == "__main__":
    main()
