"""Fixtures of the runners' tests."""

import pytest

from tests.runners.small import make_hospital, small_study


@pytest.fixture
def study(tmp_path):
    """Three hospitals, two tables, epsilon 1; the hospitals allow 3."""
    return small_study(tmp_path)


@pytest.fixture
def hospital(study):
    """North's database, with patients and labs."""
    return make_hospital(study.sites["north"])


@pytest.fixture
def sums(monkeypatch):
    """What each site computed in rounds of training, before its noise."""
    from runners.site import agent
    from runners.site.training import answered

    found = []

    def listens(*given):
        found.append(answered(*given))
        return found[-1]

    monkeypatch.setattr(agent, "answered", listens)
    return found
