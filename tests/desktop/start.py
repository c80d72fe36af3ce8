# SPDX-License-Identifier: GPL-2.0-or-later
"""Start QGIS on a virtual screen with a new profile and run a script in it."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.plugin_link import link_plugin

DESKTOP_TESTS = Path(__file__).resolve().parent
ROOT = DESKTOP_TESTS.parents[1]
NEEDED = ("qgis", "xvfb-run", "Xvfb", "openbox", "xdotool", "import")
# The news of the welcome page are fetched by a task, which is the first to use QGIS's authentication database. At its
# end QGIS 3.40 deletes the authentication manager before the threads of tasks, and crashes if that thread still exists.
PROFILE = """[PythonPlugins]
sanxian=true
{plugins}
[qgis]
showTips=false
checkVersion=false

[UI]
UITheme={theme}

[sanxian]
offer_tour=false

[core]
httpsfeedqgisorg\\disabled=true

[Plugins]
{compiled}
"""


class DesktopError(Exception):
    """The desktop script failed, or QGIS ended before the script did."""


def _run_in_group(command: list[str], environment: dict[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Run a command; a time-out ends its children too, which would else keep a screen and a QGIS running.

    Raises subprocess.TimeoutExpired with the output until then.
    """
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            output, errors = process.communicate(timeout=timeout)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return subprocess.CompletedProcess(command, process.returncode, output, errors)


def run(
    script,
    folder,
    screenshots,
    size="1600x900",
    theme="default",
    libraries=None,
    lang="zh-Hans",
    timeout=240,
    without="",
    others=(),
    compiled=(),
    settings=None,
):
    """Run tests/desktop/<script>.py inside QGIS; return the facts it recorded.

    ``others``, ``compiled``: further plugins, of Python and of QGIS itself (names of their libraries), that are loaded.
    ``settings``: further variables of the environment.
    ``libraries``: names of the only installed libraries that QGIS finds beside its own; None for all.
    ``folder``: a folder for the profile and the script's files. ``screenshots``: the folder for its pictures.
    Raise DesktopError if QGIS or the script fails.
    """
    profile = folder / "profiles" / "profiles" / "default" / "QGIS"
    profile.mkdir(parents=True)
    (profile / "QGIS3.ini").write_text(
        PROFILE.format(
            theme=theme,
            plugins="".join(f"{name}=true\n" for name in others),
            compiled="".join(f"{name}=true\n" for name in compiled),
        ),
        encoding="utf-8",
    )
    (folder / "run").mkdir(mode=0o700)
    screenshots.mkdir(parents=True, exist_ok=True)
    installed = Path(sysconfig.get_path("purelib"))
    paths = [str(ROOT / "tools" / "site"), str(installed), str(DESKTOP_TESTS)]
    if libraries is not None:
        (folder / "libraries").mkdir()
        for found in (found for name in libraries for found in installed.glob(f"{name}*")):
            (folder / "libraries" / found.name).symlink_to(found)
        paths[1] = str(folder / "libraries")
    if without:
        # This file is found before the module itself; raising ImportError hides the module.
        paths.insert(0, str(folder / "site"))
        (folder / "site").mkdir()
        (folder / "site" / f"{without}.py").write_text(f"raise ImportError('no {without} here')", encoding="utf-8")
    environment = {
        **{k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM", "QGIS_CUSTOM_CONFIG_PATH", "DISPLAY")},
        "PYTHONPATH": os.pathsep.join(paths),
        # QGIS derives the home of its Python from the first python3 in the path.
        "PATH": os.pathsep.join(
            p for p in os.environ["PATH"].split(os.pathsep) if p != str(Path(sys.executable).parent)
        ),
        "QGIS_PLUGINPATH": str(link_plugin("desktop")),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "LC_ALL": "C.UTF-8",
        # The virtual screen's millimetres are rounded: without this one point is 1.0008 pixels.
        "QT_SCALE_FACTOR_ROUNDING_POLICY": "Round",
        "SANXIAN_TOUR": str(folder),
        "SANXIAN_TOUR_SECONDS": str(timeout - 10),
        "SANXIAN_SCREENSHOTS": str(screenshots),
        **(settings or {}),
    }
    qgis = ["qgis", "--nologo", "--noversioncheck", "--lang", lang, "--profiles-path", str(folder / "profiles")]
    qgis += ["--code", str(DESKTOP_TESTS / f"{script}.py")]
    # The window manager ends with the screen.
    manager = f"openbox --config-file '{DESKTOP_TESTS / 'openbox.xml'}' & sleep 0.5; "
    inside = ["bash", "-c", manager + 'exec "$@"', "inside", *qgis]
    command = ["xvfb-run", "-a", "-s", f"-screen 0 {size}x24 -dpi 96", *inside]
    try:
        done = _run_in_group(command, environment, timeout)
    except subprocess.TimeoutExpired as error:
        # A slot that raised leaves its dialog open; its traceback is in the output.
        output = b"".join(part or b"" for part in (error.stdout, error.stderr)).decode("utf-8", "replace")
        faults = _read_faults(folder)
        raise DesktopError(f"the script did not end in {timeout} s\n{faults}\n{output[-3000:]}") from error
    facts = folder / "facts.json"
    if not facts.exists():
        faults = _read_faults(folder)
        raise DesktopError(f"QGIS ended with {done.returncode} before the tour did\n{faults}\n{done.stdout[-3000:]}")
    noted = json.loads(facts.read_text(encoding="utf-8"))
    if noted.get("error"):
        raise DesktopError(noted["error"])
    noted["returncode"], noted["folder"] = done.returncode, str(folder)
    # Qt writes this warning to the error stream, not to the message log of QGIS.
    lines = [*done.stdout.splitlines(), *done.stderr.splitlines()]
    noted["ambiguous_shortcuts"] = [line for line in lines if "Ambiguous shortcut" in line]
    return noted


def _read_faults(folder):
    """Return the stacks that the script wrote when it crashed or was late; empty if it did not begin."""
    faults = folder / "faults.txt"
    return faults.read_text(encoding="utf-8") if faults.exists() else ""
