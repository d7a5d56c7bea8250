"""Runners: the command line, the site agent, the coordinator, transports and releases."""
