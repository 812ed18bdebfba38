"""Every safeguard is needed: with it nothing goes wrong, without it something does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.torture.safeguards import SAFEGUARDS, poison_while_s3_is_away, removed

if TYPE_CHECKING:
    import psycopg

    from tests.support.faulty_aws import FaultyAws


@pytest.mark.parametrize("name", SAFEGUARDS)
def test_without_a_safeguard_something_goes_wrong(
    connection: psycopg.Connection[Any], database_url: str, aws: FaultyAws, lanes: pytest.MonkeyPatch, name: str
) -> None:
    provoke = SAFEGUARDS[name][1]
    arguments = (connection, database_url, aws) if provoke is poison_while_s3_is_away else (connection, database_url)
    assert provoke(*arguments) == []
    aws.reset()
    with removed(lanes, name):
        wrong = provoke(*arguments)
    print(f"without {name}: {wrong[:2]}")
    assert wrong
