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
