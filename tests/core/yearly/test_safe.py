# SPDX-License-Identifier: GPL-2.0-or-later
"""Atomic writing: the yearly maintenance geodatabase is complete or absent after any failure."""

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyogrio
import pytest

from plugin.core.cancellation import Cancellation
from plugin.core.errors import Cancelled, OutputError
from plugin.core.package.folder import lock_for_writing
from plugin.core.yearly import yearly_update
from plugin.core.yearly.write import NEW, finish_interrupted, write_together, write_update
from tests.core.small_plan import explain_error
from tests.core.yearly.test_write import CURRENT, FILED, NAME
from tests.core.yearly.test_yearly import make_plans, run_update

FILES = [f"{NAME}.gdb", f"{NAME}面积平衡表.json", f"{NAME}面积平衡表.xlsx"]
CLASSES = {p + layer for layer in ("GHFQ", "ZXCQCSLX") for p in ("WHQ", "WHC", "WHH")}


@pytest.fixture(scope="module")
def update_result():
    return run_update(FILED, CURRENT)


def file_names(folder):
    return sorted(path.name for path in folder.iterdir())


def is_complete(database):
    return {name for name, _ in pyogrio.list_layers(database)} == CLASSES and all(
        pyogrio.read_info(database, layer=name, force_feature_count=True)["features"] > 0 for name in CLASSES
    )


EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")


def write_and_kill(update_result, folder, at):
    """Write in another process that is killed at the ``at``-th file operation in the folder.

    Return the text of the process: the numbers of the renames, then the number of all steps.
    """
    reading, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        steps = 0

        def watch(event, arguments):
            nonlocal steps
            if event in EVENTS and any(isinstance(a, str | Path) and str(a).startswith(str(folder)) for a in arguments):
                steps += 1
                if event == "os.rename":
                    os.write(sending, f"{steps} ".encode())
                if steps == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        try:
            write_update(update_result, folder)
            os.write(sending, f"all {steps}".encode())
        finally:
            os._exit(0)
    os.close(sending)
    with os.fdopen(reading) as pipe:
        output = pipe.read()
    assert (os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0) == (at == 0)
    return output


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork, no SIGKILL")
def test_killed_process_leaves_a_complete_geodatabase_or_none(update_result, tmp_path):
    folder = tmp_path / "维护"
    output = write_and_kill(update_result, folder, 0)
    moves, total = [int(n) for n in output.split("all")[0].split()], int(output.split()[-1])
    assert file_names(folder) == FILES and len(moves) >= 3
    points = {1, 2, *range(3, total, max(total // 8, 1)), *(m + d for m in moves[-3:] for d in (0, 1)), total}
    states = set()
    for at in sorted(points):
        shutil.rmtree(folder, ignore_errors=True)
        write_and_kill(update_result, folder, at)
        there = (folder / f"{NAME}.gdb").exists()
        assert not there or is_complete(folder / f"{NAME}.gdb"), at
        # If the geodatabase is visible, its balance files are present too.
        assert not there or set(FILES) <= set(file_names(folder)), at
        try:
            write_update(update_result, folder)
            states.add("made anew")
        except OutputError as error:
            assert error.key == "yearly_exists"
            states.add("finished" if not there else "whole")
        assert file_names(folder) == FILES and is_complete(folder / f"{NAME}.gdb"), at
    assert states == {"made anew", "finished", "whole"}


def test_full_disk_leaves_no_files(update_result, tmp_path):
    disk = tmp_path / "小盘"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no tmpfs may be mounted")
    try:
        write_update(update_result, disk)
        needed = sum(path.stat().st_size for path in disk.rglob("*") if path.is_file())
        for path in list(disk.iterdir()):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for share in (0.1, 0.5, 0.9):
            (disk / "占用").write_bytes(b"x" * int(2**21 - share * needed))
            with pytest.raises(OutputError) as caught:
                write_update(update_result, disk)
            assert caught.value.key == "output_unwritable" and "小盘" in explain_error(caught.value)
            assert file_names(disk) == ["占用"]
        (disk / "占用").unlink()
        write_update(update_result, disk)
        assert file_names(disk) == FILES and is_complete(disk / f"{NAME}.gdb")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_unwritable_folder_is_reported(update_result, monkeypatch, tmp_path):
    def refuse_mkdir(*arguments, **more):
        raise PermissionError(errno.EACCES, "no", str(arguments[0]))

    monkeypatch.setattr(os, "mkdir", refuse_mkdir)
    with pytest.raises(OutputError) as caught:
        write_update(update_result, tmp_path)
    assert caught.value.key == "output_unwritable" and not list(tmp_path.iterdir())


@pytest.mark.parametrize("which", FILES)
@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC])
def test_failed_move_leaves_no_files(update_result, monkeypatch, tmp_path, which, code):
    real = os.replace

    def refuse_move(source, destination):
        if Path(source).name == which and NEW in str(source):
            raise OSError(code, os.strerror(code), str(source))
        real(source, destination)

    monkeypatch.setattr(os, "replace", refuse_move)
    with pytest.raises(OutputError):
        write_update(update_result, tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    write_update(update_result, tmp_path)
    assert file_names(tmp_path) == FILES


def test_concurrent_run_raises_package_busy(update_result, tmp_path):
    with lock_for_writing(tmp_path / FILES[0]), pytest.raises(OutputError) as caught:
        write_update(update_result, tmp_path)
    assert caught.value.key == "package_busy"


def test_cancellation_at_any_moment_leaves_no_files(update_result, tmp_path):
    folder = tmp_path / "新建"
    polls = [0]

    def count():
        polls[0] += 1
        return False

    write_update(update_result, folder, cancellation=Cancellation(count))
    shutil.rmtree(folder)
    for at in range(1, polls[0] + 1, max(polls[0] // 15, 1)):
        left = [at]

        def cancelled(left=left):
            left[0] -= 1
            return not left[0]

        with pytest.raises(Cancelled):
            write_update(update_result, folder, cancellation=Cancellation(cancelled))
        assert not list(tmp_path.iterdir()), at


def test_file_created_meanwhile_is_not_overwritten(tmp_path):
    places = [tmp_path / "库.gdb", tmp_path / "表.xlsx"]
    with pytest.raises(OutputError) as caught, write_together(places) as new:
        for place in places:
            (new / place.name).write_text("新", encoding="utf-8")
        places[1].write_text("别人的", encoding="utf-8")
    assert caught.value.key == "yearly_exists"
    assert file_names(tmp_path) == ["表.xlsx"] and places[1].read_text(encoding="utf-8") == "别人的"


def test_leftover_that_cannot_be_deleted_raises_package_rest(tmp_path, monkeypatch):
    (tmp_path / f"库.gdb{NEW}").mkdir()
    monkeypatch.setattr("shutil.rmtree", lambda path, ignore_errors=False: None)
    with pytest.raises(OutputError) as caught:
        finish_interrupted([tmp_path / "库.gdb"])
    assert caught.value.key == "package_rest"


def test_progress_grows_to_one(tmp_path):
    compared, written = [], []
    result = yearly_update(
        *make_plans(FILED, CURRENT), 2026, progress=lambda share, layer: compared.append((share, layer))
    )
    write_update(result, tmp_path, progress=written.append)
    shares = [share for share, _ in compared]
    assert shares == sorted(shares) and 0 < shares[0] < shares[-1] <= 1
    assert {layer for _, layer in compared} == {"规划分区", "城市蓝线", "洪涝风险控制线"}
    assert written == sorted(written) and written[-1] == 1 and len(written) >= 12
