"""What keeps data: network, Postgres, the event stream, the tables, the archive. Kept apart, so code is deployed without touching it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_rds as rds
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager

from infra.names import publish
from infra.permissions import DEAD_LETTERS_PREFIX
from infra.reasons import accept

if TYPE_CHECKING:
    from constructs import Construct

    from infra.environments import Stage

DEAD_LETTER_DAYS: Final = 90
_POSTGRES_PORT: Final = 5432


class Storage(Stack):
    """The stack that keeps data."""

    def __init__(self, scope: Construct, construct_id: str, stage: Stage) -> None:
        super().__init__(scope, construct_id, env={"region": stage.region}, description="Streamgauge: what keeps data")
        self._stage = stage
        self._removal = RemovalPolicy.RETAIN if stage.keep_data else RemovalPolicy.DESTROY
        names = {**self._stream(), **self._tables(), **self._archive()}
        if stage.makes_network:
            names |= self._postgres(self._network())
        if not stage.local:
            names |= self._origin_secret()
        publish(self, stage, names)
        for key in names:
            if not key.startswith(("database", "function", "subnet", "origin")):
                output = "".join(part.capitalize() for part in key.split("-"))
                CfnOutput(self, output, value=names[key])

    def _stream(self) -> dict[str, str]:
        provisioned = self._stage.stream_mode == "provisioned"
        stream = kinesis.Stream(
            self,
            "Events",
            stream_mode=kinesis.StreamMode.PROVISIONED if provisioned else kinesis.StreamMode.ON_DEMAND,
            shard_count=self._stage.shard_count if provisioned else None,
            retention_period=Duration.hours(self._stage.stream_retention_hours),
            encryption=kinesis.StreamEncryption.MANAGED,
            removal_policy=self._removal,
        )
        return {"stream": stream.stream_name}

    def _tables(self) -> dict[str, str]:
        # A backup keeps for weeks what was deleted: none of tables with addresses or salts, whose other items Postgres has too.
        tables = {
            "counters-table": self._table("Counters", sort_key="sk", restorable=True),
            "live-table": self._table("Live", sort_key="sk", restorable=False),
            "sessions-table": self._table("Sessions", sort_key="sk", restorable=False),
            "outbox-table": self._table("Outbox", sort_key="sk", restorable=False, stream=True),
            "sockets-table": self._table("Sockets", sort_key="sk", restorable=False),
            "registry-table": self._table("Registry", sort_key="sk", restorable=False),
            "status-table": self._table("Status", sort_key="sk", restorable=True),
            "dead-letters-table": self._table("DeadLetters", sort_key="sk", restorable=True),
        }
        accept(
            tables["live-table"],
            "DDB3",
            "It holds the last minutes; older items have expired before anybody could restore them.",
        )
        accept(
            tables["sessions-table"],
            "DDB3",
            "Postgres holds the same and more; addresses in it leave after 30 days, and would stay in its backups.",
        )
        accept(
            tables["registry-table"],
            "DDB3",
            "Postgres holds the same; the salts of visitors in it are gone after 48 h, and would stay in its backups.",
        )
        accept(
            tables["sockets-table"],
            "DDB3",
            "It holds open connections and tickets of a minute; nothing in it means anything after a restore.",
        )
        accept(
            tables["outbox-table"],
            "DDB3",
            "Messages on their way out, for a week; the alerts that they tell of stand in Postgres.",
        )
        outbox_stream = tables["outbox-table"].table_stream_arn
        if outbox_stream is None:
            raise ValueError("the outbox has no stream, yet we asked for one")
        return {**{key: table.table_name for key, table in tables.items()}, "outbox-stream": outbox_stream}

    def _table(self, construct_id: str, *, sort_key: str, restorable: bool, stream: bool = False) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            construct_id,
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=sort_key, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            time_to_live_attribute="expires",
            stream=dynamodb.StreamViewType.NEW_IMAGE if stream else None,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            )
            if restorable and not self._stage.local
            else None,
            deletion_protection=self._stage.deletion_protection,
            removal_policy=self._removal,
        )

    def _archive(self) -> dict[str, str]:
        bucket = s3.Bucket(
            self,
            "Archive",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=not self._stage.local,  # the local stack speaks HTTP
            removal_policy=self._removal,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="dead-letters-live-90-days",
                    prefix=DEAD_LETTERS_PREFIX,
                    expiration=Duration.days(DEAD_LETTER_DAYS),
                ),
                # Spilled and given-up batches have no expiry: they are accepted events, and leave when they are stored.
                s3.LifecycleRule(id="no-half-uploads", abort_incomplete_multipart_upload_after=Duration.days(1)),
            ],
        )
        accept(
            bucket,
            "S1",
            "Only our own functions read and write it; access logs would be a second place with raw input's names.",
        )
        return {"archive-bucket": bucket.bucket_name}

    def _network(self) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self,
            "Network",
            max_azs=2,
            nat_gateways=0,
            # With no way in or out there is nothing to restrict in it, and the restricting would need a function of its own.
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24)
            ],
            gateway_endpoints={
                "ToS3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "ToDynamodb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
        )
        accept(
            vpc,
            "VPC7",
            "No route leads in or out of it but to S3 and DynamoDB; flow logs would record our own functions talking to our own database.",
        )
        return vpc

    def _postgres(self, vpc: ec2.Vpc) -> dict[str, str]:
        stage = self._stage
        functions = ec2.SecurityGroup(
            self, "FunctionGroup", vpc=vpc, allow_all_outbound=False, description="Functions that talk to Postgres"
        )
        data = ec2.SecurityGroup(
            self, "DatabaseGroup", vpc=vpc, allow_all_outbound=False, description="Postgres, for these functions only"
        )
        data.add_ingress_rule(functions, ec2.Port.tcp(_POSTGRES_PORT), "from the functions")
        functions.add_egress_rule(data, ec2.Port.tcp(_POSTGRES_PORT), "to Postgres")
        # S3 and DynamoDB through the gateway endpoints: their address ranges differ by region, and no other route exists.
        functions.add_egress_rule(
            ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "to S3 and DynamoDB, the only routes there are"
        )
        cluster = rds.DatabaseCluster(
            self,
            "Postgres",
            engine=rds.DatabaseClusterEngine.aurora_postgres(version=rds.AuroraPostgresEngineVersion.VER_16_13),
            writer=rds.ClusterInstance.serverless_v2("Writer", auto_minor_version_upgrade=True),
            serverless_v2_min_capacity=stage.aurora_min_acu,
            serverless_v2_max_capacity=stage.aurora_max_acu,
            serverless_v2_auto_pause_duration=Duration.seconds(stage.aurora_pause_after_seconds)
            if stage.aurora_min_acu == 0
            else None,
            default_database_name=stage.database_name,
            credentials=rds.Credentials.from_generated_secret("postgres"),
            iam_authentication=True,
            enable_data_api=True,
            storage_encrypted=True,
            backup=rds.BackupProps(retention=Duration.days(stage.aurora_backup_days)),
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[data],
            deletion_protection=stage.deletion_protection,
            copy_tags_to_snapshot=True,
            removal_policy=RemovalPolicy.SNAPSHOT if stage.keep_data else RemovalPolicy.DESTROY,
        )
        accept(
            cluster,
            "SMG4",
            "Only the role set-up uses this password, through the Data API; functions use IAM tokens. Rotation would need a function with a way to Secrets Manager, which this network has not.",
        )
        if not stage.deletion_protection:
            accept(cluster, "RDS10", "The team has said so, since a protected cluster cannot be removed.")
        accept(
            cluster, "RDS11", "The security group lets in nothing but our functions; another port would hide nothing."
        )
        if cluster.secret is None:
            raise ValueError("the cluster has no secret, yet we asked for one")
        return {
            "database-host": cluster.cluster_endpoint.hostname,
            "database-cluster": cluster.cluster_identifier,
            "database-resource-id": cluster.cluster_resource_identifier,
            "database-arn": cluster.cluster_arn,
            "database-secret": cluster.secret.secret_arn,
            "function-group": functions.security_group_id,
            **{f"subnet-{n}": subnet.subnet_id for n, subnet in enumerate(vpc.isolated_subnets)},
        }

    def _origin_secret(self) -> dict[str, str]:
        secret = secretsmanager.Secret(
            self,
            "OriginSecret",
            description="What CloudFront adds to every request, and functions ask for",
            generate_secret_string=secretsmanager.SecretStringGenerator(exclude_punctuation=True, password_length=48),
            removal_policy=self._removal,
        )
        accept(
            secret,
            "SMG4",
            "It is handed to CloudFront and to the functions at deploy; a new one is made by a deploy, in one step for both.",
        )
        return {"origin-secret": secret.secret_arn}
