"""The site agent: the same code behind every transport, and the only code that sees patients' rows."""
