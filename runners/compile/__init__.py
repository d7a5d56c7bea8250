"""From a spec to dbt models: plain SQL that is committed, so that a pull request shows what will touch patients."""
