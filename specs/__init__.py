"""What people commit: studies, their schema, and the language that reads them (`specs.lang`)."""
