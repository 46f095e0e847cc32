"""``python -m guard``, and the ``guard`` command."""

from guard.commands.group import guard


def main() -> None:
    """Run the command line."""
    guard(prog_name="guard")


if __name__ == "__main__":
    main()
