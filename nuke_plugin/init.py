"""Nuke runs this at every start, on a farm and without a window too: it says where gizmos and Python modules are."""

import nuke

nuke.pluginAddPath("./gizmos")
nuke.pluginAddPath("./python")

from dvm_nuke import callbacks  # noqa: E402  (the line above makes it importable)

callbacks.register()
