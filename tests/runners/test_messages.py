"""What may cross between a site and the coordinator."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runners.site.message import Malformed, Reply, Request, silence
from runners.site.trouble import CODES, Trouble

REQUEST = Request("r1", "c" * 32, "sums", "north", "a" * 64, "b" * 64, 0.5, {"sealed": {"lake": "00"}})


def test_a_request_survives_packing():
    assert Request.unpack(REQUEST.pack()) == REQUEST


@pytest.mark.parametrize("share", [0, -1, 1.01, "1", None, True and "x"])
def test_a_share_of_the_budget_is_above_0_and_at_most_1(share):
    with pytest.raises(Malformed):
        Request.unpack(json.dumps(json.loads(REQUEST.pack()) | {"share": share}).encode())


@pytest.mark.parametrize(
    "changed",
    [{"stage": "rows"}, {"round": "../../north"}, {"round": "C" * 32}, {"run": 7}, {"body": []}, {"body": None}, {"site": None}],
)
def test_other_fields_than_a_request_has_are_malformed(changed):
    with pytest.raises(Malformed):
        Request.unpack(json.dumps(json.loads(REQUEST.pack()) | changed).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_malformed(data):
    for kind in (Request, Reply):
        with contextlib.suppress(Malformed):
            kind.unpack(data)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=50))
def test_a_vector_survives_packing(values):
    reply = Reply.unpack(Reply("north", "a" * 64, {"signature": "00"}, np.asarray(values, np.uint64)).pack())
    assert (reply.site, reply.request, reply.body) == ("north", "a" * 64, {"signature": "00"})
    assert reply.words.tolist() == values


@pytest.mark.parametrize("code", CODES)
def test_every_trouble_survives_packing_and_names_the_hospital(code):
    trouble = Trouble(code, table="lab", column="days", expected="integer", found="text")
    found = Reply.unpack(silence("lake", trouble).pack()).trouble
    assert found is not None
    assert found.facts() == trouble.facts()
    text = found.text("lake")
    assert "lake" in text and "lab" in text and "days" in text
    assert found.exit in (2, 3, 4, 5)


@pytest.mark.parametrize(
    "facts",
    [
        {"code": "nothing"},
        {"code": "table", "table": "x" * 200},
        {"code": "table", "table": "a\nb"},
        {"code": "table", "table": "'; DROP"},
    ],
)
def test_a_site_cannot_send_free_text(facts):
    with pytest.raises(ValueError):
        Trouble.of(facts)
    head = json.dumps({"site": "lake", "request": "", "body": {}, "cells": 0, "trouble": facts}).encode()
    with pytest.raises(Malformed):
        Reply.unpack(head + b"\n")


def test_a_vector_of_another_length_than_it_says_is_malformed():
    with pytest.raises(Malformed):
        Reply.unpack(Reply("north", "", {}, np.arange(3, dtype=np.uint64)).pack()[:-8])


def test_a_ledger_that_is_gone_is_not_called_changed_only():
    said = Trouble("ledger").text("north")
    assert "gone" in said and "older than its audit log" in said and "wardloom verify" in said
