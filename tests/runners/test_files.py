"""Files and directories are whole or not there."""

import pytest

from runners.files import read_json, restore, sha256, swap, write_atomic, write_json


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    file = tmp_path / "a.json"
    write_json(file, {"a": 1})

    def breaks(part):
        part.write_text("{")
        raise OSError("full")

    with pytest.raises(OSError):
        write_atomic(file, breaks)
    assert read_json(file) == {"a": 1}
    assert [f.name for f in tmp_path.iterdir()] == ["a.json"]


def test_a_swap_replaces_the_release(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name)
    swap(tmp_path / "new", tmp_path / "old")
    assert [f.name for f in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old" / "x").read_text() == "new"


def test_a_swap_cut_short_is_mended(tmp_path):
    place = tmp_path / "release"
    (tmp_path / ".release.previous").mkdir()
    (tmp_path / ".release.previous" / "x").write_text("kept")
    restore(place)
    assert (place / "x").read_text() == "kept"


def test_json_that_is_no_json_is_none(tmp_path):
    (tmp_path / "a").write_text("{")
    assert read_json(tmp_path / "a") is None
    assert read_json(tmp_path / "b") is None


def test_sha256(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
