"""``python -m guard``, and the ``guard`` command."""

from guard.commands.group import run


def main() -> None:
    """Run the command line."""
    run()


if __name__ == "__main__":
    main()
