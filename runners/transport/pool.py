"""Messages to several sites at the same time, a thread for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

from runners.transport.base import Answer, Heard


def at_once(
    most: int, one: Callable[[str, bytes], Answer], payloads: Mapping[str, bytes], heard: Heard, stop: Callable[[], None]
) -> dict[str, Answer]:
    """One answer per site of `payloads`, as `one` has it of a site; `most` sites at a time.

    Interrupted, it calls `stop`, so that no thread waits for a site any longer, before it passes the interrupt on.
    """
    answers: dict[str, Answer] = {}
    with ThreadPoolExecutor(most) as pool:
        waiting = {pool.submit(one, site, body): site for site, body in payloads.items()}
        try:
            for done in as_completed(waiting):
                answers[waiting[done]] = done.result()
                heard(waiting[done], answers[waiting[done]])
        except BaseException:
            stop()
            raise
    return {site: answers[site] for site in payloads}
