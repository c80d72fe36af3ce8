# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the package that schedulers and workers of Dask install: complete, equal to the checkout, installable."""

import base64
import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from plugin.core.engine.provenance import compute_program_digest

ROOT = Path(__file__).resolve().parents[2]


def build_wheel(folder: Path) -> Path:
    command = [sys.executable, "tools/wheel.py", "--output", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.iterdir()
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("轮 wheel"))


def test_the_list_of_files_has_the_digest_of_each_file(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (record_name,) = [name for name in names if name.endswith(".dist-info/RECORD")]
        rows = {row[0]: row for row in csv.reader(io.StringIO(archive.read(record_name).decode()))}
        assert set(rows) == set(names) and len(names) == len(set(names))
        for name in names:
            if name != record_name:
                data = archive.read(name)
                digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
                assert rows[name][1:] == [f"sha256={digest}", str(len(data))]
        metadata = archive.read(record_name.replace("RECORD", "METADATA")).decode()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"sanxian_core", "sanxian_core.pth"}
    assert "Requires-Dist: distributed==" in metadata and "Requires-Dist: geopandas==" in metadata
    assert not [name for name in names if "/gui/" in name or "/sample/" in name]


def test_an_installed_core_is_the_program_of_the_checkout(wheel, tmp_path):
    installed = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    code = f"""
import json, site
site.addsitedir({str(installed)!r})
import plugin.core.counties.dask_runner
from plugin.core.engine.provenance import compute_program_digest
from plugin.core.standard.options import RunOptions
norm = RunOptions(profile="hunyuan").resolve_norm()
print(json.dumps([plugin.__path__[0], compute_program_digest(), len(norm.rules)]))
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder, digest, rule_count = json.loads(done.stdout)
    assert Path(folder).is_relative_to(installed) and digest == compute_program_digest() and rule_count > 0


def test_the_same_commit_gives_the_same_bytes(wheel, tmp_path):
    assert build_wheel(tmp_path).read_bytes() == wheel.read_bytes()
