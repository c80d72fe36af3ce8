# SPDX-License-Identifier: GPL-2.0-or-later
"""Work list (工作清单): state, assignee and note of each finding, in a file next to the data.

Several people share the file, or parts of it.
"""
