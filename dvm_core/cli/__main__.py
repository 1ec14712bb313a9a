"""`python -I -m dvm_core.cli`: `dvm` by the interpreter's path, which is all that hosts and farms know."""

from dvm_core.cli import main

if __name__ == "__main__":
    main()
