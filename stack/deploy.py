"""A built template deployed to the emulator by CloudFormation, its code by way of the emulator's S3."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from stack.aws import Aws
from stack.errors import DeployFailed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

STACK_NAME = "rastro-local"
_BUCKET = "rastro-artifacts"
_CHANGE_SET = "deploy"
_CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
_POLL_SECONDS = 0.1
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Deployed:
    """What CloudFormation made of a template."""

    outputs: Mapping[str, str]
    physical: Mapping[str, str]
    """Physical ids by logical ones."""
    processed: Mapping[str, Any]
    """The template after the SAM transform."""
    log_groups: Mapping[str, str]
    """Log groups by the names of the functions."""


def upload_code(aws: Aws, template: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Put the built code of a template into the emulator's S3 and return the template with the code's new addresses."""
    s3: S3Client = aws.client("s3")
    s3.create_bucket(Bucket=_BUCKET)
    resources = {}
    for name, resource in template["Resources"].items():
        code = _CODE.get(resource["Type"])
        resources[name] = resource
        if code is None:
            continue
        key = f"{name}.zip"
        s3.put_object(Bucket=_BUCKET, Key=key, Body=_zipped(folder / resource["Properties"][code]))
        resources[name] = {**resource, "Properties": {**resource["Properties"], code: f"s3://{_BUCKET}/{key}"}}
    return {**template, "Resources": resources}


def deploy(aws: Aws, template: Mapping[str, Any], parameters: Mapping[str, str], *, name: str = STACK_NAME) -> Deployed:
    """Create the stack by a change set, as ``sam deploy`` does; raises ``DeployFailed`` with what failed and why.

    The template goes by way of S3: CloudFormation takes 51,200 bytes in a request.
    """
    cloudformation: CloudFormationClient = aws.client("cloudformation")
    try:
        cloudformation.create_change_set(
            StackName=name,
            ChangeSetName=_CHANGE_SET,
            ChangeSetType="CREATE",
            TemplateURL=_uploaded(aws, f"{name}.template.json", template),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        )
        _wait_for_change_set(cloudformation, name)
        cloudformation.execute_change_set(StackName=name, ChangeSetName=_CHANGE_SET)
        outputs = _wait_for_stack(cloudformation, name)
        resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        functions = aws.client("lambda").list_functions()["Functions"]
        processed = cloudformation.get_template(StackName=name, TemplateStage="Processed")["TemplateBody"]
    except ClientError as exc:
        raise DeployFailed(f"CloudFormation refused the template: {exc.response['Error'].get('Message', exc)}") from exc
    return Deployed(
        outputs=outputs,
        physical={resource["LogicalResourceId"]: resource.get("PhysicalResourceId", "") for resource in resources},
        processed=json.loads(processed) if isinstance(processed, str) else processed,
        log_groups={function["FunctionName"]: function["LoggingConfig"]["LogGroup"] for function in functions},
    )


def _uploaded(aws: Aws, key: str, template: Mapping[str, Any]) -> str:
    aws.client("s3").put_object(Bucket=_BUCKET, Key=key, Body=json.dumps(template).encode())
    return f"{aws.endpoint_url}/{_BUCKET}/{key}"


def _wait_for_change_set(cloudformation: CloudFormationClient, name: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        change_set = cloudformation.describe_change_set(StackName=name, ChangeSetName=_CHANGE_SET)
        if change_set["Status"] == "CREATE_COMPLETE":
            return
        if change_set["Status"] == "FAILED":
            raise DeployFailed(f"CloudFormation refused the template: {change_set.get('StatusReason', 'no reason given')}")
        time.sleep(_POLL_SECONDS)
    raise DeployFailed(f"CloudFormation made no change set of the template within {_PATIENCE_SECONDS} s")


def _wait_for_stack(cloudformation: CloudFormationClient, name: str) -> dict[str, str]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        status = stack["StackStatus"]
        if status == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        if not status.endswith("IN_PROGRESS"):
            raise DeployFailed(f"The deploy ended in {status}:\n{_failures(cloudformation, name)}")
        time.sleep(_POLL_SECONDS)
    raise DeployFailed(f"The deploy did not end within {_PATIENCE_SECONDS} s")


def _failures(cloudformation: CloudFormationClient, name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [
        f"  {event.get('LogicalResourceId')} ({event.get('ResourceType')}): {event['ResourceStatusReason']}"
        for event in reversed(events)
        if event.get("ResourceStatus", "").endswith("_FAILED") and event.get("ResourceStatusReason")
    ]
    return "\n".join(failed) or "  no resource says why"


def _zipped(folder: Path) -> bytes:
    # Stored, not deflated: it travels over loopback once and is unpacked for every process of a function.
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return content.getvalue()
