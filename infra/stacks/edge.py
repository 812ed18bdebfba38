"""What the world sees: CloudFront before the API and the dashboard's files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Annotations, CfnOutput, Duration, RemovalPolicy, SecretValue, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as s3_deployment

from infra import page
from infra.assets import ROOT
from infra.names import publish, read
from infra.permissions import SOCKET_STAGE
from infra.reasons import accept, accept_wildcard
from infra.stacks.web_acl import CLOUDFRONT_REGION, WebAclStack

if TYPE_CHECKING:
    from constructs import Construct

    from infra.environments import Stage

# Everything else goes to the API. `/` is rewritten to `/index.html` by a function.
DASHBOARD_PATHS: Final = ("/", "/index.html", page.CONFIGURATION_PATH, "/favicon.ico", "/assets/*", "/tracker/*")

# Built by `make install`; a stage can be synthesized without it.
DASHBOARD: Final = ROOT / "web" / "dashboard" / "dist"

_HERE: Final = Path(__file__).parent


class Edge(Stack):
    """The stack that the world sees."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage, web_acl: WebAclStack | None) -> None:
        super().__init__(
            scope,
            construct_id,
            env={"region": stage.region},
            cross_region_references=web_acl is not None and stage.region != CLOUDFRONT_REGION,
            description="Streamgauge: what the world sees",
        )
        self._stage = stage
        self._viewer_request = self._association("ViewerRequest", "viewer_request.js")
        # The CDK's function that uploads the page depends by name on what it refers to anyway.
        self.template_options.metadata = {"cfn-lint": {"config": {"ignore_checks": ["W3005"]}}}
        self._page_headers = self._headers_of_the_page()
        bucket = self._dashboard_bucket()
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Streamgauge {stage.name}",
            default_behavior=self._api_behavior(),
            additional_behaviors={
                **dict.fromkeys(DASHBOARD_PATHS, self._dashboard_behavior(bucket)),
                f"/{SOCKET_STAGE}": self._socket_behavior(),
            },
            web_acl_id=web_acl.acl.attr_arn if web_acl else None,
            domain_names=[stage.domain_name] if stage.domain_name else None,
            certificate=acm.Certificate.from_certificate_arn(self, "Certificate", stage.certificate_arn)
            if stage.certificate_arn
            else None,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if stage.certificate_arn else None,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_ALL,
        )
        accept(distribution, "CFR1", "Analytics serves the visitors of its sites, wherever they are.")
        accept(distribution, "CFR3", "Access logs would keep the addresses of viewers, which nothing here keeps.")
        if web_acl is None:
            accept(
                distribution,
                "CFR2",
                "A small stage goes without a firewall of its own ($8 a month); ingest limits rates in code.",
            )
        if not stage.domain_name:
            accept(
                distribution,
                "CFR4",
                "CloudFront's own name allows its own certificate only; with `domain_name` TLS 1.2 is the least.",
            )
        self._upload(bucket, distribution)
        name = stage.domain_name or distribution.distribution_domain_name
        publish(self, stage, {"address": f"https://{name}", "dashboard-bucket": bucket.bucket_name})
        CfnOutput(self, "Address", value=f"https://{name}")
        CfnOutput(self, "DashboardBucket", value=bucket.bucket_name)
        CfnOutput(self, "DistributionId", value=distribution.distribution_id)

    def _dashboard_bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Dashboard",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.RETAIN if self._stage.keep_data else RemovalPolicy.DESTROY,
        )
        accept(
            bucket, "S1", "It holds the dashboard's built files, which are in the repository; only CloudFront reads it."
        )
        return bucket

    def _upload(self, bucket: s3.Bucket, distribution: cloudfront.Distribution) -> None:
        """Copy the built page to its bucket at every deploy that changes it."""
        if not (DASHBOARD / "index.html").is_file():
            Annotations.of(self).add_warning_v2(
                "streamgauge:dashboard",
                "The dashboard is not built, so none is uploaded: run `make install` with a network, then deploy again.",
            )
            return
        # Names under /assets hold the hash of what is in them; the page itself says which of them it needs.
        assets = self._deployment(
            "Assets",
            bucket,
            include=["assets/*"],
            cache_control=[s3_deployment.CacheControl.from_string("public, max-age=31536000, immutable")],
        )
        configuration = page.configuration(self._stage.variables())
        self._deployment(
            "Page",
            bucket,
            s3_deployment.Source.json_data(page.CONFIGURATION_PATH.removeprefix("/"), configuration),
            include=["index.html", page.CONFIGURATION_PATH.removeprefix("/")],
            cache_control=[s3_deployment.CacheControl.no_cache()],
            distribution=distribution,
            distribution_paths=["/", "/index.html", page.CONFIGURATION_PATH],
        ).node.add_dependency(assets)
        self._accept_uploader(bucket)

    def _deployment(
        self,
        name: str,
        bucket: s3.Bucket,
        *more: s3_deployment.ISource,
        **given: Any,  # noqa: ANN401  # as the CDK's own
    ) -> s3_deployment.BucketDeployment:
        return s3_deployment.BucketDeployment(
            self,
            name,
            sources=[s3_deployment.Source.asset(str(DASHBOARD)), *more],
            destination_bucket=bucket,
            exclude=["*"],
            # A page that somebody has open may still ask for files of the one before.
            prune=False,
            **given,
        )

    def _accept_uploader(self, bucket: s3.Bucket) -> None:
        """Say why the CDK's own function that copies the files stands as it is."""
        uploader = next(one for one in self.node.children if one.node.id.startswith("Custom::CDKBucketDeployment"))
        reason = "The CDK's own function: it copies its assets to the dashboard's bucket, at a deploy alone."
        staged = f"cdk-{self.synthesizer.bootstrap_qualifier}-assets-{self.account}-{self.region}"
        for action in ("GetObject*", "GetBucket*", "List*", "DeleteObject*", "Abort*"):
            accept(uploader, f"IAM5[Action::s3:{action}]", reason)
        for resource in (f"arn:{self.partition}:s3:::{staged}/*", f"{bucket.bucket_arn}/*"):
            accept_wildcard(uploader, resource, reason)
        accept(
            uploader, "IAM5[Resource::*]", "Invalidations of a distribution take no narrower resource in this policy."
        )
        managed = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        accept(uploader, f"IAM4[Policy::{managed}]", reason)
        accept(uploader, "L1", "The runtime is the one that this release of the CDK has tested its function with.")

    def _api_behavior(self) -> cloudfront.BehaviorOptions:
        stage = self._stage
        direct = f"{read(self, stage, 'api-id')}.execute-api.{self.region}.{self.url_suffix}"
        return self._handed_on(stage.origin_domain_name or direct, cloudfront.AllowedMethods.ALLOW_ALL)

    def _socket_behavior(self) -> cloudfront.BehaviorOptions:
        """Hand live connections on: the path is the stage of the WebSocket API."""
        origin = f"{read(self, self._stage, 'socket-api-id')}.execute-api.{self.region}.{self.url_suffix}"
        return self._handed_on(origin, cloudfront.AllowedMethods.ALLOW_GET_HEAD)

    def _handed_on(self, origin: str, methods: cloudfront.AllowedMethods) -> cloudfront.BehaviorOptions:
        """Hand requests on as they come, uncached, with the secret by which the origin knows this distribution."""
        secret = SecretValue.secrets_manager(read(self, self._stage, "origin-secret")).unsafe_unwrap()
        return cloudfront.BehaviorOptions(
            origin=origins.HttpOrigin(
                origin,
                protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                # A header of this name from a client is overwritten.
                custom_headers={"x-origin-secret": secret},
            ),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=methods,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            function_associations=[self._viewer_request],
        )

    def _dashboard_behavior(self, bucket: s3.Bucket) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=origins.S3BucketOrigin.with_origin_access_control(bucket),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=self._page_headers,
            compress=True,
            function_associations=[self._association("DashboardRequest", "dashboard_request.js")],
        )

    def _headers_of_the_page(self) -> cloudfront.ResponseHeadersPolicy:
        """Send the page with the policy that allows it no script but its own."""
        return cloudfront.ResponseHeadersPolicy(
            self,
            "PageHeaders",
            response_headers_policy_name=f"streamgauge-{self._stage.name}-page",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=page.policy(self._stage.variables()), override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=Duration.days(365), override=True
                ),
            ),
        )

    def _association(self, construct_id: str, file: str) -> cloudfront.FunctionAssociation:
        function = cloudfront.Function(
            self,
            construct_id,
            function_name=f"streamgauge-{self._stage.name}-{construct_id}",
            code=cloudfront.FunctionCode.from_inline((_HERE / file).read_text("utf-8")),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        return cloudfront.FunctionAssociation(function=function, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST)
