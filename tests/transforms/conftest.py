import pytest
from market import Market


@pytest.fixture
def market() -> Market:
    """An empty warehouse in memory."""
    return Market()
