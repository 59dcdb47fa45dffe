"""`revtops`, and `python -m revtops_tui`."""

import sys


def main() -> int:
    """Run the command line; returns the exit code."""
    if sys.argv[1:] == ["--version"]:  # answered before anything is imported
        from revtops_tui import __version__

        sys.stdout.write(f"revtops {__version__}\n")
        return 0
    try:
        from revtops_tui.cli.main import run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before there is a command that could say what was cancelled
        return 130


if __name__ == "__main__":
    sys.exit(main())
