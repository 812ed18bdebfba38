"""Writes tiny databases in MaxMind's format, for tests that need places: https://maxmind.github.io/MaxMind-DB/."""

from __future__ import annotations

import struct
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_UINT16, _UINT32, _UINT64 = 5, 6, 9
_WIDER = {"node_count": _UINT32, "build_epoch": _UINT64}
_MARK = b"\xab\xcd\xefMaxMind.com"


def write_database(
    path: Path, records: dict[str, dict[str, Any]], *, version: int = 4, kind: str = "Test-City"
) -> Path:
    """Write a database of one family of addresses: network -> record."""
    data, offsets = b"", {}
    for network, record in records.items():
        offsets[network] = len(data)
        data += _encoded(record)
    nodes: list[list[Any]] = [[None, None]]
    for network, offset in offsets.items():
        subnet = ip_network(network)
        bits = format(int(subnet.network_address), f"0{subnet.max_prefixlen}b")[: subnet.prefixlen]
        node = 0
        for bit in map(int, bits[:-1]):
            if nodes[node][bit] is None:
                nodes.append([None, None])
                nodes[node][bit] = len(nodes) - 1
            node = nodes[node][bit]
        nodes[node][int(bits[-1])] = ("data", offset)
    count = len(nodes)

    def pointer(value: Any) -> bytes:
        if value is None:
            return count.to_bytes(3, "big")
        return (value if isinstance(value, int) else count + 16 + value[1]).to_bytes(3, "big")

    tree = b"".join(pointer(left) + pointer(right) for left, right in nodes)
    about = {
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1,
        "database_type": kind,
        "description": {"en": "for tests"},
        "ip_version": version,
        "languages": ["en"],
        "node_count": count,
        "record_size": 24,
    }
    path.write_bytes(tree + bytes(16) + data + _MARK + _encoded(about))
    return path


def _encoded(value: Any, whole: int = _UINT16) -> bytes:
    if isinstance(value, str):
        text = value.encode()
        return _head(2, len(text)) + text
    if isinstance(value, float):
        return _head(3, 8) + struct.pack(">d", value)
    if isinstance(value, int):
        number = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return _head(whole, len(number)) + number
    if isinstance(value, list):
        return _head(11, len(value)) + b"".join(map(_encoded, value))
    pairs = (
        _encoded(name) + _encoded(part, _WIDER.get(name, _UINT16)) for name, part in value.items() if part is not None
    )
    return _head(7, sum(part is not None for part in value.values())) + b"".join(pairs)


def _head(kind: int, size: int) -> bytes:
    more = bytes([kind - 7]) if kind > 7 else b""
    first = (kind if kind <= 7 else 0) << 5
    return bytes([first | size]) + more if size < 29 else bytes([first | 29]) + more + bytes([size - 29])
