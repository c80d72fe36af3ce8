# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that have a file open, listed by a fake Windows Restart Manager."""

import ctypes
import types

import pytest

from plugin.core.files import open_file_owners as module
from plugin.core.files.open_file_owners import _ProcessInfo, _UniqueProcess, find_open_file_owners


def test_ctypes_structures_of_the_restart_manager_match_the_windows_headers():
    """Compare offsets and sizes with restartmanager.h for 32 and 64 bits."""
    assert ctypes.sizeof(_UniqueProcess) == 12 and ctypes.sizeof(_ProcessInfo) == 668
    offsets = {name: getattr(_ProcessInfo, name).offset for name, _ in _ProcessInfo._fields_}
    assert offsets == {
        "process": 0,
        "name": 12,
        "service": 524,
        "kind": 652,
        "status": 656,
        "session": 660,
        "restartable": 664,
    }


class FakeRestartManager:
    """A fake of the Windows Restart Manager, which lists programs with open files.

    ``processes``: (name, process number) of each program; ``late``: programs that open the file between the two calls
    of RmGetList.
    """

    def __init__(self, processes, late=(), failing=""):
        self.processes, self.late, self.failing = list(processes), list(late), failing
        self.files, self.open = [], set()

    def RmStartSession(self, session, flags, key):
        assert isinstance(session._obj, ctypes.c_uint32) and flags.value == 0 and len(key) == 33
        if self.failing == "start":
            return 5
        session._obj.value = 7
        self.open.add(7)
        return 0

    def RmRegisterResources(self, session, count, names, applications, processes, services, more):
        assert session.value in self.open and count.value == len(names)
        assert (applications.value, processes, services.value, more) == (0, None, 0, None)
        self.files += list(names)
        return 87 if self.failing == "register" else 0

    def RmGetList(self, session, needed, count, rows, reasons):
        assert session.value in self.open and isinstance(reasons._obj, ctypes.c_uint32)
        if self.failing == "list":
            return 29
        needed._obj.value = len(self.processes)
        if count._obj.value < len(self.processes):
            self.processes += self.late
            self.late = []
            return 234
        for row, (name, number) in zip(rows, self.processes, strict=False):
            row.process.id = number
            text = name.encode("utf-16-le")
            ctypes.memmove(row.name, text, len(text))
        count._obj.value = len(self.processes)
        return 0

    def RmEndSession(self, session):
        self.open.remove(session.value)
        return 0


@pytest.fixture
def install_restart_manager(monkeypatch):
    def install_fake(manager):
        def load_library(name):
            assert name == "rstrtmgr"
            if manager is None:
                raise OSError(126, "The specified module could not be found")
            return manager

        monkeypatch.setattr(ctypes, "WinDLL", load_library, raising=False)
        monkeypatch.setattr(module, "sys", types.SimpleNamespace(platform="win32"))
        return manager

    return install_fake


@pytest.fixture
def package_folder(tmp_path):
    (tmp_path / "包" / "库.gdb").mkdir(parents=True)
    for name in ("a00000001.gdbtable", "gdb"):
        (tmp_path / "包" / "库.gdb" / name).touch()
    (tmp_path / "包" / "文本.pdf").touch()
    return tmp_path / "包"


def test_every_program_that_has_a_file_open_is_listed(install_restart_manager, package_folder):
    manager = install_restart_manager(FakeRestartManager([("QGIS Desktop", 4321), ("资源管理器", 88)]))
    assert find_open_file_owners(package_folder) == ["QGIS Desktop (4321)", "资源管理器 (88)"]
    assert set(manager.files) == {str(p) for p in package_folder.rglob("*") if p.is_file()} and not manager.open


def test_file_is_registered_with_the_restart_manager_by_its_absolute_path(
    install_restart_manager, package_folder, monkeypatch
):
    monkeypatch.chdir(package_folder)
    manager = install_restart_manager(FakeRestartManager([("WPS 文字", 9)]))
    assert find_open_file_owners(module.Path("文本.pdf")) == ["WPS 文字 (9)"]
    assert manager.files == [str(package_folder / "文本.pdf")]


def test_buffer_for_the_program_list_grows_until_every_program_fits(install_restart_manager, package_folder):
    many = [(f"程序{n}", n) for n in range(20)]
    install_restart_manager(FakeRestartManager(many, late=[(f"后来{n}", 100 + n) for n in range(30)]))
    assert len(find_open_file_owners(package_folder)) == 50


@pytest.mark.parametrize("failing", ["start", "register", "list"])
def test_failing_restart_manager_gives_an_empty_program_list(install_restart_manager, package_folder, failing):
    manager = install_restart_manager(FakeRestartManager([("QGIS", 1)], failing=failing))
    assert find_open_file_owners(package_folder) == [] and not manager.open


def test_missing_restart_manager_or_missing_folder_gives_an_empty_program_list(
    install_restart_manager, tmp_path, package_folder
):
    install_restart_manager(None)
    assert find_open_file_owners(package_folder) == []
    install_restart_manager(FakeRestartManager([("QGIS", 1)]))
    assert find_open_file_owners(tmp_path / "没有") == []
