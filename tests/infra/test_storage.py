from pathlib import Path

from infra.app import build
from infra.environments import load_stage
from tests.infra.conftest import Assembly


def only(found: dict[str, dict[str, object]]) -> dict[str, object]:
    (one,) = found.values()
    return one["Properties"]


def test_the_stream_is_encrypted_and_keeps_records_as_long_as_the_profile_says(
    small: Assembly, standard: Assembly
) -> None:
    for assembly, hours in ((small, 24), (standard, 168)):
        stream = only(assembly.every("AWS::Kinesis::Stream"))
        assert stream["StreamEncryption"]["EncryptionType"] == "KMS"
        assert stream["RetentionPeriodHours"] == hours
        assert stream["ShardCount"] == 1


def test_a_stream_on_demand_is_one_setting(tmp_path: Path) -> None:
    stage = load_stage("big", {"big": {"profile": "standard", "stream_mode": "on_demand", "nag": False}}, {})
    build(stage, str(tmp_path)).synth()
    stream = only(Assembly(stage, tmp_path).every("AWS::Kinesis::Stream"))
    assert stream["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert "ShardCount" not in stream


def test_a_team_with_its_own_postgres_gets_no_network_and_no_cluster(tmp_path: Path) -> None:
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db"
    stage = load_stage("own", {"own": {"database_secret_arn": secret, "nag": False}}, {})
    build(stage, str(tmp_path)).synth()
    own = Assembly(stage, tmp_path)
    for kind in ("AWS::EC2::VPC", "AWS::RDS::DBCluster", "AWS::EC2::SecurityGroup"):
        assert own.every(kind) == {}
    functions = own["Compute"].of("AWS::Lambda::Function").values()
    assert not [one for one in functions if "VpcConfig" in one["Properties"]]
    (web,) = (one for one in functions if one["Properties"]["Handler"] == "functions.api.web.handler")
    assert secret in web["Properties"]["Environment"]["Variables"]["DATABASE_URL"]
    assert not [one for one in functions if one["Properties"]["Handler"] == "functions.deploy.database_roles.handler"]


def test_every_table_is_encrypted_billed_by_request_and_forgets(assembly: Assembly) -> None:
    tables = assembly.every("AWS::DynamoDB::Table")
    assert len(tables) == 8
    for name, table in tables.items():
        properties = table["Properties"]
        assert properties["SSESpecification"] == {"SSEEnabled": True}, name
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
        assert [key["AttributeName"] for key in properties["KeySchema"]] == ["pk", "sk"]


def test_what_must_be_forgotten_stays_in_no_backup(deployed: Assembly) -> None:
    """Addresses of sessions, and the salts without which nobody can compute yesterday's visitors."""
    backed_up = {
        name.rstrip("0123456789ABCDEF").removeprefix("Storage/")
        for name, table in deployed.every("AWS::DynamoDB::Table").items()
        if table["Properties"].get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
    }
    assert backed_up == {"Counters", "Status", "DeadLetters"}


def test_every_bucket_is_encrypted_private_and_deaf_to_plain_http(deployed: Assembly) -> None:
    buckets = deployed.every("AWS::S3::Bucket")
    assert len(buckets) == 2
    for bucket in buckets.values():
        properties = bucket["Properties"]
        (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        assert all(properties["PublicAccessBlockConfiguration"].values())
    policies = deployed.every("AWS::S3::BucketPolicy").values()
    assert len(policies) == 2
    for policy in policies:
        denied = [one for one in policy["Properties"]["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
        assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_dead_letters_live_ninety_days_and_spilled_events_until_they_are_stored(assembly: Assembly) -> None:
    (bucket,) = assembly["Storage"].of("AWS::S3::Bucket").values()
    rules = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    assert [(rule["Prefix"], rule["ExpirationInDays"]) for rule in rules if "ExpirationInDays" in rule] == [
        ("dead-letters/", 90)
    ]


def test_aurora_is_encrypted_asks_for_iam_tokens_and_pauses_where_the_profile_says(
    small: Assembly, standard: Assembly
) -> None:
    for assembly, least in ((small, 0), (standard, 0.5)):
        cluster = only(assembly.every("AWS::RDS::DBCluster"))
        assert cluster["StorageEncrypted"] is True
        assert cluster["EnableIAMDatabaseAuthentication"] is True
        assert cluster["EnableHttpEndpoint"] is True
        assert cluster["DeletionProtection"] is True
        assert cluster["ServerlessV2ScalingConfiguration"]["MinCapacity"] == least
        assert ("SecondsUntilAutoPause" in cluster["ServerlessV2ScalingConfiguration"]) == (least == 0)
    assert small.every("AWS::RDS::DBProxy") == {}, "a proxy would keep Aurora awake"


def test_a_stage_that_is_to_be_removed_can_be_deployed_without_its_protection(tmp_path: Path) -> None:
    stage = load_stage("gone", {"gone": {"deletion_protection": False, "keep_data": False}}, {})
    build(stage, str(tmp_path)).synth()
    gone = Assembly(stage, tmp_path)
    assert only(gone.every("AWS::RDS::DBCluster"))["DeletionProtection"] is False
    assert {one["DeletionPolicy"] for one in gone["Storage"].of("AWS::DynamoDB::Table").values()} == {"Delete"}


def test_nothing_in_the_network_costs_or_leads_out(deployed: Assembly) -> None:
    for kind in ("AWS::EC2::NatGateway", "AWS::EC2::InternetGateway", "AWS::EC2::EIP", "AWS::EC2::VPNGateway"):
        assert deployed.every(kind) == {}
    endpoints = deployed.every("AWS::EC2::VPCEndpoint").values()
    assert {one["Properties"]["VpcEndpointType"] for one in endpoints} == {"Gateway"}
    services = sorted(str(one["Properties"]["ServiceName"]).rpartition(".")[2].strip("'\"]}") for one in endpoints)
    assert services == ["dynamodb", "s3"]


def test_postgres_is_reached_by_our_functions_alone(deployed: Assembly) -> None:
    groups = deployed["Storage"].of("AWS::EC2::SecurityGroup").values()
    assert not [rule for one in groups for rule in one["Properties"].get("SecurityGroupIngress", [])]
    (rule,) = deployed["Storage"].of("AWS::EC2::SecurityGroupIngress").values()
    assert rule["Properties"]["FromPort"] == rule["Properties"]["ToPort"] == 5432
    assert "SourceSecurityGroupId" in rule["Properties"]


def test_what_keeps_data_outlives_its_stack(deployed: Assembly) -> None:
    for kind, policy in {
        "AWS::Kinesis::Stream": "Retain",
        "AWS::DynamoDB::Table": "Retain",
        "AWS::S3::Bucket": "Retain",
        "AWS::RDS::DBCluster": "Snapshot",
    }.items():
        assert {one["DeletionPolicy"] for one in deployed.every(kind).values()} == {policy}


def test_the_local_stage_is_the_same_without_network_cluster_and_edge(local: Assembly) -> None:
    assert set(local.stacks) == {"Storage", "Compute"}
    for kind in ("AWS::EC2::VPC", "AWS::RDS::DBCluster", "AWS::SecretsManager::Secret"):
        assert local.every(kind) == {}
    outputs = local["Storage"].body["Outputs"]
    assert set(outputs) == {
        "Stream",
        "CountersTable",
        "LiveTable",
        "RegistryTable",
        "SessionsTable",
        "OutboxTable",
        "OutboxStream",
        "SocketsTable",
        "StatusTable",
        "DeadLettersTable",
        "ArchiveBucket",
    }
