"""Messages through NVFLARE: mutual TLS between machines, provisioned identities, and no jobs, so no code travels.

A hospital runs NVFLARE's client with one component of ours (`site.py`), the coordinator its server with another (`server.py`).
Both are named in files that each side writes for itself (`kit.py`). The agent is what is installed at the hospital; a message
is opaque bytes on a channel of its own. NVFLARE's jobs, its secure aggregation and its noise are not used.
"""
