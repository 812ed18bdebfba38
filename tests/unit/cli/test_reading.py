"""Reading plain and gzip files line by line."""

import bz2
import gzip
import lzma

import pytest
from streamgauge_cli.errors import CommandError
from streamgauge_cli.reading import LONGEST_LINE, lines, size


def texts(path):
    return [line.text for line in lines(path)]


def test_plain_crlf_and_a_last_line_without_end(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\n\nfour")
    read = list(lines(path))
    assert [line.text for line in read] == [b"one", b"two", b"", b"four"]
    assert [line.number for line in read] == [1, 2, 3, 4]
    assert [line.ended for line in read] == [True, True, True, False]
    assert read[-1].position == path.stat().st_size == size(path)


def test_gzip_of_several_members(tmp_path):
    path = tmp_path / "log.anything"
    path.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    assert texts(path) == [b"one", b"two"]


def test_empty(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"")
    assert texts(path) == []


def test_a_huge_line_takes_no_memory_and_spoils_none_behind_it(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(
        b"a" * (3 * LONGEST_LINE + 5) + b"\nnext\n" + b"b" * LONGEST_LINE + b"\n" + b"c" * LONGEST_LINE + b"\r\n"
    )
    read = list(lines(path))
    assert [line.too_long for line in read] == [True, False, False, False]
    assert [line.number for line in read] == [1, 2, 3, 4]
    assert len(read[0].text) == len(read[2].text) == len(read[3].text) == LONGEST_LINE
    assert read[1].text == b"next"


@pytest.mark.parametrize(("pack", "name"), [(bz2.compress, "bzip2"), (lzma.compress, "xz")])
def test_other_packings_are_told(tmp_path, pack, name):
    path = tmp_path / "log"
    path.write_bytes(pack(b"one\n"))
    with pytest.raises(CommandError, match=f"is packed with {name}: unpack it first"):
        list(lines(path))


def test_an_unfinished_gzip_file_gives_its_lines_and_then_says_so(tmp_path):
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(b"".join(b"%d %d\n" % (n, n * n * 7919) for n in range(20_000)))[:-900])
    read = []
    with pytest.raises(CommandError, match="damaged or unfinished gzip file: it can be read up to line"):
        read.extend(lines(path))
    assert read[0].text == b"0 0"
    assert [line.number for line in read] == list(range(1, len(read) + 1))


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(CommandError, match="there is no file"):
        size(tmp_path / "none")
    with pytest.raises(CommandError, match="is no file"):
        size(tmp_path)
