# SPDX-License-Identifier: GPL-2.0-or-later
"""Work off the main thread: tasks, threads, and calls back to the main thread."""
