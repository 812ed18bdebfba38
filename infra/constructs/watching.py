"""What a team looks at: the alarms that belong to no single function, and the CloudWatch dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.reasons import accept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.constructs.service_function import ServiceFunction
    from infra.environments import Stage

NAMESPACE: Final = "Streamgauge"
# What the jobs find when they compare: rollups or counters with what they are counted from, and the running numbers of ingest.
RECONCILIATION: Final = {
    "ReconciliationDifferences": "rollups or counters differ from the events that they count",
    "AccountingHoles": "events were received that are neither stored, repeated, dead letters nor in flight",
}

_FIVE_MINUTES: Final = Duration.minutes(5)
_TEN_MINUTES_MS: Final = 600_000


def alarm_topic(scope: Construct, stage: Stage) -> sns.Topic:
    """Return the topic that every alarm writes to; a mail goes to `alarm_email` when there is one."""
    topic = sns.Topic(scope, "Alarms", topic_name=f"streamgauge-{stage.name}-alarms", enforce_ssl=not stage.local)
    # A policy of ours, and `enforce_ssl` makes one, takes the place of the one that lets the account's alarms in.
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    if stage.alarm_email:
        topic.add_subscription(subscriptions.EmailSubscription(stage.alarm_email))
    accept(
        topic,
        "SNS2",
        "Alarm texts hold no data of anybody; CloudWatch can write to an encrypted topic only with a paid key.",
    )
    return topic


class Watching(Construct):
    """The shared alarms and the dashboard of a stage."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        stage: Stage,
        functions: Mapping[str, ServiceFunction],
        *,
        api_id: str,
        stream_name: str,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage, self._functions, self._topic = stage, functions, topic
        self._api_id, self._stream_name = api_id, stream_name
        for name, about in RECONCILIATION.items():
            self._alarm(name, self._own(name, "Maximum", Duration.hours(1)), 1, about)
        self._alarm("ApiFailures", self._api("5xx"), 5, "the API answers 5xx")
        lag = self._lag("consumers/warehouse")
        self._alarm("WarehouseLag", lag, _TEN_MINUTES_MS, "events wait for more than ten minutes for Postgres")
        if stage.every_alarm:
            self._alarm(
                "LiveLag", self._lag("consumers/live"), _TEN_MINUTES_MS / 10, "live figures are a minute behind"
            )
            refused = self._stream("WriteProvisionedThroughputExceeded")
            self._alarm("StreamFull", refused, 1, "the stream refuses records: it needs more shards")
        self._dashboard()

    def _alarm(self, construct_id: str, metric: cloudwatch.Metric, threshold: float, about: str) -> None:
        metric.create_alarm(
            self,
            construct_id,
            alarm_name=f"streamgauge-{self._stage.name}-{construct_id}",
            alarm_description=about,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        ).add_alarm_action(actions.SnsAction(self._topic))

    def _own(self, name: str, statistic: str = "Sum", period: Duration = _FIVE_MINUTES) -> cloudwatch.Metric:
        """Return a metric that our functions write (`streamgauge.telemetry.Metric`)."""
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": f"streamgauge-{self._stage.name}"},
            statistic=statistic,
            period=period,
        )

    def _api(self, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/ApiGateway",
            metric_name=name,
            dimensions_map={"ApiId": self._api_id},
            statistic=statistic,
            period=_FIVE_MINUTES,
        )

    def _stream(self, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/Kinesis",
            metric_name=name,
            dimensions_map={"StreamName": self._stream_name},
            statistic=statistic,
            period=_FIVE_MINUTES,
        )

    def _lag(self, module: str) -> cloudwatch.Metric:
        function = self._functions[module].function
        # No label: with one an alarm becomes a metric formula, which the local stack does not take.
        return function.metric("IteratorAge", statistic="Maximum", period=_FIVE_MINUTES)

    def _dashboard(self) -> None:
        functions = [one.function for one in self._functions.values() if one.row.trigger != "deploy"]
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=f"streamgauge-{self._stage.name}",
            widgets=[
                [
                    cloudwatch.GraphWidget(
                        title="Requests and failures",
                        left=[self._api("Count"), self._api("4xx"), self._api("5xx")],
                        width=8,
                    ),
                    cloudwatch.GraphWidget(
                        title="Latency, ms", left=[self._api("Latency", "p50"), self._api("Latency", "p95")], width=8
                    ),
                    cloudwatch.GraphWidget(
                        title="Events on the stream",
                        left=[self._stream("IncomingRecords"), self._stream("WriteProvisionedThroughputExceeded")],
                        width=8,
                    ),
                ],
                [
                    cloudwatch.GraphWidget(
                        title="Events", left=[self._own("EventsStored"), self._own("PlaybacksStarted")], width=8
                    ),
                    cloudwatch.GraphWidget(
                        title="Refused and put aside",
                        left=[self._own(name) for name in ("RequestsRefused", "EventsRefused", "EventsSpilled")],
                        width=8,
                    ),
                    cloudwatch.GraphWidget(
                        title="From receipt to report, seconds; connections",
                        left=[self._own("StoringDelay", "Maximum")],
                        right=[self._own("WebSocketConnections", "Maximum")],
                        width=8,
                    ),
                ],
                [
                    cloudwatch.GraphWidget(
                        title="How far consumers are behind, ms",
                        left=[self._lag("consumers/warehouse"), self._lag("consumers/live")],
                        width=8,
                    ),
                    cloudwatch.GraphWidget(
                        title="Errors by function",
                        left=[one.metric_errors(period=_FIVE_MINUTES, label=one.function_name) for one in functions],
                        width=16,
                    ),
                ],
            ],
        )
