# SPDX-License-Identifier: GPL-2.0-or-later
"""Test releases: equal to the byte wherever they are built, described completely, refused unless ready."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import package
import release

pytestmark = pytest.mark.slow  # builds zips

VERSION = "9.9.9"
SITE = "https://gis.office.cn/plugins"
BUILD = f"""
import sys
from pathlib import Path
sys.path.insert(0, "tools")
import package, release
site = package.parse_site({SITE!r})
release.write_release(Path("dist"), package.make_metadata(site), site)
"""


def run(*command, cwd, **options):
    return subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", **options)


def run_git(folder, *arguments):
    done = run("git", "-c", "user.name=t", "-c", "user.email=t@t.cn", *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Return a repository with the files of this one, tests left out, in a version of a release."""
    folder = tmp_path_factory.mktemp("checkout")
    names = package.run_git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".", ":!tests")
    for name in filter(None, names.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package.ROOT / name, folder / name)
    for name, pattern, text in (
        ("metadata.txt", r"^version=.*", f"version={VERSION}"),
        ("metadata.txt", r"^experimental=.*", "experimental=False"),
        ("CHANGELOG.md", r"^## .+", f"## {VERSION}"),
    ):
        old = (folder / name).read_text(encoding="utf-8")
        new = re.sub(pattern, text, old, count=1, flags=re.MULTILINE)
        (folder / name).write_text(new, encoding="utf-8")
    run_git(folder, "init", "-q")
    run_git(folder, "add", "-A")
    run_git(folder, "commit", "-q", "-m", "All files")
    return folder


@pytest.fixture(scope="module")
def builds(checkout, tmp_path_factory):
    """Return name → content of the files of two releases, made in other places, zones, languages and rights."""
    made = []
    away = tmp_path_factory.mktemp("其他 地方") / "深 的 文件夹"
    run_git(checkout, "clone", "-q", str(checkout), str(away))
    for folder, mask, settings in (
        (checkout, 0o022, {"TZ": "Asia/Shanghai", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"}),
        (away, 0o077, {"TZ": "America/St_Johns", "LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONHASHSEED": "2"}),
    ):
        done = run(sys.executable, "-c", BUILD, cwd=folder, env=os.environ | settings, umask=mask)
        assert done.returncode == 0, done.stderr
        made.append({path.name: path.read_bytes() for path in sorted((folder / "dist").iterdir())})
    return made


def test_releases_of_a_commit_in_other_places_zones_languages_and_rights_are_equal(builds):
    here, there = builds
    name = f"sanxian-{VERSION}"
    assert list(here) == ["plugins.xml", *(f"{name}.{end}" for end in ("cdx.json", "notes.md", "zip", "zip.sha256"))]
    assert {name: hashlib.sha256(data).hexdigest() for name, data in here.items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in there.items()
    }


def test_a_release_has_its_digest_its_notes_and_at_most_10_mb(builds, checkout, tmp_path):
    files = builds[0]
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert run("sha256sum", "-c", f"sanxian-{VERSION}.zip.sha256", cwd=tmp_path).returncode == 0
    assert len(files[f"sanxian-{VERSION}.zip"]) <= 10_000_000
    notes = files[f"sanxian-{VERSION}.notes.md"].decode()
    changelog = (checkout / "CHANGELOG.md").read_text(encoding="utf-8")
    assert notes.startswith(f"## {VERSION}\n") and notes.count("\n## ") == 0 and notes.strip() in changelog


def test_the_list_of_contents_names_each_library_and_data_of_others_with_version_and_licence(builds, tmp_path):
    files = builds[0]
    (tmp_path / "a.zip").write_bytes(files[f"sanxian-{VERSION}.zip"])
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = archive.namelist()
        libraries = {n.split("/")[3].removesuffix(".dist-info") for n in names if n.endswith(".dist-info/METADATA")}
    document = json.loads(files[f"sanxian-{VERSION}.cdx.json"])
    about, components = document["metadata"]["component"], document["components"]
    assert (document["bomFormat"], document["specVersion"], about["version"]) == ("CycloneDX", "1.6", VERSION)
    assert about["hashes"][0]["content"] == hashlib.sha256(files[f"sanxian-{VERSION}.zip"]).hexdigest()
    by_kind = {kind: [one for one in components if one["type"] == kind] for kind in ("library", "data")}
    assert {f"{one['name'].replace('-', '_')}-{one['version']}" for one in by_kind["library"]} == libraries
    assert len(by_kind["data"]) == sum("/LICENSE-" in name for name in names) == 1
    # As in the table of docs/adr/052-libraries-in-the-zip.md and in LICENSE-divisions.txt.
    assert {one["name"]: one["licenses"][0]["license"]["id"] for one in components} == {
        "pypdf": "BSD-3-Clause", "python-docx": "MIT", "tomlkit": "MIT", "mumuy/data_location": "MIT"
    }  # fmt: skip
    assert not re.search("example.org|/tmp/", json.dumps(document))


@pytest.mark.parametrize(
    ("change", "options", "text"),
    [
        (lambda folder: None, (), "homepage=https://example.org"),
        (lambda folder: None, ("--site", "https://example.org/x"), "SITE names no server"),
        (lambda folder: (folder / "README.md").write_text("x"), ("--site", SITE), "README.md"),
        (lambda folder: run_git(folder, "tag", f"v{VERSION}", "HEAD~1"), ("--site", SITE), f"v{VERSION}"),
    ],
    ids=["placeholder addresses", "placeholder site", "changed file", "tag of another commit"],
)
def test_a_release_that_is_not_ready_is_refused(checkout, tmp_path, change, options, text):
    folder = tmp_path / "a"
    run_git(checkout, "clone", "-q", str(checkout), str(folder))
    run_git(folder, "commit", "-q", "--allow-empty", "-m", "Another commit")
    change(folder)
    done = run(sys.executable, "tools/release.py", "--output", str(tmp_path / "dist"), *options, cwd=folder)
    assert done.returncode == 1 and text in done.stderr and not (tmp_path / "dist").exists()


@pytest.mark.parametrize(("version", "experimental"), [("1.0.0-dev", "False"), ("1.0", "False"), ("1.0.0", "True")])
def test_only_a_version_of_three_numbers_that_is_not_experimental_is_released(monkeypatch, version, experimental):
    monkeypatch.setattr(release, "run_git", lambda *arguments: "")
    with pytest.raises(SystemExit, match=re.escape(version)):
        release.refuse_unready({"version": version, "experimental": experimental})


def test_nothing_of_a_release_is_left_if_a_scan_finds_something(monkeypatch, tmp_path, capsys):
    def write_release(folder, metadata, site):
        (folder / "a.zip").write_bytes(b"zip")
        return folder / "a.zip"

    monkeypatch.setattr(sys, "argv", ["release.py", "--output", str(tmp_path / "dist"), "--site", SITE])
    monkeypatch.setattr(release, "refuse_unready", lambda metadata: None)
    monkeypatch.setattr(release, "write_release", write_release)
    monkeypatch.setattr(release, "scan_zip", lambda path: ["bandit a.py:1 B101"])
    with pytest.raises(SystemExit, match="B101"):
        release.main()
    assert list((tmp_path / "dist").iterdir()) == []
    monkeypatch.setattr(release, "scan_zip", lambda path: [])
    release.main()
    assert [path.name for path in (tmp_path / "dist").iterdir()] == ["a.zip"] and "git tag" in capsys.readouterr().out


def test_addresses_are_in_metadata_txt_only_and_an_office_replaces_placeholders_only(monkeypatch, tmp_path):
    metadata = package.read_metadata()
    for key in package.ADDRESS_KEYS:
        found = package.run_git("grep", "-lF", metadata[key], "--", ".", ":!tests").split()
        assert found == ["metadata.txt"]
    site = package.parse_site("//server/共享/plug in/")
    assert site == "file://server/%E5%85%B1%E4%BA%AB/plug%20in"
    text = "[general]\nemail=a@example.org\nhomepage=https://sanxian.cn\nrepository=https://example.org/a\ntracker=https://b.example.com\n"
    (tmp_path / "metadata.txt").write_text(text, encoding="utf-8")
    monkeypatch.setattr(package, "ROOT", tmp_path)
    assert [package.read_metadata(package.make_metadata(site))[key] for key in package.ADDRESS_KEYS] == [
        "", "https://sanxian.cn", site, site
    ]  # fmt: skip
