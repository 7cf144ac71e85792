"""``LocalStack``: everything started in order, everything stopped whatever happens."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from stack import cache, repairs
from stack.aws import Aws
from stack.build import build
from stack.counterparts import configure_lab, start_gateway, start_lab
from stack.deploy import Deployed, deploy, upload_code
from stack.emulator import EmulatorEnvironment, start_emulator
from stack.errors import AlreadyRunning, DeployFailed, SmokeFailed
from stack.files import last_lines
from stack.folder import StackFolder
from stack.function_logs import FunctionLogs
from stack.gateway import ADDRESS_HEADER
from stack.ports import LOOPBACK, Ports
from stack.processes import Process
from stack.progress import Progress, Silent
from stack.sam_local.workspace import Runtime
from stack.schedule import Schedule
from stack.seed import STAGE, DemoSecrets, seed
from stack.signals import undisturbed
from stack.smoke import Smoke
from stack.stackfile import Description
from stack.window import CacheSwitch, View, Window

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ROOT = Path(__file__).resolve().parent.parent
_LOG_LINES = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """What takes minutes on AWS and seconds here."""

    repair_window_seconds: int = 5
    """``REPAIR_WINDOW_SECONDS``."""
    reconcile_every_seconds: float | None = 3.0
    """How often the stack invokes the reconciler besides its schedule of a minute; ``None`` leaves it to the schedule."""
    retry_after_seconds: int = 15
    """The visibility timeout of the queue: after how long a message that failed comes again (360 s on AWS)."""


class LocalStack:
    """A running stack: ``with LocalStack() as stack`` is one of its own, on free ports, of which nothing is left at the end.

    Raises ``StackError`` when it cannot start; by then everything that was started has been stopped.
    """

    def __init__(
        self,
        *,
        root: Path = ROOT,
        folder: Path | None = None,
        stack_file: Path | None = None,
        ports: Ports | None = None,
        progress: Progress | None = None,
        tempo: Tempo | None = None,
        smoke: bool = True,
    ) -> None:
        """Take the project, and where to keep things: without ``folder`` in one that is removed at the end."""
        self.ports = ports or Ports.free()
        self.aws = Aws(endpoint_url=f"http://{LOOPBACK}:{self.ports.emulator}")
        self.api = f"http://{LOOPBACK}:{self.ports.api}"
        self.lab = f"http://{LOOPBACK}:{self.ports.lab}"
        self.redis_url = f"redis://{LOOPBACK}:{self.ports.redis}/0"
        self._root = root
        self._given_folder = folder
        self._given_stack_file = stack_file
        self._folder = StackFolder(folder or root / ".rastro" / "runs")
        self._progress = progress or Silent()
        self._tempo = tempo or Tempo()
        self._smoke = smoke
        self._followers: list[FunctionLogs | Schedule | Window] = []
        self._description: Description | None = None

    @property
    def description(self) -> Description:
        """What the stack file says, once the stack runs."""
        if self._description is None:
            raise RuntimeError("the stack does not run")
        return self._description

    @property
    def tables(self) -> Mapping[str, str]:
        """Names of the tables."""
        return self.description.tables

    @property
    def queues(self) -> Mapping[str, str]:
        """URLs of the queues."""
        return self.description.queues

    @property
    def functions(self) -> Mapping[str, str]:
        """Names of the functions."""
        return self.description.functions

    @property
    def demo(self) -> Mapping[str, Any]:
        """The seeded funnel."""
        return self.description.demo

    @property
    def folder(self) -> StackFolder:
        """Where its logs are."""
        return self._folder

    @property
    def stack_file(self) -> Path:
        """Where its stack file is."""
        return self._given_stack_file or self._folder.stack_file

    def client(self, service: str) -> Any:  # noqa: ANN401 - the caller writes down which client it is
        """Return a boto3 client of the emulator."""
        return self.aws.client(service)

    def redis_stop(self) -> None:
        """Stop the cache in the middle of everything."""
        cache.stop_cache(self._folder.registry)

    def redis_start(self) -> None:
        """Start the cache again, empty."""
        cache.start_cache(
            self._folder.registry, port=self.ports.redis, scratch=self._folder.cache, log=self._folder.log("valkey")
        )

    def dead(self) -> list[Process]:
        """Return the processes that ended by themselves."""
        return [process for process in self._folder.registry.processes() if not process.alive]

    def __enter__(self) -> Self:
        """Start."""
        try:
            self._start()
        except BaseException as exc:
            self._stop(failed=exc)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        """Stop."""
        self._stop(failed=exc)

    def _start(self) -> None:
        self._claim_folder()
        emulator = EmulatorEnvironment(self._root)
        if not emulator.installed:
            with self._progress.step("Install the AWS emulator into .tools/emulator (once)"):
                emulator.install()
        folder, registry = self._folder, self._folder.registry
        with self._progress.step("Start Valkey"):
            self.redis_start()
        with self._progress.step("Start the lab (Meta, Telegram and a PIX provider)"):
            start_lab(registry, root=self._root, port=self.ports.lab, log=folder.log("lab"))
        with self._progress.step("Start the AWS emulator"):
            port, log = self.ports.emulator, folder.log("emulator")
            start_emulator(registry, emulator.python, port=port, scratch=folder.scratch / "emulator", log=log)
        deployed, repaired = self._deploy()
        with self._progress.step("Open the HTTP API and seed the funnel demo"):
            self._open(deployed)
        self._follow(deployed)
        if self._smoke:
            with self._progress.step("Prove every route, trigger, index and TTL"):
                self._prove(deployed, repaired)
        if self._tempo.reconcile_every_seconds is not None:
            schedule = Schedule(self.aws, self.functions["reconciler"], self._tempo.reconcile_every_seconds)
            schedule.start()
            self._followers.append(schedule)
        self.description.write(self.stack_file)

    def _claim_folder(self) -> None:
        if self._given_folder is None:
            self._folder.path.mkdir(parents=True, exist_ok=True)
            self._folder = StackFolder(Path(tempfile.mkdtemp(dir=self._folder.path)))
        owner = self._folder.registry.owner()
        if owner is not None:
            raise AlreadyRunning(
                f"A stack runs here already (process {owner.pid}): its addresses are in {self.stack_file}.\n"
                "Stop it with Ctrl-C where it runs, or with: make down"
            )
        left = clean_up(self._folder)
        if left:
            names = ", ".join(f"{process.name} ({process.pid})" for process in left)
            self._progress.note(f"A previous run ended without cleaning up; stopped what it left running: {names}")
        self.ports.check()
        shutil.rmtree(self._folder.logs, ignore_errors=True)
        self._folder.registry.claim()

    def _deploy(self) -> tuple[Deployed, repairs.Repairs]:
        runtime = Runtime.of_this_machine()
        with self._progress.step(f"Build template.yaml for Python {runtime.python} on {runtime.architecture}"):
            template = build(
                self._root / "template.yaml",
                into=self._folder.build,
                runtime=runtime,
                log=self._folder.log("build"),
            )
        parameters = self._parameters(runtime)
        with self._progress.step("Deploy it by CloudFormation"):
            try:
                uploaded = upload_code(self.aws, repairs.without_calculations(template), self._folder.build)
                deployed = deploy(self.aws, uploaded, parameters)
            except DeployFailed as exc:
                raise DeployFailed(f"{exc}\n{self._end_of('emulator')}") from exc
        with self._progress.step("Put right what the emulator drops"):
            planned = repairs.plan(deployed.processed, parameters)
            repairs.apply(self.aws, planned, deployed.physical)
        return deployed, planned

    def _parameters(self, runtime: Runtime) -> dict[str, str]:
        return {
            "Stage": STAGE,
            "PythonRuntime": f"python{runtime.python}",
            "Architecture": runtime.architecture,
            "PublicUrl": self.api,
            "TrustedAddressHeader": ADDRESS_HEADER,
            "RedisUrl": self.redis_url,
            "RepairWindowSeconds": str(self._tempo.repair_window_seconds),
            "GraphUrl": f"{self.lab}/graph",
            "TelegramApiUrl": f"{self.lab}/telegram",
        }

    def _open(self, deployed: Deployed) -> None:
        demo_secrets = DemoSecrets(lab=self.lab)
        self._description = Description.of(
            deployed.outputs, api=self.api, aws=self.aws, redis_url=self.redis_url, lab=self.lab, demo=demo_secrets.demo()
        )
        seed(self.aws, demo_secrets, self.tables["funnel"])
        sqs: SQSClient = self.client("sqs")
        retry_after = {"VisibilityTimeout": str(self._tempo.retry_after_seconds)}
        sqs.set_queue_attributes(QueueUrl=self.queues["capi"], Attributes=retry_after)  # type: ignore[arg-type]
        upstream = f"{self.aws.endpoint_url}/_aws/execute-api/{deployed.physical['HttpApi']}/$default"
        start_gateway(
            self._folder.registry, root=self._root, port=self.ports.api, upstream=upstream, log=self._folder.log("gateway")
        )
        window = self._open_window()
        configure_lab(self.lab, demo_secrets.lab_config(self.api) | {"window": window.url})

    def _open_window(self) -> Window:
        """Let the page of the lab look at the records."""
        switch = CacheSwitch(
            runs=lambda: self._folder.registry.find(cache.NAME) is not None, start=self.redis_start, stop=self.redis_stop
        )
        window = Window(View.of(self.description, switch), lab=self.lab)
        window.start()
        self._followers.append(window)
        return window

    def _follow(self, deployed: Deployed) -> None:
        groups = {name: deployed.log_groups[function] for name, function in self.functions.items()}
        logs = FunctionLogs(self.aws, groups, self._folder.log("functions"), self._progress.note)
        logs.start()
        self._followers.append(logs)

    def _prove(self, deployed: Deployed, planned: repairs.Repairs) -> None:
        smoke = Smoke(
            aws=self.aws,
            stack=self.description,
            processed=deployed.processed,
            physical=deployed.physical,
            repairs=planned,
        )
        try:
            smoke.run()
        except SmokeFailed as exc:
            self._stop_followers()
            raise SmokeFailed(f"{exc}\n{self._end_of('functions')}") from exc

    def _end_of(self, name: str) -> str:
        log = self._folder.log(name)
        return f"The end of {log.name}:\n{last_lines(log, _LOG_LINES) or '(nothing)'}"

    def _stop(self, *, failed: BaseException | None) -> None:
        if isinstance(failed, AlreadyRunning):
            return  # nothing here is ours
        with undisturbed(then_end=False):
            self._stop_followers()
            clean_up(self._folder)
            if self._description is not None:
                self.stack_file.unlink(missing_ok=True)
            if self._given_folder is None:
                self._remove_folder(keep_logs=failed is not None)

    def _stop_followers(self) -> None:
        while self._followers:
            self._followers.pop().stop()

    def _remove_folder(self, *, keep_logs: bool) -> None:
        kept = self._root / ".rastro" / "failed-run"
        if keep_logs and self._folder.logs.exists():
            shutil.rmtree(kept, ignore_errors=True)
            shutil.move(self._folder.logs, kept)
            self._progress.note(f"The logs of this run are kept in {kept}")
        shutil.rmtree(self._folder.path, ignore_errors=True)


def clean_up(folder: StackFolder) -> list[Process]:
    """Stop what is written down in a folder and remove what a stopped stack leaves; return what still ran."""
    stopped = folder.registry.stop_all()
    folder.stack_file.unlink(missing_ok=True)
    shutil.rmtree(folder.scratch, ignore_errors=True)
    return stopped
