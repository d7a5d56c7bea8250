-- Rendered by `wardloom compile` from specs/heart.yml: change the spec, not this file.
{{ config(enabled=(target.name == 'release' and target.database == 'heart'), schema='synthetic', alias='quality_columns') }}

with "patient" as (
    select * from {{ ref('heart__patient') }}
),
noised_sums as (
    select * from {{ source('heart_sums', 'noised_sums') }}
),
synthetic as (
    select 'age' as column_name, (case when "age" < 3 then 0 when "age" < 6 then 1 when "age" < 10 then 2 when "age" < 13 then 3 when "age" < 17 then 4 when "age" < 20 then 5 when "age" < 24 then 6 when "age" < 27 then 7 when "age" < 31 then 8 when "age" < 34 then 9 when "age" < 38 then 10 when "age" < 41 then 11 when "age" < 45 then 12 when "age" < 48 then 13 when "age" < 52 then 14 when "age" < 55 then 15 when "age" < 58 then 16 when "age" < 62 then 17 when "age" < 65 then 18 when "age" < 69 then 19 when "age" < 72 then 20 when "age" < 76 then 21 when "age" < 79 then 22 when "age" < 83 then 23 when "age" < 86 then 24 when "age" < 90 then 25 when "age" < 93 then 26 when "age" < 97 then 27 when "age" < 100 then 28 when "age" < 104 then 29 when "age" < 107 then 30 else 31 end) * 4 + greatest(0, least(("age" - list_extract([0, 3, 6, 10, 13, 17, 20, 24, 27, 31, 34, 38, 41, 45, 48, 52, 55, 58, 62, 65, 69, 72, 76, 79, 83, 86, 90, 93, 97, 100, 104, 107]::bigint[], (case when "age" < 3 then 0 when "age" < 6 then 1 when "age" < 10 then 2 when "age" < 13 then 3 when "age" < 17 then 4 when "age" < 20 then 5 when "age" < 24 then 6 when "age" < 27 then 7 when "age" < 31 then 8 when "age" < 34 then 9 when "age" < 38 then 10 when "age" < 41 then 11 when "age" < 45 then 12 when "age" < 48 then 13 when "age" < 52 then 14 when "age" < 55 then 15 when "age" < 58 then 16 when "age" < 62 then 17 when "age" < 65 then 18 when "age" < 69 then 19 when "age" < 72 then 20 when "age" < 76 then 21 when "age" < 79 then 22 when "age" < 83 then 23 when "age" < 86 then 24 when "age" < 90 then 25 when "age" < 93 then 26 when "age" < 97 then 27 when "age" < 100 then 28 when "age" < 104 then 29 when "age" < 107 then 30 else 31 end) + 1)) * list_extract([3, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4]::bigint[], (case when "age" < 3 then 0 when "age" < 6 then 1 when "age" < 10 then 2 when "age" < 13 then 3 when "age" < 17 then 4 when "age" < 20 then 5 when "age" < 24 then 6 when "age" < 27 then 7 when "age" < 31 then 8 when "age" < 34 then 9 when "age" < 38 then 10 when "age" < 41 then 11 when "age" < 45 then 12 when "age" < 48 then 13 when "age" < 52 then 14 when "age" < 55 then 15 when "age" < 58 then 16 when "age" < 62 then 17 when "age" < 65 then 18 when "age" < 69 then 19 when "age" < 72 then 20 when "age" < 76 then 21 when "age" < 79 then 22 when "age" < 83 then 23 when "age" < 86 then 24 when "age" < 90 then 25 when "age" < 93 then 26 when "age" < 97 then 27 when "age" < 100 then 28 when "age" < 104 then 29 when "age" < 107 then 30 else 31 end) + 1) // (list_extract([3, 6, 10, 13, 17, 20, 24, 27, 31, 34, 38, 41, 45, 48, 52, 55, 58, 62, 65, 69, 72, 76, 79, 83, 86, 90, 93, 97, 100, 104, 107, 111]::bigint[], (case when "age" < 3 then 0 when "age" < 6 then 1 when "age" < 10 then 2 when "age" < 13 then 3 when "age" < 17 then 4 when "age" < 20 then 5 when "age" < 24 then 6 when "age" < 27 then 7 when "age" < 31 then 8 when "age" < 34 then 9 when "age" < 38 then 10 when "age" < 41 then 11 when "age" < 45 then 12 when "age" < 48 then 13 when "age" < 52 then 14 when "age" < 55 then 15 when "age" < 58 then 16 when "age" < 62 then 17 when "age" < 65 then 18 when "age" < 69 then 19 when "age" < 72 then 20 when "age" < 76 then 21 when "age" < 79 then 22 when "age" < 83 then 23 when "age" < 86 then 24 when "age" < 90 then 25 when "age" < 93 then 26 when "age" < 97 then 27 when "age" < 100 then 28 when "age" < 104 then 29 when "age" < 107 then 30 else 31 end) + 1) - list_extract([0, 3, 6, 10, 13, 17, 20, 24, 27, 31, 34, 38, 41, 45, 48, 52, 55, 58, 62, 65, 69, 72, 76, 79, 83, 86, 90, 93, 97, 100, 104, 107]::bigint[], (case when "age" < 3 then 0 when "age" < 6 then 1 when "age" < 10 then 2 when "age" < 13 then 3 when "age" < 17 then 4 when "age" < 20 then 5 when "age" < 24 then 6 when "age" < 27 then 7 when "age" < 31 then 8 when "age" < 34 then 9 when "age" < 38 then 10 when "age" < 41 then 11 when "age" < 45 then 12 when "age" < 48 then 13 when "age" < 52 then 14 when "age" < 55 then 15 when "age" < 58 then 16 when "age" < 62 then 17 when "age" < 65 then 18 when "age" < 69 then 19 when "age" < 72 then 20 when "age" < 76 then 21 when "age" < 79 then 22 when "age" < 83 then 23 when "age" < 86 then 24 when "age" < 90 then 25 when "age" < 93 then 26 when "age" < 97 then 27 when "age" < 100 then 28 when "age" < 104 then 29 when "age" < 107 then 30 else 31 end) + 1)), list_extract([3, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4]::bigint[], (case when "age" < 3 then 0 when "age" < 6 then 1 when "age" < 10 then 2 when "age" < 13 then 3 when "age" < 17 then 4 when "age" < 20 then 5 when "age" < 24 then 6 when "age" < 27 then 7 when "age" < 31 then 8 when "age" < 34 then 9 when "age" < 38 then 10 when "age" < 41 then 11 when "age" < 45 then 12 when "age" < 48 then 13 when "age" < 52 then 14 when "age" < 55 then 15 when "age" < 58 then 16 when "age" < 62 then 17 when "age" < 65 then 18 when "age" < 69 then 19 when "age" < 72 then 20 when "age" < 76 then 21 when "age" < 79 then 22 when "age" < 83 then 23 when "age" < 86 then 24 when "age" < 90 then 25 when "age" < 93 then 26 when "age" < 97 then 27 when "age" < 100 then 28 when "age" < 104 then 29 when "age" < 107 then 30 else 31 end) + 1) - 1)) as cell from "patient"
    union all
    select 'sex' as column_name, case cast("sex" as varchar) when 'F' then 0 when 'M' then 1 when 'U' then 2 end as cell from "patient"
    union all
    select 'los_days' as column_name, (case when "los_days" < 5 then 0 when "los_days" < 10 then 1 when "los_days" < 15 then 2 when "los_days" < 20 then 3 when "los_days" < 25 then 4 when "los_days" < 30 then 5 when "los_days" < 35 then 6 when "los_days" < 40 then 7 when "los_days" < 45 then 8 when "los_days" < 50 then 9 when "los_days" < 55 then 10 else 11 end) * 4 + greatest(0, least(cast(floor(("los_days" - list_extract([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]::bigint[], (case when "los_days" < 5 then 0 when "los_days" < 10 then 1 when "los_days" < 15 then 2 when "los_days" < 20 then 3 when "los_days" < 25 then 4 when "los_days" < 30 then 5 when "los_days" < 35 then 6 when "los_days" < 40 then 7 when "los_days" < 45 then 8 when "los_days" < 50 then 9 when "los_days" < 55 then 10 else 11 end) + 1)) * list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], (case when "los_days" < 5 then 0 when "los_days" < 10 then 1 when "los_days" < 15 then 2 when "los_days" < 20 then 3 when "los_days" < 25 then 4 when "los_days" < 30 then 5 when "los_days" < 35 then 6 when "los_days" < 40 then 7 when "los_days" < 45 then 8 when "los_days" < 50 then 9 when "los_days" < 55 then 10 else 11 end) + 1) / (case when list_extract([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]::bigint[], (case when "los_days" < 5 then 0 when "los_days" < 10 then 1 when "los_days" < 15 then 2 when "los_days" < 20 then 3 when "los_days" < 25 then 4 when "los_days" < 30 then 5 when "los_days" < 35 then 6 when "los_days" < 40 then 7 when "los_days" < 45 then 8 when "los_days" < 50 then 9 when "los_days" < 55 then 10 else 11 end) + 1) > list_extract([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]::bigint[], (case when "los_days" < 5 then 0 when "los_days" < 10 then 1 when "los_days" < 15 then 2 when "los_days" < 20 then 3 when "los_days" < 25 then 4 when "los_days" < 30 then 5 when "los_days" < 35 then 6 when "los_days" < 40 then 7 when "los_days" < 45 then 8 when "los_days" < 50 then 9 when "los_days" < 55 then 10 else 11 end) + 1) then list_extract([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]::bigint[], (case when "los_days" < 5 then 0 when "los_days" < 10 then 1 when "los_days" < 15 then 2 when "los_days" < 20 then 3 when "los_days" < 25 then 4 when "los_days" < 30 then 5 when "los_days" < 35 then 6 when "los_days" < 40 then 7 when "los_days" < 45 then 8 when "los_days" < 50 then 9 when "los_days" < 55 then 10 else 11 end) + 1) - list_extract([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]::bigint[], (case when "los_days" < 5 then 0 when "los_days" < 10 then 1 when "los_days" < 15 then 2 when "los_days" < 20 then 3 when "los_days" < 25 then 4 when "los_days" < 30 then 5 when "los_days" < 35 then 6 when "los_days" < 40 then 7 when "los_days" < 45 then 8 when "los_days" < 50 then 9 when "los_days" < 55 then 10 else 11 end) + 1) else 1 end)) as bigint), list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], (case when "los_days" < 5 then 0 when "los_days" < 10 then 1 when "los_days" < 15 then 2 when "los_days" < 20 then 3 when "los_days" < 25 then 4 when "los_days" < 30 then 5 when "los_days" < 35 then 6 when "los_days" < 40 then 7 when "los_days" < 45 then 8 when "los_days" < 50 then 9 when "los_days" < 55 then 10 else 11 end) + 1) - 1)) as cell from "patient"
),
counted as (
    select column_name, cell, count(*) as synthetic_rows
    from synthetic
    group by column_name, cell
),
noised as (
    select 'age' as column_name, cell, labels[1] as label, value, std_error
    from noised_sums where query = 'patient: age__fine'
    union all
    select 'sex' as column_name, cell, labels[1] as label, value, std_error
    from noised_sums where query = 'patient: sex'
    union all
    select 'los_days' as column_name, cell, labels[1] as label, value, std_error
    from noised_sums where query = 'patient: los_days__fine'
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
