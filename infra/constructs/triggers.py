"""What starts functions besides requests: the event stream, the outbox and the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler

if TYPE_CHECKING:
    from constructs import Construct

    from infra.constructs.service_function import ServiceFunction
    from infra.environments import Stage


def map_stream(function: ServiceFunction, stage: Stage, *, stream_arn: str, bucket_arn: str) -> None:
    """Feed a consumer from the event stream; what it cannot store in all its tries goes to the archive, records and all."""
    stream = function.row.stream
    if stream is None:
        raise ValueError(f"{function.row.module} consumes nothing")
    lambda_.CfnEventSourceMapping(
        function,
        "Events",
        function_name=function.function.function_name,
        event_source_arn=stream_arn,
        starting_position="TRIM_HORIZON",
        batch_size=stage.batch_size,
        maximum_batching_window_in_seconds=stage.batch_window_seconds if stream.windowed else 0,
        parallelization_factor=stage.worker_count if stream.windowed else 1,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=stage.retry_attempts,
        maximum_record_age_in_seconds=stage.max_record_age_seconds,
        destination_config=lambda_.CfnEventSourceMapping.DestinationConfigProperty(
            on_failure=lambda_.CfnEventSourceMapping.OnFailureProperty(destination=bucket_arn)
        ),
    ).node.add_dependency(function.role)


def map_outbox(function: ServiceFunction, *, stream_arn: str) -> None:
    """Feed a function with the new items of the outbox. What cannot be sent in an hour is left: the alert stands in the list."""
    lambda_.CfnEventSourceMapping(
        function,
        "Outbox",
        function_name=function.function.function_name,
        event_source_arn=stream_arn,
        starting_position="TRIM_HORIZON",
        batch_size=10,
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=20,
        maximum_record_age_in_seconds=3600,
        function_response_types=["ReportBatchItemFailures"],
        filter_criteria=lambda_.CfnEventSourceMapping.FilterCriteriaProperty(
            filters=[lambda_.CfnEventSourceMapping.FilterProperty(pattern='{"eventName": ["INSERT"]}')]
        ),
    ).node.add_dependency(function.role)


def schedule(scope: Construct, function: ServiceFunction, stage: Stage) -> None:
    """Start a function by the clock (UTC), with a role that can start this function and nothing else."""
    stack = Stack.of(scope)
    role = iam.Role(
        function,
        "ScheduleRole",
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
        ),
        description=f"Starts {function.row.module}",
        inline_policies={
            "Start": iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function.function_arn])
                ]
            )
        },
    )
    scheduler.CfnSchedule(
        function,
        "Schedule",
        name=function.physical_name,
        description=f"{function.row.module}: {function.row.about}",
        schedule_expression=function.row.schedule,
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=function.function.function_arn,
            role_arn=role.role_arn,
            # Jobs are functions of their slot: the scheduler writes the time that a run stands for, a retry's too.
            # The local stack's scheduler knows no such attribute; its default event has the time.
            input=None if stage.local else '{"time":"<aws.scheduler.scheduled-time>"}',
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_event_age_in_seconds=900, maximum_retry_attempts=3
            ),
        ),
    )
