"""Models at the release: synthetic tables under contract, and how well their columns meet the noised sums."""

from __future__ import annotations

from runners.compile.bounded import key_types
from runners.compile.names import head, prefix
from runners.compile.sql import TYPES, as_number, bins, category, fine, is_whole, literal, name
from specs.lang.domain import domain
from specs.lang.types import Column, Study, Table

FEW = 65_536
"""Whole numbers in a range."""


def columns(study: Study, table: Table) -> dict[str, str]:
    """SQL types of a synthetic table's columns: keys, the parent's keys, the spec's columns."""
    types = key_types(study, table)
    return types | {c.name: TYPES[c.type] for c in table.columns.values()}


def synthetic(study: Study, table: Table) -> str:
    """The synthetic table as the spec types it."""
    casts = ",\n        ".join(f"cast({name(c)} as {kind}) as {name(c)}" for c, kind in columns(study, table).items())
    config = _config(study, table.name)
    return f"""{head(study)}{config}

with sampled as (
    select * from {{{{ source('{prefix(study)}_sampled', '{table.name}') }}}}
),
typed as (
    select
        {casts}
    from sampled
)

select * from typed
"""


def here(study: Study) -> str:
    """What tells this study's release from others in dbt: its database is named after the spec."""
    return f"target.name == 'release' and target.database == '{study.name}'"


def _config(study: Study, alias: str) -> str:
    return f"{{{{ config(enabled=({here(study)}), schema='{study.outputs.schema}', alias='{alias}') }}}}"


def quality(study: Study) -> str:
    """Every column of the root table: its synthetic histogram against the noised one, code by code."""
    root = study.root
    measured = [c for c in root.columns.values() if c.measured and not domain(c).by]
    parts = "\n    union all\n    ".join(_synthetic_codes(root, c) for c in measured)
    asked = "\n    union all\n    ".join(_noised_codes(root, c) for c in measured)
    config = _config(study, "quality_columns")
    return f"""{head(study)}{config}

with {name(root.name)} as not materialized (
    select * from {{{{ ref('{prefix(study)}__{root.name}') }}}}
),
noised_sums as (
    select * from {{{{ source('{prefix(study)}_sums', 'noised_sums') }}}}
),
synthetic as (
    {parts}
),
counted as (
    select column_name, cell, sum(__rows) as synthetic_rows
    from synthetic
    group by column_name, cell
),
noised as (
    {asked}
),
compared as (
    select
        noised.column_name,
        noised.cell,
        noised.label,
        -- noise may make a sum negative, and even their total
        noised.value / greatest(sum(noised.value) over by_column, 1) as noised_share,
        noised.std_error / greatest(sum(noised.value) over by_column, 1) as std_error,
        coalesce(counted.synthetic_rows, 0) / greatest(sum(counted.synthetic_rows) over by_column, 1) as synthetic_share
    from noised
    left join counted on noised.column_name = counted.column_name and noised.cell = counted.cell
    window by_column as (partition by noised.column_name)
)

select
    cast(column_name as varchar) as column_name,
    cast(cell as bigint) as cell,
    cast(label as varchar) as label,
    cast(noised_share as double) as noised_share,
    cast(std_error as double) as std_error,
    cast(synthetic_share as double) as synthetic_share,
    cast(abs(synthetic_share - noised_share) / 2 as double) as distance
from compared
"""


def _synthetic_codes(table: Table, column: Column) -> str:
    """(column, code, rows) of every synthetic row, or of every value where there are few of them; fine codes of ordered ones."""
    dom, sql = domain(column), name(column.name)
    if not dom.ordered and column.references == table.name and column.values is None:
        code = f"case when {sql} = {name(table.key[0].name)} then 1 else 0 end"
    elif not dom.ordered:
        code = category(dom.labels, f"cast({sql} as varchar)")
    else:
        number = as_number(column, sql)
        code = fine(dom, is_whole(column), number, f"({bins(dom, is_whole(column), number, None)})", None)
    null = dom.fine_size - 1 if dom.ordered else dom.values
    whole = f"case when {sql} is null then {null} else {code} end" if column.nullable else code
    rows, number = name(table.name), "1 as __rows"
    if _few(table, column):
        rows, number = f"(select {sql}, count(*) as __rows from {rows} group by {sql})", "__rows"
    return f"select {literal(column.name)} as column_name, {whole} as cell, {number} from {rows}"


def _few(table: Table, column: Column) -> bool:
    """Whether a column has so few values that it saves work to count them before they are coded."""
    if column.references == table.name:
        return False
    few = column.range is not None and column.range[1] - column.range[0] < FEW
    return column.values is not None or (is_whole(column) and few)


def _noised_codes(table: Table, column: Column) -> str:
    coded = f"{column.name}__fine" if domain(column).ordered else column.name
    return (
        f"select {literal(column.name)} as column_name, cell, labels[1] as label, value, std_error\n"
        f"    from noised_sums where query = {literal(f'{table.name}: {coded}')}"
    )
