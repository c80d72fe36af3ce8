# SPDX-License-Identifier: GPL-2.0-or-later
"""A check of the open project: run it, store its result, save it to a file."""
