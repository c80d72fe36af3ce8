# SPDX-License-Identifier: GPL-2.0-or-later
"""Panel 项目合规性: figures on a project that follow the mouse while it is drawn."""
