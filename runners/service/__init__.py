"""Health and metrics of a site or of a coordinator, for Prometheus and for whoever restarts what has died.

    server = serve(site, study, "127.0.0.1:9464")      # site None: the coordinator
    server.close()

`/healthz` says that the process lives, `/readyz` that it could work, `/metrics` what its own files say at that moment: the
ledger, the audit log, the state of a run. No row is read for any of them, and nothing that was computed from rows is shown.
"""

from runners.service.server import Server, serve, served

__all__ = ["Server", "serve", "served"]
