"""Names of the user and of the machine, to search for in what is written."""

import getpass
import platform
import socket

USER = "planner-zhang-3917"
MACHINE = "office-desktop-3917"

# In 100 kB of compressed bytes a name of five characters occurs by chance once in ten million files.
_SHORTEST_UNMISTAKABLE_NAME = 5


def set_personal_names(monkeypatch):
    """Give the user and the machine names too long to occur by chance; return these and the real ones that are."""
    real = {getpass.getuser(), socket.gethostname(), platform.node()}
    for variable in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(variable, USER)
    for variable in ("HOSTNAME", "COMPUTERNAME"):
        monkeypatch.setenv(variable, MACHINE)
    monkeypatch.setattr(getpass, "getuser", lambda: USER)
    monkeypatch.setattr(socket, "gethostname", lambda: MACHINE)
    monkeypatch.setattr(platform, "node", lambda: MACHINE)
    return [USER, MACHINE, *sorted(name for name in real if len(name) >= _SHORTEST_UNMISTAKABLE_NAME)]
