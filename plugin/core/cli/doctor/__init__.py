# SPDX-License-Identifier: GPL-2.0-or-later
"""Environment check (环境自检): state of libraries, formats, disk, encoding and projections, and all examples.

Nothing here imports a library before it is examined: the check runs on a machine that lacks all of them.
"""
