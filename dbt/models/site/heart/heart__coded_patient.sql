-- Rendered by `wardloom compile` from specs/heart.yml: change the spec, not this file.
with "bounded" as (
    select * from {{ ref('heart__bounded_patient') }}
),
"own" as (
    select
        bounded.*,
        case when bounded."age" < 5 then 0 when bounded."age" < 11 then 1 when bounded."age" < 16 then 2 when bounded."age" < 22 then 3 when bounded."age" < 27 then 4 when bounded."age" < 33 then 5 when bounded."age" < 38 then 6 when bounded."age" < 44 then 7 when bounded."age" < 49 then 8 when bounded."age" < 55 then 9 when bounded."age" < 61 then 10 when bounded."age" < 66 then 11 when bounded."age" < 72 then 12 when bounded."age" < 77 then 13 when bounded."age" < 83 then 14 when bounded."age" < 88 then 15 when bounded."age" < 94 then 16 when bounded."age" < 99 then 17 when bounded."age" < 105 then 18 else 19 end as "age__code",
        case cast(bounded."sex" as varchar) when 'F' then 0 when 'M' then 1 when 'U' then 2 end as "sex__code",
        case when bounded."los_days" < 5 then 0 when bounded."los_days" < 10 then 1 when bounded."los_days" < 15 then 2 when bounded."los_days" < 20 then 3 when bounded."los_days" < 25 then 4 when bounded."los_days" < 30 then 5 when bounded."los_days" < 35 then 6 when bounded."los_days" < 40 then 7 when bounded."los_days" < 45 then 8 when bounded."los_days" < 50 then 9 when bounded."los_days" < 55 then 10 else 11 end as "los_days__code",
        row_number() over (order by bounded."patient_id") as __patient
    from bounded
),
"finely" as (
    select
        "patient_id",
        __patient,
        "age__code" as "age",
        "sex__code" as "sex",
        "los_days__code" as "los_days",
        "age__code" * 4 + greatest(0, least(("age" - list_extract([0, 5, 11, 16, 22, 27, 33, 38, 44, 49, 55, 61, 66, 72, 77, 83, 88, 94, 99, 105]::bigint[], "age__code" + 1)) * list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "age__code" + 1) // (list_extract([5, 11, 16, 22, 27, 33, 38, 44, 49, 55, 61, 66, 72, 77, 83, 88, 94, 99, 105, 111]::bigint[], "age__code" + 1) - list_extract([0, 5, 11, 16, 22, 27, 33, 38, 44, 49, 55, 61, 66, 72, 77, 83, 88, 94, 99, 105]::bigint[], "age__code" + 1)), list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "age__code" + 1) - 1)) as "age__fine",
        "los_days__code" * 4 + greatest(0, least(cast(floor(("los_days" - list_extract([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]::bigint[], "los_days__code" + 1)) * list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "los_days__code" + 1) / (case when list_extract([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]::bigint[], "los_days__code" + 1) > list_extract([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]::bigint[], "los_days__code" + 1) then list_extract([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]::bigint[], "los_days__code" + 1) - list_extract([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]::bigint[], "los_days__code" + 1) else 1 end)) as bigint), list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "los_days__code" + 1) - 1)) as "los_days__fine"
    from own
)

select
    "patient_id",
    "__patient",
    cast("age" as smallint) as "age",
    cast("sex" as smallint) as "sex",
    cast("los_days" as smallint) as "los_days",
    cast("age__fine" as smallint) as "age__fine",
    cast("los_days__fine" as smallint) as "los_days__fine"
from finely
