"""`python -I -m dvm_core.worker`: how a host starts the engine."""

from dvm_core.worker import main

if __name__ == "__main__":
    main()
