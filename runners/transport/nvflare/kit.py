"""What each side writes into its own startup kit before NVFLARE starts: one component of ours, and nobody may submit anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CHANNEL = "wardloom"
TOPIC = "message"
HELLO = "hello"
"""Topic on which a client says that it listens."""
MANAGER = "nvflare.app_common.resource_managers.gpu_resource_manager.GPUResourceManager"
RELAY = "runners.transport.nvflare.server.ServerRelay"
ROLES = ("project_admin", "org_admin", "lead", "member")
RIGHTS = ("submit_job", "clone_job", "manage_job", "download_job", "view", "operate", "shell_commands", "byoc")


def write_site(kit: Path, spec: Path, site: str) -> None:
    """Settings of a hospital's client: it answers messages with the agent that is installed here."""
    ours = {"id": "wardloom", "path": "runners.transport.nvflare.site.SiteRelay", "args": {"spec": str(spec), "site": site}}
    spare = {"num_of_gpus": 0, "mem_per_gpu_in_GiB": 0}
    components = [ours, {"id": "resource_manager", "path": MANAGER, "args": spare}]
    _write(kit, {"client": {"retry_timeout": 30}, "components": components})


def write_server(kit: Path, socket: Path, storage: Path, sites: Sequence[str]) -> None:
    """Settings of the coordinator's server: it carries what comes through `socket`, a file of its owner's, to `sites`."""
    store = {"id": "job_store", "path": "nvflare.app_common.storages.filesystem_storage.FilesystemStorage"}
    jobs = {"uri_root": str(storage / "jobs"), "job_store_id": "job_store"}
    components = [
        {"id": "wardloom", "path": RELAY, "args": {"socket": str(socket), "sites": list(sites)}},
        {"id": "job_scheduler", "path": "nvflare.app_common.job_schedulers.job_scheduler.DefaultJobScheduler", "args": {}},
        {"id": "job_manager", "path": "nvflare.apis.impl.job_def_manager.SimpleJobDefManager", "args": jobs},
        store,
    ]
    files = {"root_dir": str(storage / "snapshots"), "uri_root": "/"}
    kept = {"uri_root": "/", "storage": {"path": store["path"], "args": files}}
    persistor = {"path": "nvflare.app_common.state_persistors.storage_state_persistor.StorageStatePersistor", "args": kept}
    servers = [{"admin_storage": "transfer", "max_num_clients": 200, "heart_beat_timeout": 60}]
    _write(kit, {"servers": servers, "snapshot_persistor": persistor, "components": components})


def _write(kit: Path, resources: Mapping[str, Any]) -> None:
    """No class may be named by a job, logs stay here, and no role has a right."""
    closed = {"format_version": 2, "class_list_enforcement_mode": "enforce", "class_allow_list": [], "allow_log_streaming": False}
    nothing = {role: dict.fromkeys(RIGHTS, "none") for role in ROLES}
    local = kit / "local"
    local.mkdir(parents=True, exist_ok=True, mode=0o700)
    _put(local / "resources.json", {**closed, **resources})
    _put(local / "authorization.json", {"format_version": "1.0", "permissions": nothing})
    _put(local / "log_config.json", LOGGING)


def _put(file: Path, facts: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stdout"}},
    "loggers": {"root": {"level": "INFO", "handlers": ["console"]}},
}
"""To standard output only, in NVFLARE's own form."""


def revoke(kit: Path, site: str) -> None:
    """From the next start on, the coordinator's server turns this site away, whatever certificate it shows."""
    file = kit / "disabled_clients.json"
    said = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"disabled_clients": []}
    _put(file, {"disabled_clients": sorted({*said["disabled_clients"], site})})
