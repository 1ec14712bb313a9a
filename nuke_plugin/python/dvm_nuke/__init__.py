"""DVM inside Nuke 13 to 17: standard library and `nuke` only, Python 3.7 syntax, no Qt."""
