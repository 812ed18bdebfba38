"""What lets sharing alerts leave: the topic that people subscribe to, and the way from the outbox to the function that sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions

from infra.reasons import accept

if TYPE_CHECKING:
    from constructs import Construct

    from infra.environments import Stage


def alerts_of_sharing(scope: Construct, stage: Stage) -> sns.Topic | None:
    """Return the topic of sharing alerts, with a mail to `sharing_alert_email`; None when a stage names none."""
    if not stage.sharing_alert_email:
        return None
    topic = sns.Topic(
        scope, "SharingAlerts", topic_name=f"streamgauge-{stage.name}-sharing-alerts", enforce_ssl=not stage.local
    )
    topic.add_subscription(subscriptions.EmailSubscription(stage.sharing_alert_email))
    accept(
        topic,
        "SNS2",
        "Messages become mail at once; a key of our own would cost more than the rest of the stage, and AWS's lets no function publish.",
    )
    return topic


def read_outbox(scope: Construct, table_name: str, stream_arn: str) -> list[iam.PolicyStatement]:
    """Return what a function needs to be fed by the stream of the outbox."""
    streams = Stack.of(scope).format_arn(service="dynamodb", resource="table", resource_name=f"{table_name}/stream/*")
    reading = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    return [
        iam.PolicyStatement(actions=reading, resources=[stream_arn]),
        iam.PolicyStatement(actions=["dynamodb:ListStreams"], resources=[streams]),
    ]
