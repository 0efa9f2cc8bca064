"""What tests of the configuration ask for."""

import pytest

from desk.transaction import Desk
from tests.unit.desk.configuration.configuration_stage import ConfigurationStage, set_configuration_stage


@pytest.fixture
def stage(desk: Desk) -> ConfigurationStage:
    """API, Europe (Berlin, Oslo), America (Boston), Website."""
    return set_configuration_stage(desk)
