"""The files of the dashboard and the tracker as CloudFront serves them: their bucket, the upload at a deploy, the headers that bind the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_cdk import Annotations, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_deployment as s3_deployment
from constructs import Construct

from infra import page
from infra.building import ROOT
from infra.reasons import accept, accept_wildcard

if TYPE_CHECKING:
    from infra.environments import Stage

# What browsers load; everything else goes to the API. `/` is rewritten to `/index.html` by a function.
DASHBOARD_PATHS: Final = ("/", "/index.html", page.CONFIGURATION_PATH, "/favicon.ico", "/assets/*", "/tracker/*")

# Built by `make install`; a stage can be synthesized without them.
BUILT: Final = ROOT / "web" / "dashboard" / "dist"
TRACKER: Final = ROOT / "web" / "tracker" / "dist"


class Dashboard(Construct):
    """The page's bucket; `behavior` serves it, `upload` fills it."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        self.bucket = s3.Bucket(
            self,
            "Files",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.RETAIN if stage.keep_data else RemovalPolicy.DESTROY,
        )
        reason = "It holds what is built from the repository for browsers; only CloudFront reads it."
        accept(self.bucket, "S1", reason)
        self._headers = self._response_headers()

    def behavior(self, request: cloudfront.FunctionAssociation) -> cloudfront.BehaviorOptions:
        """Return how the files are served; `request` is the function that a request goes through."""
        return cloudfront.BehaviorOptions(
            origin=origins.S3BucketOrigin.with_origin_access_control(self.bucket),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_GET_HEAD,
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=self._headers,
            compress=True,
            function_associations=[request],
        )

    def upload(self, distribution: cloudfront.Distribution) -> None:
        """Copy the built page and the tracker to their bucket at every deploy that changes them."""
        if (BUILT / "index.html").is_file():
            self._upload_page(distribution)
        else:
            self._warn_of("dashboard")
        if (TRACKER / "streamgauge.js").is_file():
            self._upload_tracker(distribution)
        else:
            self._warn_of("tracker")
        if any(isinstance(one, s3_deployment.BucketDeployment) for one in self.node.children):
            self._accept_uploader()

    def _warn_of(self, name: str) -> None:
        Annotations.of(self).add_warning_v2(
            f"streamgauge:{name}",
            f"The {name} is not built, so none is uploaded: run `make install` with a network, then deploy again.",
        )

    def _upload_tracker(self, distribution: cloudfront.Distribution) -> None:
        self._deployment(
            "Tracker",
            s3_deployment.Source.asset(str(TRACKER)),
            destination_key_prefix="tracker",
            include=["streamgauge.js"],
            # Sites name it for good, so browsers ask again after an hour whether there is a newer one.
            cache_control=[s3_deployment.CacheControl.from_string("public, max-age=3600")],
            distribution=distribution,
            distribution_paths=["/tracker/*"],
        )

    def _upload_page(self, distribution: cloudfront.Distribution) -> None:
        built = s3_deployment.Source.asset(str(BUILT))
        # Names under /assets hold the hash of what is in them; the page itself says which of them it needs.
        assets = self._deployment(
            "Assets",
            built,
            include=["assets/*"],
            cache_control=[s3_deployment.CacheControl.from_string("public, max-age=31536000, immutable")],
        )
        configuration = page.configuration(self._stage.variables())
        self._deployment(
            "Page",
            built,
            s3_deployment.Source.json_data(page.CONFIGURATION_PATH.removeprefix("/"), configuration),
            include=["index.html", page.CONFIGURATION_PATH.removeprefix("/")],
            cache_control=[s3_deployment.CacheControl.no_cache()],
            distribution=distribution,
            distribution_paths=["/", "/index.html", page.CONFIGURATION_PATH],
        ).node.add_dependency(assets)

    def _deployment(
        self,
        name: str,
        *sources: s3_deployment.ISource,
        **given: Any,  # noqa: ANN401  # as the CDK's own
    ) -> s3_deployment.BucketDeployment:
        return s3_deployment.BucketDeployment(
            self,
            name,
            sources=list(sources),
            destination_bucket=self.bucket,
            exclude=["*"],
            # A page that somebody has open may still ask for files of the one before.
            prune=False,
            **given,
        )

    def _accept_uploader(self) -> None:
        """Say why the CDK's own function that copies the files stands as it is."""
        stack = Stack.of(self)
        uploader = next(one for one in stack.node.children if one.node.id.startswith("Custom::CDKBucketDeployment"))
        reason = "The CDK's own function: it copies its assets to the dashboard's bucket, at a deploy alone."
        staged = f"cdk-{stack.synthesizer.bootstrap_qualifier}-assets-{stack.account}-{stack.region}"
        for action in ("GetObject*", "GetBucket*", "List*", "DeleteObject*", "Abort*"):
            accept(uploader, f"IAM5[Action::s3:{action}]", reason)
        for resource in (f"arn:{stack.partition}:s3:::{staged}/*", f"{self.bucket.bucket_arn}/*"):
            accept_wildcard(uploader, resource, reason)
        accept(
            uploader, "IAM5[Resource::*]", "Invalidations of a distribution take no narrower resource in this policy."
        )
        managed = "arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        accept(uploader, f"IAM4[Policy::{managed}]", reason)
        accept(uploader, "L1", "The runtime is the one that this release of the CDK has tested its function with.")

    def _response_headers(self) -> cloudfront.ResponseHeadersPolicy:
        """Send the page with the policy that allows it no script but its own."""
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
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
