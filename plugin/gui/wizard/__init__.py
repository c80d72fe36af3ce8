# SPDX-License-Identifier: GPL-2.0-or-later
"""新建县级规划项目: a wizard of five steps that creates a project ready for drawing."""
