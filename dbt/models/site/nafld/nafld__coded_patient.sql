-- Rendered by `wardloom compile` from specs/nafld.yml: change the spec, not this file.
with "bounded" as (
    select * from {{ ref('nafld__bounded_patient') }}
),
"lab__number" as (
    select "patient_id" as "patient_id", count(*) as number from {{ ref('nafld__bounded_lab') }} group by "patient_id"
),
"event__number" as (
    select "patient_id" as "patient_id", count(*) as number from {{ ref('nafld__bounded_event') }} group by "patient_id"
),
"own" as (
    select
        bounded.*,
        case when bounded."age" < 22 then 0 when bounded."age" < 26 then 1 when bounded."age" < 30 then 2 when bounded."age" < 34 then 3 when bounded."age" < 38 then 4 when bounded."age" < 42 then 5 when bounded."age" < 46 then 6 when bounded."age" < 50 then 7 when bounded."age" < 54 then 8 when bounded."age" < 58 then 9 when bounded."age" < 62 then 10 when bounded."age" < 66 then 11 when bounded."age" < 70 then 12 when bounded."age" < 74 then 13 when bounded."age" < 78 then 14 when bounded."age" < 82 then 15 when bounded."age" < 86 then 16 when bounded."age" < 90 then 17 when bounded."age" < 94 then 18 else 19 end as "age__code",
        case cast(bounded."male" as varchar) when 'false' then 0 when 'true' then 1 end as "male__code",
        case when bounded."weight" is null then 21 else case when bounded."weight" < 45 then 0 when bounded."weight" < 50 then 1 when bounded."weight" < 54 then 2 when bounded."weight" < 58 then 3 when bounded."weight" < 62 then 4 when bounded."weight" < 66 then 5 when bounded."weight" < 70 then 6 when bounded."weight" < 74 then 7 when bounded."weight" < 78 then 8 when bounded."weight" < 82 then 9 when bounded."weight" < 86 then 10 when bounded."weight" < 90 then 11 when bounded."weight" < 95 then 12 when bounded."weight" < 100 then 13 when bounded."weight" < 106 then 14 when bounded."weight" < 112 then 15 when bounded."weight" < 120 then 16 when bounded."weight" < 130 then 17 when bounded."weight" < 145 then 18 when bounded."weight" < 160 then 19 else 20 end end as "weight__code",
        case when bounded."height" is null then 16 else case when bounded."height" < 145 then 0 when bounded."height" < 150 then 1 when bounded."height" < 154 then 2 when bounded."height" < 157 then 3 when bounded."height" < 160 then 4 when bounded."height" < 163 then 5 when bounded."height" < 166 then 6 when bounded."height" < 169 then 7 when bounded."height" < 172 then 8 when bounded."height" < 175 then 9 when bounded."height" < 178 then 10 when bounded."height" < 181 then 11 when bounded."height" < 184 then 12 when bounded."height" < 188 then 13 when bounded."height" < 195 then 14 else 15 end end as "height__code",
        case when bounded."case_id" is null then 2 else case when bounded."case_id" = bounded."patient_id" then 1 else 0 end end as "case_id__code",
        case when bounded."futime" < 400 then 0 when bounded."futime" < 800 then 1 when bounded."futime" < 1200 then 2 when bounded."futime" < 1600 then 3 when bounded."futime" < 2000 then 4 when bounded."futime" < 2400 then 5 when bounded."futime" < 2800 then 6 when bounded."futime" < 3200 then 7 when bounded."futime" < 3600 then 8 when bounded."futime" < 4000 then 9 when bounded."futime" < 4400 then 10 when bounded."futime" < 4800 then 11 when bounded."futime" < 5200 then 12 when bounded."futime" < 5600 then 13 when bounded."futime" < 6000 then 14 when bounded."futime" < 6400 then 15 when bounded."futime" < 6800 then 16 when bounded."futime" < 7200 then 17 when bounded."futime" < 7600 then 18 else 19 end as "futime__code",
        case cast(bounded."status" as varchar) when 'false' then 0 when 'true' then 1 end as "status__code",
        coalesce("lab__number".number, 0) as "lab__rows",
        case when coalesce("lab__number".number, 0) < 1 then 0 when coalesce("lab__number".number, 0) < 2 then 1 when coalesce("lab__number".number, 0) < 3 then 2 when coalesce("lab__number".number, 0) < 4 then 3 when coalesce("lab__number".number, 0) < 6 then 4 when coalesce("lab__number".number, 0) < 7 then 5 when coalesce("lab__number".number, 0) < 10 then 6 when coalesce("lab__number".number, 0) < 12 then 7 when coalesce("lab__number".number, 0) < 15 then 8 when coalesce("lab__number".number, 0) < 20 then 9 when coalesce("lab__number".number, 0) < 25 then 10 when coalesce("lab__number".number, 0) < 32 then 11 when coalesce("lab__number".number, 0) < 41 then 12 when coalesce("lab__number".number, 0) < 53 then 13 when coalesce("lab__number".number, 0) < 68 then 14 when coalesce("lab__number".number, 0) < 88 then 15 when coalesce("lab__number".number, 0) < 112 then 16 when coalesce("lab__number".number, 0) < 145 then 17 when coalesce("lab__number".number, 0) < 186 then 18 when coalesce("lab__number".number, 0) < 239 then 19 else 20 end as "lab__count__code",
        coalesce("event__number".number, 0) as "event__rows",
        case when coalesce("event__number".number, 0) < 1 then 0 when coalesce("event__number".number, 0) < 2 then 1 when coalesce("event__number".number, 0) < 3 then 2 when coalesce("event__number".number, 0) < 4 then 3 when coalesce("event__number".number, 0) < 5 then 4 when coalesce("event__number".number, 0) < 7 then 5 when coalesce("event__number".number, 0) < 8 then 6 when coalesce("event__number".number, 0) < 10 then 7 when coalesce("event__number".number, 0) < 13 then 8 when coalesce("event__number".number, 0) < 16 then 9 else 10 end as "event__count__code"
    from bounded
    left join "lab__number" on "lab__number"."patient_id" = bounded."patient_id"
    left join "event__number" on "event__number"."patient_id" = bounded."patient_id"
),
"finely" as (
    select
        "patient_id",
        "age__code" as "age",
        "male__code" as "male",
        "weight__code" as "weight",
        "height__code" as "height",
        "case_id__code" as "case_id",
        "futime__code" as "futime",
        "status__code" as "status",
        "lab__count__code" as "lab__count",
        "event__count__code" as "event__count",
        "age__code" * 4 + greatest(0, least(("age" - list_extract([18, 22, 26, 30, 34, 38, 42, 46, 50, 54, 58, 62, 66, 70, 74, 78, 82, 86, 90, 94]::bigint[], "age__code" + 1)) * list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "age__code" + 1) // (list_extract([22, 26, 30, 34, 38, 42, 46, 50, 54, 58, 62, 66, 70, 74, 78, 82, 86, 90, 94, 99]::bigint[], "age__code" + 1) - list_extract([18, 22, 26, 30, 34, 38, 42, 46, 50, 54, 58, 62, 66, 70, 74, 78, 82, 86, 90, 94]::bigint[], "age__code" + 1)), list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "age__code" + 1) - 1)) as "age__fine",
        case when "weight" is null then 84 else "weight__code" * 4 + greatest(0, least(cast(floor(("weight" - list_extract([30, 45, 50, 54, 58, 62, 66, 70, 74, 78, 82, 86, 90, 95, 100, 106, 112, 120, 130, 145, 160]::bigint[], "weight__code" + 1)) * list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "weight__code" + 1) / (case when list_extract([45, 50, 54, 58, 62, 66, 70, 74, 78, 82, 86, 90, 95, 100, 106, 112, 120, 130, 145, 160, 190]::bigint[], "weight__code" + 1) > list_extract([30, 45, 50, 54, 58, 62, 66, 70, 74, 78, 82, 86, 90, 95, 100, 106, 112, 120, 130, 145, 160]::bigint[], "weight__code" + 1) then list_extract([45, 50, 54, 58, 62, 66, 70, 74, 78, 82, 86, 90, 95, 100, 106, 112, 120, 130, 145, 160, 190]::bigint[], "weight__code" + 1) - list_extract([30, 45, 50, 54, 58, 62, 66, 70, 74, 78, 82, 86, 90, 95, 100, 106, 112, 120, 130, 145, 160]::bigint[], "weight__code" + 1) else 1 end)) as bigint), list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "weight__code" + 1) - 1)) end as "weight__fine",
        case when "height" is null then 64 else "height__code" * 4 + greatest(0, least(("height" - list_extract([120, 145, 150, 154, 157, 160, 163, 166, 169, 172, 175, 178, 181, 184, 188, 195]::bigint[], "height__code" + 1)) * list_extract([4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4]::bigint[], "height__code" + 1) // (list_extract([145, 150, 154, 157, 160, 163, 166, 169, 172, 175, 178, 181, 184, 188, 195, 221]::bigint[], "height__code" + 1) - list_extract([120, 145, 150, 154, 157, 160, 163, 166, 169, 172, 175, 178, 181, 184, 188, 195]::bigint[], "height__code" + 1)), list_extract([4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4]::bigint[], "height__code" + 1) - 1)) end as "height__fine",
        "futime__code" * 4 + greatest(0, least(("futime" - list_extract([0, 400, 800, 1200, 1600, 2000, 2400, 2800, 3200, 3600, 4000, 4400, 4800, 5200, 5600, 6000, 6400, 6800, 7200, 7600]::bigint[], "futime__code" + 1)) * list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "futime__code" + 1) // (list_extract([400, 800, 1200, 1600, 2000, 2400, 2800, 3200, 3600, 4000, 4400, 4800, 5200, 5600, 6000, 6400, 6800, 7200, 7600, 8001]::bigint[], "futime__code" + 1) - list_extract([0, 400, 800, 1200, 1600, 2000, 2400, 2800, 3200, 3600, 4000, 4400, 4800, 5200, 5600, 6000, 6400, 6800, 7200, 7600]::bigint[], "futime__code" + 1)), list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "futime__code" + 1) - 1)) as "futime__fine",
        "lab__count__code" * 4 + greatest(0, least(("lab__rows" - list_extract([0, 1, 2, 3, 4, 6, 7, 10, 12, 15, 20, 25, 32, 41, 53, 68, 88, 112, 145, 186, 239]::bigint[], "lab__count__code" + 1)) * list_extract([1, 1, 1, 1, 2, 1, 3, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "lab__count__code" + 1) // (list_extract([1, 2, 3, 4, 6, 7, 10, 12, 15, 20, 25, 32, 41, 53, 68, 88, 112, 145, 186, 239, 257]::bigint[], "lab__count__code" + 1) - list_extract([0, 1, 2, 3, 4, 6, 7, 10, 12, 15, 20, 25, 32, 41, 53, 68, 88, 112, 145, 186, 239]::bigint[], "lab__count__code" + 1)), list_extract([1, 1, 1, 1, 2, 1, 3, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], "lab__count__code" + 1) - 1)) as "lab__count__fine",
        "event__count__code" * 4 + greatest(0, least(("event__rows" - list_extract([0, 1, 2, 3, 4, 5, 7, 8, 10, 13, 16]::bigint[], "event__count__code" + 1)) * list_extract([1, 1, 1, 1, 1, 2, 1, 2, 3, 3, 1]::bigint[], "event__count__code" + 1) // (list_extract([1, 2, 3, 4, 5, 7, 8, 10, 13, 16, 17]::bigint[], "event__count__code" + 1) - list_extract([0, 1, 2, 3, 4, 5, 7, 8, 10, 13, 16]::bigint[], "event__count__code" + 1)), list_extract([1, 1, 1, 1, 1, 2, 1, 2, 3, 3, 1]::bigint[], "event__count__code" + 1) - 1)) as "event__count__fine"
    from own
)

select
    "patient_id",
    cast("age" as utinyint) as "age",
    cast("male" as utinyint) as "male",
    cast("weight" as utinyint) as "weight",
    cast("height" as utinyint) as "height",
    cast("case_id" as utinyint) as "case_id",
    cast("futime" as utinyint) as "futime",
    cast("status" as utinyint) as "status",
    cast("lab__count" as utinyint) as "lab__count",
    cast("event__count" as utinyint) as "event__count",
    cast("age__fine" as utinyint) as "age__fine",
    cast("weight__fine" as utinyint) as "weight__fine",
    cast("height__fine" as utinyint) as "height__fine",
    cast("futime__fine" as utinyint) as "futime__fine",
    cast("lab__count__fine" as utinyint) as "lab__count__fine",
    cast("event__count__fine" as utinyint) as "event__count__fine"
from finely
