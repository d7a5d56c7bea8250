"""The model card says what the spec says, and no more than words."""

from __future__ import annotations

from dataclasses import replace

from runners.card import _head
from specs.lang.types import Governance
from tests.generators.studies import clinic

FACTS = dict.fromkeys(("digest", "run", "made", "wardloom", "privacy"), "x") | {"generator": "marginal", "epsilon": None}


def test_words_of_a_spec_are_neither_html_nor_the_end_of_a_table_cell() -> None:
    study = replace(clinic(), about="<script>alert(1)</script>", governance=Governance(purpose="a | b\n| forged | row |<b>"))
    lines = list(_head(study, FACTS))
    assert "<" not in "\n".join(lines)
    assert [line for line in lines if line.startswith("| purpose")] == [r"| purpose | a \| b \| forged \| row \|&lt;b&gt; |"]
    assert not any(line.startswith("| forged") for line in lines)
