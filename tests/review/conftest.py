"""A practice of one's own for every test of the page that asks."""

import shutil
from pathlib import Path

import pytest

from tests.review.practice import Practice, at, found


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A practice with an empty record, made once; copy it, never write to it."""
    folder = tmp_path_factory.mktemp("practice")
    found(folder)
    return folder


@pytest.fixture
def practice(empty_folder: Path, tmp_path: Path) -> Practice:
    """A practice with an empty record, locked."""
    folder = tmp_path / "practice"
    shutil.copytree(empty_folder, folder)
    return at(folder)


@pytest.fixture
def open_practice(practice: Practice) -> Practice:
    """The same, unlocked."""
    assert practice.enter().status_code == 303
    return practice
