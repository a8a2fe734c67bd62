"""The archive keeps what it is given, and notices when the disk does not."""

import os
import resource
import stat
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard
from rembigraph.catalogue.archive import (
    Archive,
    CanonicalRecord,
    check_canonical,
    compress,
    decompress,
    sync_files,
)
from rembigraph.ontology.errors import StoreDamaged, UsageError

DATA = "https://example.org/id/"
OWN = f"<{DATA}graph/S-BIAD1/gide>"
LINE = f'<{DATA}S-BIAD1> <http://p> "a" {OWN} .\n'


def record(quads=LINE, *, accession="S-BIAD1", source="gide", source_bytes=b"{}", quality="original"):
    return CanonicalRecord(accession, source, source_bytes, quads.encode(), "1", quality, "", "a.json")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    (tmp_path / "archive").mkdir()
    return Archive(tmp_path / "archive")


def test_what_is_stored_is_read_back(archive):
    one, two = record(), record(source_bytes=b"[]")
    archive.store([one, two, one])
    for each in (one, two):
        assert archive.read_source(*each.key, each.source_sha256) == each.source_bytes
        assert archive.read_quads(*each.key, each.quads_sha256) == each.quads
    files = sorted(path.name for path in archive.path.rglob("*") if path.is_file())
    assert files == sorted(
        [f"{one.source_sha256}.src.zst", f"{two.source_sha256}.src.zst", f"{one.quads_sha256}.nq.zst"]
    )


def test_source_bytes_are_private(archive):
    archive.store([record()])
    (source,) = archive.path.rglob("*.src.zst")
    (quads,) = archive.path.rglob("*.nq.zst")
    assert stat.S_IMODE(source.stat().st_mode) == 0o600
    assert stat.S_IMODE(quads.stat().st_mode) & 0o400


def test_a_right_file_is_left_alone_and_a_damaged_one_is_written_again(archive):
    each = record()
    archive.store([each])
    quads = archive.quads_path(*each.key, each.quads_sha256)
    source = archive.source_path(*each.key, each.source_sha256)
    inode = quads.stat().st_ino
    source.write_bytes(b"rubbish")
    archive.store([each])
    assert quads.stat().st_ino == inode
    assert archive.read_source(*each.key, each.source_sha256) == each.source_bytes


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: bytes([content[0] ^ 1]) + content[1:],
        lambda content: content[:-6] + bytes([content[-6] ^ 1]) + content[-5:],
        lambda content: compress(b"something else"),
        lambda content: zstandard.ZstdCompressor(write_content_size=False).compress(LINE.encode()),
    ],
    ids=["empty", "cut", "longer", "magic", "flipped", "other", "no-size"],
)
def test_damage_is_noticed(archive, damage):
    each = record()
    archive.store([each])
    path = archive.quads_path(*each.key, each.quads_sha256)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StoreDamaged) as caught:
        archive.read_quads(*each.key, each.quads_sha256)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_noticed(archive):
    with pytest.raises(StoreDamaged, match="missing"):
        archive.read_quads("S-BIAD1", "gide", sha256(b"").hexdigest())


def test_a_bomb_is_refused_before_memory_is_taken():
    bomb = compress(b"\0" * 1_000_000)
    with pytest.raises(ValueError, match="1000000 bytes"):
        decompress(bomb, limit=999_999)
    assert len(decompress(bomb, limit=1_000_000)) == 1_000_000


def test_the_same_bytes_give_the_same_file():
    assert compress(LINE.encode() * 100) == compress(LINE.encode() * 100)


def test_a_failed_store_leaves_nothing_half_done(archive, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rembigraph.catalogue.durable.sync_file", full)
    with pytest.raises(OSError, match="No space"):
        archive.store([record()])
    assert not [path for path in archive.path.rglob("*") if path.is_file()]


def test_staged_records_are_read_back_and_private(archive):
    one, two = record(), record(source_bytes=b"[]")
    staging = archive.staging()
    staged = [staging.put(each) for each in (one, two, two)]
    assert not [
        path for path in archive.path.rglob("*") if path.is_file() and staging.path not in path.parents
    ]
    archive.store(staged)
    for each, put in zip((one, two, two), staged, strict=True):
        facts = ("key", "source_sha256", "quads_sha256", "triples", "quad_count", "quality", "file")
        assert all(getattr(put, name) == getattr(each, name) for name in facts)
        assert archive.read_source(*put.key, put.source_sha256) == each.source_bytes
        assert archive.read_quads(*put.key, put.quads_sha256) == each.quads
    assert {stat.S_IMODE(path.stat().st_mode) for path in archive.path.rglob("*.src.zst")} == {0o600}
    staging.clear()
    assert len([path for path in archive.path.rglob("*") if path.is_file()]) == 3
    assert not (archive.path / ".incoming").exists()


def test_storing_one_batch_leaves_what_is_staged_for_another(archive):
    first, second = archive.staging(), archive.staging()
    waiting = second.put(record(source_bytes=b"[]"))
    archive.store([first.put(record())])
    first.clear()
    archive.store([waiting])
    assert archive.read_source(*waiting.key, waiting.source_sha256) == b"[]"


def test_a_damaged_file_is_replaced_by_a_staged_one_and_a_right_one_is_not(archive):
    each = record()
    archive.store([each])
    quads, source = (
        archive.quads_path(*each.key, each.quads_sha256),
        archive.source_path(*each.key, each.source_sha256),
    )
    inode = quads.stat().st_ino
    source.write_bytes(compress(b"something else"))
    archive.store([archive.staging().put(each)])
    assert quads.stat().st_ino == inode
    assert archive.read_source(*each.key, each.source_sha256) == each.source_bytes


def test_what_was_staged_and_swept_cannot_be_stored(archive):
    staging = archive.staging()
    staged = staging.put(record())
    archive.sweep()
    with pytest.raises(FileNotFoundError):
        archive.store([staged])
    with pytest.raises(FileNotFoundError):
        staging.put(record())
    assert not [path for path in archive.path.rglob("*") if path.is_file()]


def test_a_record_that_does_not_fit_leaves_nothing_staged(archive):
    """The limit on the size of files is the kernel's; the source fits, the quads don't."""
    staging = archive.staging()
    quads = LINE + "".join(
        f'<{DATA}S-BIAD1> <http://p> "{sha256(bytes([n])).hexdigest()}" {OWN} .\n' for n in range(99)
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            staging.put(record(quads))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(staging.path.iterdir()) == []


def test_every_file_is_synced_and_a_failure_is_told(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda file: (fsync(file), synced.append(Path(f"/proc/self/fd/{file}").readlink()))
    )
    files = [tmp_path / str(number) for number in range(50)]
    for path in files:
        path.touch()
    sync_files(files)
    assert sorted(synced) == sorted(files)
    with pytest.raises(FileNotFoundError):
        sync_files([*files, tmp_path / "gone"])


def test_counts_of_a_record():
    shared = f"<{DATA}S-BIAD1> <http://p> <http://o> <{DATA}graph/links> .\n"
    # The literal holds what looks like the end of a line in the study graph.
    tricky = f'<{DATA}S-BIAD1> <http://p> "x {OWN} .\\n" <{DATA}graph/links> .\n'
    each = record("".join(sorted([LINE, shared, tricky])))
    assert (each.triples, each.quad_count) == (1, 3)
    check_canonical(each, DATA)


@pytest.mark.parametrize(
    ("quads", "complaint"),
    [
        ("", "line feed"),
        (LINE[:-1], "line feed"),
        (LINE + LINE, "sorted and unique"),
        (LINE + f'<{DATA}S-BIAD0> <http://p> "a" {OWN} .\n', "sorted and unique"),
        (f'<{DATA}A> <http://p> "a" .\n{LINE}', "no named graph"),
        (f"<{DATA}A> <http://p> {OWN} .\n{LINE}", "no named graph"),
        (f"<{DATA}A> {OWN} .\n{LINE}", "no named graph"),
        (f"{LINE}{OWN} .\n", "no named graph"),
        (f"\n{LINE}", "no named graph"),
        (f'<{DATA}A> <http://p> "a b c" .\n{LINE}', "outside"),
        (f'<{DATA}A> <http://p> "a" <{DATA}graph/S-BIAD2/gide> .\n{LINE}', "outside"),
        (f'<{DATA}A> <http://p> "a" <{DATA}graph/terms> .\n{LINE}', "outside"),
        (f'<{DATA}S-BIAD12/x> <http://p> "a" <{DATA}graph/links> .\n', "no triples"),
        (f'<{DATA}S-BIAD12/x> <http://p> "a" <{DATA}graph/links> .\n{LINE}', "outside"),
        (f"{LINE}_:b <http://p> <http://o> {OWN} .\n", "blank node"),
        (f"<{DATA}A> <http://p> _:b {OWN} .\n{LINE}", "blank node"),
    ],
)
def test_a_record_that_breaks_the_contract_is_refused(quads, complaint):
    with pytest.raises(ValueError, match=complaint):
        check_canonical(record(quads), DATA)


def test_an_unknown_quality_is_refused():
    with pytest.raises(ValueError, match="quality"):
        check_canonical(record(quality="fine"), DATA)


@pytest.mark.parametrize("name", ["", "..", ".incoming", "a/b", "a\0b", "a b", "x" * 201, "é"])
def test_names_that_are_paths_are_refused(archive, name):
    with pytest.raises(UsageError):
        archive.read_quads(name, "gide", "0")
    with pytest.raises(UsageError):
        check_canonical(record(accession=name), DATA)
    with pytest.raises(UsageError):
        check_canonical(record(source=name), DATA)
