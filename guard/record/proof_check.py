"""Check the proof that one e-mail stood in a guard record.

    python3 proof_check.py FOLDER

For somebody who has no guard: needs Python 3.9 and the package `cryptography`, no network.
Exit status 0 when it is proved, 1 when it is not. Source: FORMAT.md, "Proofs"; RFC 9162
section 2.1.3.2; C2SP signed-note and tlog-checkpoint.
"""

import base64
import json
import sys
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def need(right: bool, otherwise: str) -> None:  # noqa: FBT001 - as `assert`, that -O would drop
    """Stop unless something is right."""
    if not right:
        raise ValueError(otherwise)


def signed(note: str, vkey: str) -> str:
    """Return the text that the key signed; InvalidSignature if it did not."""
    text, _, signatures = note.rpartition("\n\n")
    name, key_id, key = vkey.strip().split("+", 2)
    public = base64.b64decode(key)
    need(sha256(name.encode() + b"\n" + public).digest()[:4].hex() == key_id, "a wrong key id")
    for line in signatures.splitlines():
        _, signer, encoded = line.split(" ")
        signature = base64.b64decode(encoded)
        if signer == name and signature[:4].hex() == key_id:
            verifier = Ed25519PublicKey.from_public_bytes(public[1:])
            verifier.verify(signature[4:], f"{text}\n".encode())
            return text
    raise InvalidSignature


def root_of(leaf: bytes, index: int, last: int, path: "list[str]") -> bytes:
    """Return the root that a path leads to, from a leaf that is not beyond the last one."""
    found = leaf
    for step in map(bytes.fromhex, path):
        need(last > 0, "the path is too long")
        if index % 2 or index == last:
            found = sha256(b"\x01" + step + found).digest()
            while index and not index % 2:
                index, last = index // 2, last // 2
        else:
            found = sha256(b"\x01" + found + step).digest()
        index, last = index // 2, last // 2
    need(last == 0, "the path is too short")
    return found


def check(folder: Path) -> str:
    """Return what is proved; raise anything if nothing is."""
    mail, body = (folder / "message.eml").read_bytes(), (folder / "entry.json").read_bytes()
    entry, proof = json.loads(body), json.loads((folder / "proof.json").read_text())
    vkey = (folder / "vkey.txt").read_text().strip()
    salt = bytes.fromhex(proof["salt"])
    need(len(salt) == 32 and entry["kind"] == "filed", "no proof of a message")  # noqa: PLR2004
    need(entry["commitment"] == sha256(salt + mail).hexdigest(), "it is another message")
    note = (folder / "checkpoint.txt").read_text(encoding="utf-8")
    origin, size, root = signed(note, vkey).split("\n")[:3]
    need(origin == vkey.split("+")[0], "it is another record")
    need(0 <= entry["seq"] < int(size), "the entry is beyond the checkpoint")
    leaf = sha256(b"\x00" + body).digest()
    found = root_of(leaf, entry["seq"], int(size) - 1, proof["path"])
    need(found == base64.b64decode(root), "the entry is not in this record")
    return f"PROVED: message.eml is entry {entry['seq']} of {size} of {vkey}"


def main() -> int:
    """Check the folder that the command line names."""
    try:
        sys.stdout.write(check(Path(sys.argv[1])) + "\n")
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it proves nothing
        sys.stdout.write(f"NOT PROVED: {type(error).__name__} {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
