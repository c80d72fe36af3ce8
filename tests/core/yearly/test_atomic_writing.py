# SPDX-License-Identifier: GPL-2.0-or-later
"""The geodatabase of yearly maintenance is complete or absent after any failure."""

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
from plugin.core.yearly import compute_yearly_update
from plugin.core.yearly.write import STAGING_SUFFIX, finish_interrupted_update, write_files_together, write_update
from tests.core.small_plan import explain_error
from tests.core.yearly.test_write import CURRENT_ROWS, DELIVERY_NAME, FILED_ROWS
from tests.core.yearly.test_yearly import make_plans, run_update

EXPECTED_FILES = [f"{DELIVERY_NAME}.gdb", f"{DELIVERY_NAME}面积平衡表.json", f"{DELIVERY_NAME}面积平衡表.xlsx"]
EXPECTED_CLASSES = {p + layer for layer in ("GHFQ", "ZXCQCSLX") for p in ("WHQ", "WHC", "WHH")}


@pytest.fixture(scope="module")
def yearly_update_result():
    return run_update(FILED_ROWS, CURRENT_ROWS)


def list_file_names(folder):
    return sorted(path.name for path in folder.iterdir())


def is_complete_geodatabase(database):
    return {name for name, _ in pyogrio.list_layers(database)} == EXPECTED_CLASSES and all(
        pyogrio.read_info(database, layer=name, force_feature_count=True)["features"] > 0 for name in EXPECTED_CLASSES
    )


FILE_EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")


def write_and_kill(update_result, folder, at):
    """Write in a process that is killed at the ``at``-th file operation in a folder.

    Return its output: the numbers of the renames, then the number of all operations.
    """
    reading, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        steps = 0

        def count_file_events(event, arguments):
            nonlocal steps
            if event in FILE_EVENTS and any(
                isinstance(a, str | Path) and str(a).startswith(str(folder)) for a in arguments
            ):
                steps += 1
                if event == "os.rename":
                    os.write(sending, f"{steps} ".encode())
                if steps == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count_file_events)
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


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork, no SIGKILL")
def test_killed_process_leaves_a_complete_maintenance_geodatabase_or_none(yearly_update_result, tmp_path):
    folder = tmp_path / "维护"
    output = write_and_kill(yearly_update_result, folder, 0)
    moves, total = [int(n) for n in output.split("all")[0].split()], int(output.split()[-1])
    assert list_file_names(folder) == EXPECTED_FILES and len(moves) >= 3
    points = {1, 2, *range(3, total, max(total // 8, 1)), *(m + d for m in moves[-3:] for d in (0, 1)), total}
    states = set()
    for at in sorted(points):
        shutil.rmtree(folder, ignore_errors=True)
        write_and_kill(yearly_update_result, folder, at)
        there = (folder / f"{DELIVERY_NAME}.gdb").exists()
        assert not there or is_complete_geodatabase(folder / f"{DELIVERY_NAME}.gdb"), at
        # If the geodatabase is visible, its balance files are present too.
        assert not there or set(EXPECTED_FILES) <= set(list_file_names(folder)), at
        try:
            write_update(yearly_update_result, folder)
            states.add("made anew")
        except OutputError as error:
            assert error.key == "yearly_exists"
            states.add("finished" if not there else "whole")
        assert list_file_names(folder) == EXPECTED_FILES and is_complete_geodatabase(folder / f"{DELIVERY_NAME}.gdb"), (
            at
        )
    assert states == {"made anew", "finished", "whole"}


def test_full_disk_leaves_no_maintenance_files(yearly_update_result, tmp_path):
    disk = tmp_path / "小盘"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no tmpfs may be mounted")
    try:
        write_update(yearly_update_result, disk)
        needed = sum(path.stat().st_size for path in disk.rglob("*") if path.is_file())
        for path in list(disk.iterdir()):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for share in (0.1, 0.5, 0.9):
            (disk / "占用").write_bytes(b"x" * int(2**21 - share * needed))
            with pytest.raises(OutputError) as caught:
                write_update(yearly_update_result, disk)
            assert caught.value.key == "output_unwritable" and "小盘" in explain_error(caught.value)
            assert list_file_names(disk) == ["占用"]
        (disk / "占用").unlink()
        write_update(yearly_update_result, disk)
        assert list_file_names(disk) == EXPECTED_FILES and is_complete_geodatabase(disk / f"{DELIVERY_NAME}.gdb")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_unwritable_output_folder_is_reported(yearly_update_result, monkeypatch, tmp_path):
    def refuse_mkdir(*arguments, **more):
        raise PermissionError(errno.EACCES, "no", str(arguments[0]))

    monkeypatch.setattr(os, "mkdir", refuse_mkdir)
    with pytest.raises(OutputError) as caught:
        write_update(yearly_update_result, tmp_path)
    assert caught.value.key == "output_unwritable" and not list(tmp_path.iterdir())


@pytest.mark.parametrize("which", EXPECTED_FILES)
@pytest.mark.parametrize("code", [errno.EACCES, errno.ENOSPC])
def test_failed_move_leaves_no_maintenance_files(yearly_update_result, monkeypatch, tmp_path, which, code):
    real = os.replace

    def refuse_move(source, destination):
        if Path(source).name == which and STAGING_SUFFIX in str(source):
            raise OSError(code, os.strerror(code), str(source))
        real(source, destination)

    monkeypatch.setattr(os, "replace", refuse_move)
    with pytest.raises(OutputError):
        write_update(yearly_update_result, tmp_path)
    assert not list(tmp_path.iterdir())
    monkeypatch.undo()
    write_update(yearly_update_result, tmp_path)
    assert list_file_names(tmp_path) == EXPECTED_FILES


def test_second_run_into_the_same_folder_at_the_same_time_is_refused(yearly_update_result, tmp_path):
    with lock_for_writing(tmp_path / EXPECTED_FILES[0]), pytest.raises(OutputError) as caught:
        write_update(yearly_update_result, tmp_path)
    assert caught.value.key == "package_busy"


def test_cancellation_at_any_moment_leaves_no_maintenance_files(yearly_update_result, tmp_path):
    folder = tmp_path / "新建"
    polls = [0]

    def count_polls():
        polls[0] += 1
        return False

    write_update(yearly_update_result, folder, cancellation=Cancellation(count_polls))
    shutil.rmtree(folder)
    for at in range(1, polls[0] + 1, max(polls[0] // 15, 1)):
        left = [at]

        def cancel_after_polls(left=left):
            left[0] -= 1
            return not left[0]

        with pytest.raises(Cancelled):
            write_update(yearly_update_result, folder, cancellation=Cancellation(cancel_after_polls))
        assert not list(tmp_path.iterdir()), at


def test_file_created_by_another_program_during_the_run_is_not_overwritten(tmp_path):
    places = [tmp_path / "库.gdb", tmp_path / "表.xlsx"]
    with pytest.raises(OutputError) as caught, write_files_together(places) as new:
        for place in places:
            (new / place.name).write_text("新", encoding="utf-8")
        places[1].write_text("别人的", encoding="utf-8")
    assert caught.value.key == "yearly_exists"
    assert list_file_names(tmp_path) == ["表.xlsx"] and places[1].read_text(encoding="utf-8") == "别人的"


def test_leftover_folder_that_cannot_be_deleted_raises_an_output_error(tmp_path, monkeypatch):
    (tmp_path / f"库.gdb{STAGING_SUFFIX}").mkdir()
    monkeypatch.setattr("shutil.rmtree", lambda path, ignore_errors=False: None)
    with pytest.raises(OutputError) as caught:
        finish_interrupted_update([tmp_path / "库.gdb"])
    assert caught.value.key == "package_rest"


def test_progress_of_yearly_maintenance_never_decreases_and_ends_at_one(tmp_path):
    compared, written = [], []
    result = compute_yearly_update(
        *make_plans(FILED_ROWS, CURRENT_ROWS), 2026, progress=lambda share, layer: compared.append((share, layer))
    )
    write_update(result, tmp_path, progress=written.append)
    shares = [share for share, _ in compared]
    assert shares == sorted(shares) and 0 < shares[0] < shares[-1] <= 1
    assert {layer for _, layer in compared} == {"规划分区", "城市蓝线", "洪涝风险控制线"}
    assert written == sorted(written) and written[-1] == 1 and len(written) >= 12
