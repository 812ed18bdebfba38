import json
from collections import Counter
from typing import Any

import pytest

from infra.catalog import CATALOG, Side, Socket
from infra.permissions import EVERYTHING, WILDCARD_REASONS
from tests.infra.conftest import Assembly

# Roles of functions that the CDK makes for itself, and why a wildcard in them stands.
CDK_ROLES = {
    "StepframeworkonEvent": "CDK's provider function invokes any version of our handler, and nothing else.",
    "CustomCDKBucketDeployment": "CDK's own uploader copies its assets to the dashboard's bucket, at a deploy alone.",
}


def roles_of_functions(assembly: Assembly) -> dict[str, str]:
    """Return the role of each function of the catalog, by module."""
    template = assembly["Compute"]
    functions = {
        one["Properties"]["Handler"]: one["Properties"]["Role"]["Fn::GetAtt"][0]
        for one in template.of("AWS::Lambda::Function").values()
    }
    return {row.module: functions[row.handler] for row in CATALOG if row.handler in functions}


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    documents = [policy["PolicyDocument"] for policy in role["Properties"].get("Policies", [])]
    return [statement for document in documents for statement in document["Statement"]]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(resource: Any) -> str:
    if isinstance(resource, dict) and "Fn::Join" in resource:
        return "".join(text(part) for part in resource["Fn::Join"][1])
    return resource if isinstance(resource, str) else f"<{json.dumps(resource)}>"


def test_every_function_has_a_role_of_its_own(assembly: Assembly) -> None:
    shared = [role for role, count in Counter(roles_of_functions(assembly).values()).items() if count > 1]
    assert shared == []
    assert len(roles_of_functions(assembly)) == len(CATALOG) - (0 if assembly.stage.makes_network else 1)


def test_no_action_is_a_wildcard(assembly: Assembly) -> None:
    for kind in ("AWS::IAM::Role", "AWS::IAM::Policy"):
        for name, one in assembly.every(kind).items():
            found = statements(one) + one["Properties"].get("PolicyDocument", {}).get("Statement", [])
            stars = [action for statement in found for action in as_list(statement["Action"]) if "*" in action]
            assert not stars or any(part in name for part in CDK_ROLES), (name, stars)


def test_every_wildcard_resource_has_its_written_reason(deployed: Assembly) -> None:
    for name, one in deployed.every("AWS::IAM::Role").items():
        for statement in statements(one):
            for resource in map(text, as_list(statement["Resource"])):
                if "*" in resource:
                    assert any(resource.endswith(end) for end in WILDCARD_REASONS), (name, resource)
    for name, one in deployed.every("AWS::IAM::Policy").items():
        stars = [
            resource
            for statement in one["Properties"]["PolicyDocument"]["Statement"]
            for resource in map(text, as_list(statement["Resource"]))
            if "*" in resource
        ]
        assert not stars or any(part in name for part in CDK_ROLES), (name, stars)


def test_a_bare_star_is_for_network_interfaces_and_for_reading_a_metric(deployed: Assembly) -> None:
    for one in deployed.every("AWS::IAM::Role").values():
        for statement in statements(one):
            if EVERYTHING in as_list(statement["Resource"]):
                actions = as_list(statement["Action"])
                assert all(
                    action.startswith("ec2:") or action == "cloudwatch:GetMetricStatistics" for action in actions
                )


@pytest.mark.parametrize("row", CATALOG, ids=lambda row: row.module)
def test_the_side_of_a_function_agrees_with_what_it_may_do(small: Assembly, row: Any) -> None:
    template = small["Compute"]
    role = template.body["Resources"][roles_of_functions(small)[row.module]]
    allowed = [statement for statement in statements(role) if statement["Effect"] == "Allow"]
    services = {action.partition(":")[0] for statement in allowed for action in as_list(statement["Action"])}
    actions = {action for statement in allowed for action in as_list(statement["Action"])}
    (made,) = (
        one for one in template.of("AWS::Lambda::Function").values() if one["Properties"]["Handler"] == row.handler
    )
    variables = made["Properties"]["Environment"]["Variables"]
    if row.side is Side.INSIDE:
        assert made["Properties"]["VpcConfig"]["SubnetIds"]
        # Lambda reads the stream for a consumer; nothing else leaves the network but through its two endpoints.
        reached = services - {"logs", "ec2"} - ({"kinesis"} if row.stream else set())
        assert reached <= {"rds-db", "dynamodb", "s3"}
        assert "kinesis:PutRecords" not in actions
        assert "rds-db:connect" in actions
        assert variables["DATABASE_USER"] == row.postgres.value
    else:
        assert "VpcConfig" not in made["Properties"]
        assert not {"rds-db", "ec2"} & services
        assert "DATABASE_USER" not in variables
    assert ("ORIGIN_SECRET" in variables) == (row.trigger == "api" or row.socket is Socket.CONNECT)


def test_each_function_connects_as_its_own_database_role_only(small: Assembly) -> None:
    for row in CATALOG:
        role = small["Compute"].body["Resources"][roles_of_functions(small)[row.module]]
        users = [
            text(resource).rpartition("/")[2]
            for statement in statements(role)
            if "rds-db:connect" in as_list(statement["Action"])
            for resource in as_list(statement["Resource"])
        ]
        assert users == ([row.postgres.value] if row.postgres else []), row.module


def test_ingest_can_make_salts_but_neither_keys_nor_sites(small: Assembly) -> None:
    role = small["Compute"].body["Resources"][roles_of_functions(small)["api/ingest"]]
    writing = [one for one in statements(role) if {"dynamodb:PutItem"} & set(as_list(one["Action"]))]
    registry = [one for one in writing if "registrytable" in json.dumps(one["Resource"]).lower()]
    assert [one["Condition"] for one in registry] == [{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["salt#*"]}}]


def test_code_cannot_use_the_network_interface_permissions(small: Assembly) -> None:
    role = small["Compute"].body["Resources"][roles_of_functions(small)["consumers/warehouse"]]
    (denied,) = (one for one in statements(role) if one["Effect"] == "Deny")
    assert "lambda:SourceFunctionArn" in denied["Condition"]["ArnEquals"]


def test_only_api_gateway_and_the_scheduler_start_functions(deployed: Assembly) -> None:
    permissions = deployed["Compute"].of("AWS::Lambda::Permission").values()
    assert {one["Properties"]["Principal"] for one in permissions} == {"apigateway.amazonaws.com"}
    assert all("SourceArn" in one["Properties"] for one in permissions)
