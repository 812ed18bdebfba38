"""The database token is byte for byte that of the AWS client library."""

from __future__ import annotations

from unittest.mock import patch
from urllib.parse import parse_qsl

import boto3
import pytest
from streamgauge.store.signature import Credentials, database_token

HOST = "cluster.cluster-abc.eu-central-1.rds.amazonaws.com"


@pytest.mark.parametrize("session_token", ["", "a/session+token=="])
def test_the_database_token_is_the_library_s(session_token):
    client = boto3.client(
        "rds",
        "eu-central-1",
        aws_access_key_id="AKID",
        aws_secret_access_key="secret",
        aws_session_token=session_token or None,
    )
    theirs = client.generate_db_auth_token(HOST, 5432, "writer")
    query = dict(parse_qsl(theirs.partition("?")[2]))
    with patch("time.strftime", return_value=query["X-Amz-Date"]):
        ours = database_token(HOST, 5432, "writer", "eu-central-1", keys=Credentials("AKID", "secret", session_token))
    assert dict(parse_qsl(ours.partition("?")[2])) == query
    assert ours.partition("?")[0] == theirs.partition("?")[0]
