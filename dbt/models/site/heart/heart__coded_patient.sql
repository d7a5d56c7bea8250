-- Rendered by `wardloom compile` from specs/heart.yml: change the spec, not this file.
with "bounded" as (
    select * from {{ ref('heart__bounded_patient') }}
),
"own" as (
    select
        bounded.*,
        case when bounded."age" < 3 then 0 when bounded."age" < 6 then 1 when bounded."age" < 10 then 2 when bounded."age" < 13 then 3 when bounded."age" < 17 then 4 when bounded."age" < 20 then 5 when bounded."age" < 24 then 6 when bounded."age" < 27 then 7 when bounded."age" < 31 then 8 when bounded."age" < 34 then 9 when bounded."age" < 38 then 10 when bounded."age" < 41 then 11 when bounded."age" < 45 then 12 when bounded."age" < 48 then 13 when bounded."age" < 52 then 14 when bounded."age" < 55 then 15 when bounded."age" < 58 then 16 when bounded."age" < 62 then 17 when bounded."age" < 65 then 18 when bounded."age" < 69 then 19 when bounded."age" < 72 then 20 when bounded."age" < 76 then 21 when bounded."age" < 79 then 22 when bounded."age" < 83 then 23 when bounded."age" < 86 then 24 when bounded."age" < 90 then 25 when bounded."age" < 93 then 26 when bounded."age" < 97 then 27 when bounded."age" < 100 then 28 when bounded."age" < 104 then 29 when bounded."age" < 107 then 30 else 31 end as "age__code",
        case cast(bounded."sex" as varchar) when 'F' then 0 when 'M' then 1 when 'U' then 2 end as "sex__code",
        case when bounded."los_days" < 5 then 0 when bounded."los_days" < 10 then 1 when bounded."los_days" < 15 then 2 when bounded."los_days" < 20 then 3 when bounded."los_days" < 25 then 4 when bounded."los_days" < 30 then 5 when bounded."los_days" < 35 then 6 when bounded."los_days" < 40 then 7 when bounded."los_days" < 45 then 8 when bounded."los_days" < 50 then 9 when bounded."los_days" < 55 then 10 else 11 end as "los_days__code"
    from bounded
),
"finely" as (
    select
        "patient_id",
        "age__code" as "age",
        "sex__code" as "sex",
        "los_days__code" as "los_days",
        "age__code" * 4 + greatest(0, least(("age" - list_extract([0, 3, 6, 10, 13, 17, 20, 24, 27, 31, 34, 38, 41, 45, 48, 52, 55, 58, 62, 65, 69, 72, 76, 79, 83, 86, 90, 93, 97, 100, 104, 107]::bigint[], "age__code" + 1)) * list_extract([3, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4]::bigint[], "age__code" + 1) // (list_extract([3, 6, 10, 13, 17, 20, 24, 27, 31, 34, 38, 41, 45, 48, 52, 55, 58, 62, 65, 69, 72, 76, 79, 83, 86, 90, 93, 97, 100, 104, 107, 111]::bigint[], "age__code" + 1) - list_extract([0, 3, 6, 10, 13, 17, 20, 24, 27, 31, 34, 38, 41, 45, 48, 52, 55, 58, 62, 65, 69, 72, 76, 79, 83, 86, 90, 93, 97, 100, 104, 107]::bigint[], "age__code" + 1)), list_extract([3, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4]::bigint[], "age__code" + 1) - 1)) as "age__fine",
        "los_days__code" * 4 + greatest(0, least(cast(floor(("los_days" - list_extract([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]::bigint[], "los_days__code" + 1)) * list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "los_days__code" + 1) / (case when list_extract([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]::bigint[], "los_days__code" + 1) > list_extract([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]::bigint[], "los_days__code" + 1) then list_extract([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60]::bigint[], "los_days__code" + 1) - list_extract([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]::bigint[], "los_days__code" + 1) else 1 end)) as bigint), list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "los_days__code" + 1) - 1)) as "los_days__fine"
    from own
)

select
    "patient_id",
    cast("age" as utinyint) as "age",
    cast("sex" as utinyint) as "sex",
    cast("los_days" as utinyint) as "los_days",
    cast("age__fine" as utinyint) as "age__fine",
    cast("los_days__fine" as utinyint) as "los_days__fine"
from finely
