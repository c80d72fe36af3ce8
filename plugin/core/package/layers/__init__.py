# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers of a package: taken from the plan, looked at, written by format, and read again."""
