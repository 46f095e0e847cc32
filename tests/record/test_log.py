"""The tree, against the vectors of Certificate Transparency and against pymerkle."""

from hashlib import sha256

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.record.log import (
    EMPTY_ROOT,
    Frontier,
    includes,
    inclusion,
    leaf_hash,
    root_of,
)

# Source: certificate-transparency, merkletree test vectors.
INPUTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in INPUTS]
MANY = [leaf_hash(number.to_bytes(2, "big")) for number in range(70)]
SIZES = range(1, len(MANY) + 1)


def test_the_empty_tree_is_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_every_inclusion_is_proved_as_pymerkle_proves_it() -> None:
    oracle = pymerkle.InmemoryTree(algorithm="sha256")
    for size in SIZES:
        oracle.append_entry((size - 1).to_bytes(2, "big"))
        root = root_of(MANY[:size])
        assert root == oracle.get_root(size)
        for index in range(size):
            proof = inclusion(MANY[:size], index)
            # Theirs begins with the leaf itself.
            assert [MANY[index], *proof] == oracle.prove_inclusion(index + 1, size).path
            assert includes(root, size=size, index=index, leaf=MANY[index], proof=proof)


@given(st.data())
def test_no_other_leaf_place_or_path_is_believed(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 70))
    index = data.draw(st.integers(0, size - 1))
    root, proof = root_of(MANY[:size]), inclusion(MANY[:size], index)
    other = data.draw(st.integers(0, 69).filter(lambda number: number != index))
    cut = data.draw(st.integers(0, len(proof) - 1))

    assert not includes(root, size=size, index=index, leaf=MANY[other], proof=proof)
    assert not includes(root, size=size, index=other, leaf=MANY[index], proof=proof)
    assert not includes(root, size=size, index=index, leaf=MANY[index], proof=proof[:cut])
    assert not includes(root, size=size, index=index, leaf=MANY[index], proof=[*proof, root])
    assert not includes(root, size=size, index=-1, leaf=MANY[index], proof=proof)


@given(st.integers(0, 70))
def test_a_frontier_survives_being_stored(size: int) -> None:
    frontier = Frontier()
    for leaf in MANY[:size]:
        frontier = frontier.append(leaf)

    assert Frontier.decode(size, frontier.encode()) == frontier


@pytest.mark.parametrize(("size", "data"), [(1, b""), (2, bytes(64)), (1, bytes(31)), (-1, b"")])
def test_a_frontier_that_does_not_fit_its_size_is_refused(size: int, data: bytes) -> None:
    with pytest.raises(ValueError, match="frontier"):
        Frontier.decode(size, data)


@pytest.mark.parametrize("index", [-1, 8])
def test_what_is_not_in_the_tree_cannot_be_proved(index: int) -> None:
    with pytest.raises(IndexError):
        inclusion(LEAVES, index)
