"""How sharing alerts leave: the outbox's stream, the one function it starts, and the topic where a stage names a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.infra.test_permissions import as_list, roles_of_functions, statements, text

if TYPE_CHECKING:
    from tests.infra.conftest import Assembly


def test_the_outbox_tells_of_new_items_and_starts_the_sender_alone(assembly: Assembly) -> None:
    tables = assembly["Storage"].of("AWS::DynamoDB::Table").values()
    streams = [one["Properties"]["StreamSpecification"] for one in tables if "StreamSpecification" in one["Properties"]]
    assert streams == [{"StreamViewType": "NEW_IMAGE"}]
    mappings = assembly["Compute"].of("AWS::Lambda::EventSourceMapping").values()
    (mapping,) = (one["Properties"] for one in mappings if "FilterCriteria" in one["Properties"])
    assert mapping["FilterCriteria"] == {"Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}]}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["MaximumRecordAgeInSeconds"] == 3600


def test_the_sender_reads_the_outbox_and_the_registry_and_forgets_connections_that_are_gone(deployed: Assembly) -> None:
    role = deployed["Compute"].body["Resources"][roles_of_functions(deployed)["streams/alert_sender"]]
    actions = {action for one in statements(role) for action in as_list(one["Action"])}
    assert {action for action in actions if action.startswith("dynamodb:")} == {
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        # Of the table of sockets.
        "dynamodb:Query",
        "dynamodb:DeleteItem",
        "dynamodb:BatchWriteItem",
    }
    assert not [action for action in actions if action.startswith("sns:")], "no topic, no right to publish"
    listed = [text(one["Resource"]) for one in statements(role) if one["Action"] == "dynamodb:ListStreams"]
    assert all(resource.endswith("/stream/*") for resource in listed)


def test_only_detection_fills_the_outbox(deployed: Assembly) -> None:
    template = deployed["Compute"].body["Resources"]
    filling = {
        module
        for module, role in roles_of_functions(deployed).items()
        for one in statements(template[role])
        if "dynamodb:PutItem" in as_list(one["Action"]) and "outboxtable" in str(one["Resource"]).lower()
    }
    assert filling == {"schedules/sharing_detection"}
