"""The web application firewall of the edge. CloudFront takes one from us-east-1 only, so it has a stack of its own there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import Stack
from aws_cdk import aws_wafv2 as wafv2

if TYPE_CHECKING:
    from constructs import Construct

    from infra.environments import Stage

CLOUDFRONT_REGION: Final = "us-east-1"


class WebAclStack(Stack):
    """The stack that guards the edge."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage) -> None:
        super().__init__(
            scope,
            construct_id,
            env={"region": CLOUDFRONT_REGION},
            cross_region_references=stage.region != CLOUDFRONT_REGION,
            description="Streamgauge: what guards the edge",
        )
        self.acl = wafv2.CfnWebACL(
            self,
            "WebAcl",
            scope="CLOUDFRONT",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible("WebAcl"),
            rules=[
                wafv2.CfnWebACL.RuleProperty(
                    name="TooManyRequests",
                    priority=0,
                    # As ingest says it itself: clients come back later, while on a 403 they give their events up.
                    action=wafv2.CfnWebACL.RuleActionProperty(
                        block=wafv2.CfnWebACL.BlockActionProperty(
                            custom_response=wafv2.CfnWebACL.CustomResponseProperty(
                                response_code=429,
                                response_headers=[
                                    wafv2.CfnWebACL.CustomHTTPHeaderProperty(name="retry-after", value="60")
                                ],
                            )
                        )
                    ),
                    statement=wafv2.CfnWebACL.StatementProperty(
                        rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                            limit=stage.firewall_limit,
                            aggregate_key_type="IP",
                            evaluation_window_sec=300,
                        )
                    ),
                    visibility_config=_visible("TooManyRequests"),
                ),
                wafv2.CfnWebACL.RuleProperty(
                    name="KnownBadAddresses",
                    priority=1,
                    override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
                    statement=wafv2.CfnWebACL.StatementProperty(
                        managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                            vendor_name="AWS", name="AWSManagedRulesAmazonIpReputationList"
                        )
                    ),
                    visibility_config=_visible("KnownBadAddresses"),
                ),
            ],
        )


def _visible(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
