from pathlib import Path

import bagit  # type: ignore[import-untyped]  # it ships no types
import pytest

from guard.rights.bag import Bag


def made(folder: Path, **files: bytes) -> Path:
    def put(name: str, data: bytes) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    bag = Bag(put)
    for name, data in files.items():
        bag.add(f"mail/{name}.eml", data)
    bag.close({"Source-Organization": "The Practice"})
    return folder


def test_the_library_of_congress_finds_it_valid(tmp_path: Path) -> None:
    bag = bagit.Bag(str(made(tmp_path, a=b"one", b=b"", c=bytes(range(256)))))

    bag.validate(completeness_only=False)
    assert bag.info["Payload-Oxum"] == "259.3"
    assert bag.info["Source-Organization"] == "The Practice"


def test_an_empty_one_is_valid_too(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder / "data").mkdir()

    bagit.Bag(str(folder)).validate()


@pytest.mark.parametrize("what", ["changed", "gone", "more"])
def test_whatever_is_done_to_it_shows(tmp_path: Path, what: str) -> None:
    folder = made(tmp_path, a=b"one", b=b"two")
    file = folder / "data" / "mail" / "a.eml"
    if what == "changed":
        file.write_bytes(b"onf")
    elif what == "gone":
        file.unlink()
    else:
        file.with_name("c.eml").write_bytes(b"three")

    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(folder)).validate()
