"""Render the clip's trimaps in its Fusion composition: Workspace > Scripts, in DaVinci Resolve Studio."""

import os
import sys
from pathlib import Path


def package_folders():
    """Where `dvm_resolve` may be: in the folder that this script is in, or in Fusion's user folder on each system."""
    script = Path(globals().get("__file__") or (sys.argv or [""])[0])  # Resolve does not always tell
    home, blackmagic = Path.home(), Path("Blackmagic Design", "DaVinci Resolve")
    for fusion in (
        script.absolute().parent.parent.parent,
        home / ".local" / "share" / "DaVinciResolve" / "Fusion",
        home / "Library" / "Application Support" / blackmagic / "Fusion",
        Path(os.environ.get("APPDATA", home)) / blackmagic / "Support" / "Fusion",
    ):
        yield fusion / "Modules" / "Python"


sys.path[:0] = [str(folder) for folder in package_folders() if (folder / "dvm_resolve").is_dir()][:1]

from dvm_resolve import scripts  # noqa: E402

scripts.run(scripts.trimap_from_fusion, globals())
