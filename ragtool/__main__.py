"""`python -m ragtool` is `ragtool`."""

from ragtool.cli import main

if __name__ == "__main__":
    main()
