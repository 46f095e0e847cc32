"""Files as a BagIt bag: whoever gets them can check with `sha256sum` that none was changed.

Pure over a function that takes each file; nothing is kept but names and digests.
Source: RFC 8493 (BagIt 1.0) sections 2.1 and 2.2.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256

Put = Callable[[str, bytes], None]
"""Takes the path of a file, with slashes, and its bytes."""

_HEAD = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


class Bag:
    """One bag, file by file."""

    def __init__(self, put: Put) -> None:
        self._put = put
        self._payload: list[str] = []
        self._octets = 0

    def add(self, name: str, data: bytes) -> None:
        """Add one file of the payload; its name is ours and plain ASCII."""
        self._put(f"data/{name}", data)
        self._payload.append(f"{sha256(data).hexdigest()}  data/{name}\n")
        self._octets += len(data)

    def close(self, info: Mapping[str, str]) -> str:
        """Add the manifests; returns the SHA-256 of the manifest, which names every file.

        Args:
            info: Lines of ``bag-info.txt``, without line breaks.
        """
        oxum = {"Payload-Oxum": f"{self._octets}.{len(self._payload)}"}
        lines = "".join(f"{key}: {value}\n" for key, value in ({**info, **oxum}).items())
        tags = {
            "bagit.txt": _HEAD,
            "bag-info.txt": lines.encode(),
            "manifest-sha256.txt": "".join(self._payload).encode(),
        }
        for name, data in tags.items():
            self._put(name, data)
        manifest = "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in tags.items())
        self._put("tagmanifest-sha256.txt", manifest.encode())
        return sha256(tags["manifest-sha256.txt"]).hexdigest()
