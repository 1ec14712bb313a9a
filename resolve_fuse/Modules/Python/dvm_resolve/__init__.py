"""DVM in DaVinci Resolve Studio. The scripts in `Scripts/Utility` only call `scripts.run`; all else is here.

Python 3.7 syntax, the standard library, and the bridge that is carried inside as `dvm_resolve.bridge`.
"""
