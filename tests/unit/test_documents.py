"""Documents from files, folders, archives and streams, and the bounds of foreign JSON."""

from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from rembigraph.loaders import documents as module
from rembigraph.loaders.documents import documents
from rembigraph.loaders.json_bounds import JsonFloat, parse_json
from rembigraph.loaders.reading import Document
from rembigraph.ontology.errors import SourceError, SourceMalformed, SourceSkipped, SourceUnavailable

RECORD = b'{"a": 1}'


def _read(*paths: object) -> list[Document | SourceError]:
    return list(documents([str(path) for path in paths]))


def _places(results: Iterable[Document | SourceError]) -> list[str]:
    return [
        f"{result.member or result.file}" if isinstance(result, Document) else type(result).__name__
        for result in results
    ]


def _codes(results: Iterable[Document | SourceError]) -> list[str]:
    return [result.code for result in results if isinstance(result, SourceMalformed)]


def _tar(members: Iterable[tuple[str | tarfile.TarInfo, bytes]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


def _zip(members: Iterable[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


# --- folders and files


def test_a_folder_is_read_to_any_depth_in_order_and_without_hidden_entries(tmp_path: Path) -> None:
    for name in ("b/2.json", "b/1.json", "a.json", ".git/x", "__MACOSX/._a.json", "b/.hidden"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(RECORD)
    places = [Path(place).relative_to(tmp_path).as_posix() for place in _places(_read(tmp_path))]
    assert places == ["a.json", "b/1.json", "b/2.json"]


def test_what_cannot_be_read_is_said_and_does_not_hide_the_rest(tmp_path: Path) -> None:
    (tmp_path / "z.json").write_bytes(RECORD)
    (tmp_path / "gone.json").symlink_to("/nowhere/at/all")
    os.mkfifo(tmp_path / "pipe")
    results = _read(tmp_path, tmp_path / "none", "https://example.org/x.json", "nul\0byte")
    assert [type(result) for result in results] == [
        SourceUnavailable,
        SourceSkipped,
        Document,
        SourceUnavailable,
        SourceUnavailable,
        SourceUnavailable,
    ]
    assert "Download it first" in str(results[4])


def test_an_empty_folder_is_said_to_be_empty(tmp_path: Path) -> None:
    (result,) = _read(tmp_path)
    assert isinstance(result, SourceSkipped)


def test_standard_input_may_hold_a_document_or_an_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(RECORD)

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert _read("-") == [Document("-", "", RECORD)]
    Stdin.buffer = io.BytesIO(_zip([("one.json", RECORD)]))
    assert _read("-") == [Document("-", "one.json", RECORD)]


def test_a_pipe_that_is_named_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(_zip([("one.json", RECORD)]),))
    writer.start()
    results = _read(pipe)
    writer.join()
    assert results == [Document(str(pipe), "one.json", RECORD)]


def test_a_stream_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b"x" * 101)

    monkeypatch.setattr(sys, "stdin", Stdin)
    monkeypatch.setattr(module, "MAX_STREAM_BYTES", 100)
    assert _codes(_read("-")) == ["too-large"]


# --- containers


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress], ids=["tar", "tar.gz"])
def test_a_tar_is_known_by_its_content_and_its_links_are_left_alone(tmp_path: Path, pack) -> None:
    link, device = tarfile.TarInfo("link"), tarfile.TarInfo("device")
    link.type, link.linkname, device.type = tarfile.SYMTYPE, "/etc/passwd", tarfile.CHRTYPE
    long_name = "l" * 300 + ".json"
    members = [("./one.json", RECORD), ("block.json", b"x" * 512), (".hidden/x", b""), (long_name, b"long")]
    file = tmp_path / "no-suffix"
    file.write_bytes(pack(_tar([*members, (link, b""), (device, b""), ("last.json", b"end")])))
    results = _read(file)
    assert _places(results) == [
        "./one.json",
        "block.json",
        long_name,
        "SourceSkipped",
        "SourceSkipped",
        "last.json",
    ]
    assert [result.data for result in results if isinstance(result, Document)] == [
        RECORD,
        b"x" * 512,
        b"long",
        b"end",
    ]


def test_a_zip_is_known_by_its_content_and_nothing_is_written(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    members = [("d/one.json", RECORD), ("../../up.json", b"1"), ("__MACOSX/x", b""), (link, b"/etc/passwd")]
    file = tmp_path / "crates.json"
    file.write_bytes(_zip(members))
    assert _places(_read(file)) == ["d/one.json", "../../up.json", "SourceSkipped"]
    assert [path.name for path in tmp_path.iterdir()] == ["crates.json"]


def test_a_gzipped_file_is_one_document(tmp_path: Path) -> None:
    file = tmp_path / "record"
    file.write_bytes(gzip.compress(RECORD))
    assert _read(file) == [Document(str(file), "", RECORD)]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gzip.compress(gzip.compress(RECORD)), "nested-archive"),
        (_zip([("inner.zip", _zip([("x", RECORD)]))]), "nested-archive"),
        (_tar([("inner.gz", gzip.compress(RECORD))]), "nested-archive"),
        (b"\xfd7zXZ\x00....", "container"),
        (b"PK\x03\x04 and nothing more", "damaged"),
        (gzip.compress(_tar([("x.json", RECORD * 9000)]))[:-60], "damaged"),
        (gzip.compress(RECORD)[:-9], "damaged"),
        (_tar([("x.json", b"x" * 2000)])[:1500], "damaged"),
    ],
)
def test_what_is_nested_or_damaged_is_refused_in_words(tmp_path: Path, data: bytes, code: str) -> None:
    file = tmp_path / "archive"
    file.write_bytes(data)
    (error,) = _read(file)
    assert isinstance(error, SourceMalformed)
    assert (error.code, bool(error.fix)) == (code, True)


def test_an_encrypted_member_is_refused_in_words(tmp_path: Path) -> None:
    data = bytearray(_zip([("x.json", RECORD)]))
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    file = tmp_path / "secret.zip"
    file.write_bytes(data)
    (error,) = _read(file)
    assert "encrypted" in str(error)


def test_bombs_are_stopped_while_they_inflate(tmp_path: Path) -> None:
    zeros = b"\0" * (module.RATIO_FLOOR_BYTES * 2)
    (tmp_path / "a.gz").write_bytes(gzip.compress(zeros))
    (tmp_path / "b.zip").write_bytes(_zip([("bomb", zeros), ("good.json", RECORD)]))
    (tmp_path / "c.tgz").write_bytes(gzip.compress(_tar([("bomb", zeros)])))
    results = _read(tmp_path)
    assert _codes(results) == ["ratio", "ratio", "ratio"]
    assert _places(results)[2] == "good.json"


def test_document_archive_and_member_bounds_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_DOCUMENT_BYTES", 1000)
    monkeypatch.setattr(module, "MAX_ARCHIVE_BYTES", 50_000)
    monkeypatch.setattr(module, "MAX_MEMBERS", 3)
    large, small = os.urandom(1001), [(f"{number}.json", RECORD) for number in range(4)]
    (tmp_path / "a").write_bytes(large)
    (tmp_path / "b.gz").write_bytes(gzip.compress(large))
    (tmp_path / "c.zip").write_bytes(_zip([("large", large), ("small", RECORD)]))
    (tmp_path / "d.tgz").write_bytes(gzip.compress(_tar([("large", large), ("small", RECORD)])))
    (tmp_path / "e.zip").write_bytes(_zip(small))
    (tmp_path / "f.tar").write_bytes(_tar(small))
    (tmp_path / "g.tgz").write_bytes(gzip.compress(_tar([("huge", os.urandom(60_000)), ("x", RECORD)])))
    results = _read(tmp_path)
    assert _codes(results) == ["too-large"] * 4 + ["too-many"] * 2 + ["too-large"] * 2
    assert _places(results).count("small") == 2


def _with_directory(entries: int, entry: bytes, members: bytes = b"PK\x03\x04") -> bytes:
    """A zip file that says it holds so many members, all of them the same."""
    count = min(entries, 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, entries * len(entry), len(members), 0)
    return members + entries * entry + end


def test_members_of_a_zip_that_lie_over_each_other_count_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ARCHIVE_BYTES", 40 * module.MIB)
    packed = _zip([("bomb", bytes(module.RATIO_FLOOR_BYTES * 2))])
    directory, end = packed.index(b"PK\x01\x02"), packed.index(b"PK\x05\x06")
    file = tmp_path / "a.zip"
    file.write_bytes(_with_directory(20_000, packed[directory:end], packed[:directory]))
    codes = _codes(_read(file))
    assert (set(codes[:-1]), codes[-1], len(codes)) == ({"ratio"}, "too-large", 5)


def test_the_table_of_contents_of_a_zip_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_DIRECTORY_BYTES", 100_000)
    file = tmp_path / "a.zip"
    file.write_bytes(_with_directory(3_000, b"PK\x01\x02" + bytes(42)))
    assert _codes(_read(file)) == ["too-many"]


def _extended(payload: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    header = tarfile.TarInfo("x")
    header.type, header.size = kind, len(payload)
    return header.tobuf() + payload + bytes(-len(payload) % 512)


def _sized(field: bytes) -> bytes:
    """A header with these bytes in place of its size."""
    header = bytearray(tarfile.TarInfo("f").tobuf())
    header[124:136] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (_extended(b"1" * 500_000), "too-large"),
        (_extended(b"a" * 2_000_000, tarfile.GNUTYPE_LONGNAME), "too-large"),
        (_extended(b"12 a=bcdefg\n") * 5_000, "damaged"),
        (_sized(b"\xff" * 12), "damaged"),
        (_sized(b"\x80" + b"\x7f" * 11), "damaged"),
    ],
    ids=["digits", "long name", "headers of headers", "negative size", "huge size"],
)
def test_headers_of_a_tar_are_read_in_bounds(tmp_path: Path, data: bytes, code: str) -> None:
    file = tmp_path / "a.tar"
    file.write_bytes(data + tarfile.TarInfo("f").tobuf() + bytes(1024))
    assert _codes(_read(file))[-1:] == [code]


def test_links_to_folders_are_not_followed_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.json").write_bytes(RECORD)
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    results = _read(tmp_path)
    assert _places(results)[1:] == ["SourceSkipped", str(tmp_path / "a" / "one.json")]
    assert isinstance(results[0], SourceUnavailable)


def test_a_file_that_goes_away_while_it_is_read_is_said(tmp_path: Path) -> None:
    for name in ("a.json", "b.json", "c.json"):
        (tmp_path / name).write_bytes(RECORD)
    stream = documents([str(tmp_path)])
    first = next(stream)
    (tmp_path / "b.json").unlink()
    assert _places([first, *stream])[1] == "SourceUnavailable"


def test_parts_of_a_gzipped_file_are_one_document(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b'{"a":') + gzip.compress(b" 1}"))
    assert _read(tmp_path) == [Document(str(tmp_path / "a.gz"), "", RECORD)]


def test_an_archive_is_read_one_member_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    original = zipfile.ZipFile.open

    def counting(self: zipfile.ZipFile, member, *rest, **options):
        opened.append(member.filename)
        return original(self, member, *rest, **options)

    file = tmp_path / "a.zip"
    file.write_bytes(_zip([(f"{number}.json", RECORD) for number in range(5)]))
    monkeypatch.setattr(zipfile.ZipFile, "open", counting)
    stream = documents([str(file)])
    next(stream)
    assert opened == ["0.json"]


# --- JSON


def _parse(data: bytes) -> object:
    return parse_json(Document("f.json", "", data))


def test_numbers_stay_exact() -> None:
    value = _parse(b'\xef\xbb\xbf{"n": [1.50, 1E5, 9007199254740993, -0]}')
    assert value == {"n": [1.5, 100000.0, 9007199254740993, 0]}
    assert isinstance(value, dict)
    assert [number.text for number in value["n"] if isinstance(number, JsonFloat)] == ["1.50", "1E5"]


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        (b"", "syntax", "1:1"),
        (b'{"a": 1,\n "b" 2}', "syntax", "2:6"),
        (b"{} {}", "syntax", "1:4"),
        (b'{"a": {"k": 1, "\\u006b": 2}}', "duplicate-key", "1:16"),
        (b'[{"k": "\\"k\\""},\n {"b": [], "b": 1}]', "duplicate-key", "2:12"),
        (b"[1,\n NaN]", "number", "2:2"),
        (b'["NaN", -Infinity]', "number", "1:9"),
        (b"[1e999]", "number", "1:2"),
        (b"[" + b"9" * 5000 + b"]", "number", "1:2"),
        (b'["\\ud800 x"]', "surrogate", "1:2"),
        (b'{"a":\n"\xff"}', "encoding", "2:2"),
        (b"\xff\xfe{\x00}\x00", "encoding", "1:1"),
        (b"[" * 65 + b"]" * 65, "too-deep", "1:65"),
        (b"[" * 100_000, "too-deep", "1:65"),
        (b'{"a":' * 100_000, "too-deep", "1:321"),
        (b'["' + b'\\"' * 200_000, "syntax", "1:2"),
        (b"[" * 64 + b"]" * 1_000_000, "syntax", "1:129"),
        (b'[""' + b' ""' * 1_000_000, "syntax", "1:5"),
        (b"[[]" + b",[]" * 100_000 + b"," + b"[" * 100, "too-deep", "1:300068"),
        (b"[" + b"1e5," * 500_001 + b"1]", "too-large", "1:1"),
    ],
)
def test_what_breaks_a_bound_is_refused_with_its_place(data: bytes, code: str, place: str) -> None:
    with pytest.raises(SourceMalformed) as caught:
        _parse(data)
    assert (caught.value.code, caught.value.pointer, bool(caught.value.fix)) == (code, place, True)


def test_brackets_and_escapes_inside_strings_do_not_count() -> None:
    text = b'["' + b"[{" * 100 + b'\\\\", "\\\\ud800", "\\ud83d\\ude00"]'
    value = _parse(text)
    assert isinstance(value, list)
    assert value[1:] == ["\\ud800", "\N{GRINNING FACE}"]
    assert _parse(b"[" * 64 + b"]" * 64)


def test_a_private_key_is_not_repeated_in_an_error() -> None:
    with pytest.raises(SourceMalformed, match="e-mail removed"):
        _parse(b'{"jane@example.org": 1, "jane@example.org": 2}')
