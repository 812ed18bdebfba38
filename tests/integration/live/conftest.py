"""The tables of moto, empty, for each module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from streamgauge.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.aws import Aws


@pytest.fixture(scope="module", autouse=True)
def table(moto: Aws) -> Iterator[None]:
    moto.reset()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in moto.environment().items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield
    settings.cache_clear()
