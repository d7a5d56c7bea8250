-- Rendered by `wardloom compile` from specs/omop.yml: change the spec, not this file.
with "bounded" as (
    select * from {{ ref('omop__bounded_visit') }}
),
"person__coded" as (
    select *, rowid as __patient from {{ ref('omop__coded_person') }}
),
"condition__number" as (
    select "visit_id" as "visit_id", count(*) as number from {{ ref('omop__bounded_condition') }} group by "visit_id"
),
"drug__number" as (
    select "visit_id" as "visit_id", count(*) as number from {{ ref('omop__bounded_drug') }} group by "visit_id"
),
"measurement__number" as (
    select "visit_id" as "visit_id", count(*) as number from {{ ref('omop__bounded_measurement') }} group by "visit_id"
),
"own" as (
    select
        bounded.*,
        case cast(bounded."kind" as varchar) when 'inpatient' then 0 when 'outpatient' then 1 when 'emergency' then 2 when 'other' then 3 end as "kind__code",
        case when date_diff('day', date '1970-01-01', bounded."started_on") < -23011 then 0 when date_diff('day', date '1970-01-01', bounded."started_on") < -22280 then 1 when date_diff('day', date '1970-01-01', bounded."started_on") < -21550 then 2 when date_diff('day', date '1970-01-01', bounded."started_on") < -20819 then 3 when date_diff('day', date '1970-01-01', bounded."started_on") < -20089 then 4 when date_diff('day', date '1970-01-01', bounded."started_on") < -19358 then 5 when date_diff('day', date '1970-01-01', bounded."started_on") < -18628 then 6 when date_diff('day', date '1970-01-01', bounded."started_on") < -17897 then 7 when date_diff('day', date '1970-01-01', bounded."started_on") < -17167 then 8 when date_diff('day', date '1970-01-01', bounded."started_on") < -16436 then 9 when date_diff('day', date '1970-01-01', bounded."started_on") < -15706 then 10 when date_diff('day', date '1970-01-01', bounded."started_on") < -14975 then 11 when date_diff('day', date '1970-01-01', bounded."started_on") < -14245 then 12 when date_diff('day', date '1970-01-01', bounded."started_on") < -13514 then 13 when date_diff('day', date '1970-01-01', bounded."started_on") < -12784 then 14 when date_diff('day', date '1970-01-01', bounded."started_on") < -12053 then 15 when date_diff('day', date '1970-01-01', bounded."started_on") < -11323 then 16 when date_diff('day', date '1970-01-01', bounded."started_on") < -10592 then 17 when date_diff('day', date '1970-01-01', bounded."started_on") < -9862 then 18 when date_diff('day', date '1970-01-01', bounded."started_on") < -9131 then 19 when date_diff('day', date '1970-01-01', bounded."started_on") < -8401 then 20 when date_diff('day', date '1970-01-01', bounded."started_on") < -7670 then 21 when date_diff('day', date '1970-01-01', bounded."started_on") < -6940 then 22 when date_diff('day', date '1970-01-01', bounded."started_on") < -6209 then 23 when date_diff('day', date '1970-01-01', bounded."started_on") < -5479 then 24 when date_diff('day', date '1970-01-01', bounded."started_on") < -4748 then 25 when date_diff('day', date '1970-01-01', bounded."started_on") < -4018 then 26 when date_diff('day', date '1970-01-01', bounded."started_on") < -3287 then 27 when date_diff('day', date '1970-01-01', bounded."started_on") < -2557 then 28 when date_diff('day', date '1970-01-01', bounded."started_on") < -1826 then 29 when date_diff('day', date '1970-01-01', bounded."started_on") < -1096 then 30 when date_diff('day', date '1970-01-01', bounded."started_on") < -365 then 31 when date_diff('day', date '1970-01-01', bounded."started_on") < 365 then 32 when date_diff('day', date '1970-01-01', bounded."started_on") < 1096 then 33 when date_diff('day', date '1970-01-01', bounded."started_on") < 1826 then 34 when date_diff('day', date '1970-01-01', bounded."started_on") < 2557 then 35 when date_diff('day', date '1970-01-01', bounded."started_on") < 3287 then 36 when date_diff('day', date '1970-01-01', bounded."started_on") < 4018 then 37 when date_diff('day', date '1970-01-01', bounded."started_on") < 4748 then 38 when date_diff('day', date '1970-01-01', bounded."started_on") < 5479 then 39 when date_diff('day', date '1970-01-01', bounded."started_on") < 6209 then 40 when date_diff('day', date '1970-01-01', bounded."started_on") < 6940 then 41 when date_diff('day', date '1970-01-01', bounded."started_on") < 7670 then 42 when date_diff('day', date '1970-01-01', bounded."started_on") < 8401 then 43 when date_diff('day', date '1970-01-01', bounded."started_on") < 9131 then 44 when date_diff('day', date '1970-01-01', bounded."started_on") < 9862 then 45 when date_diff('day', date '1970-01-01', bounded."started_on") < 10592 then 46 when date_diff('day', date '1970-01-01', bounded."started_on") < 11323 then 47 when date_diff('day', date '1970-01-01', bounded."started_on") < 12053 then 48 when date_diff('day', date '1970-01-01', bounded."started_on") < 12784 then 49 when date_diff('day', date '1970-01-01', bounded."started_on") < 13514 then 50 when date_diff('day', date '1970-01-01', bounded."started_on") < 14245 then 51 when date_diff('day', date '1970-01-01', bounded."started_on") < 14975 then 52 when date_diff('day', date '1970-01-01', bounded."started_on") < 15706 then 53 when date_diff('day', date '1970-01-01', bounded."started_on") < 16436 then 54 when date_diff('day', date '1970-01-01', bounded."started_on") < 17167 then 55 when date_diff('day', date '1970-01-01', bounded."started_on") < 17897 then 56 when date_diff('day', date '1970-01-01', bounded."started_on") < 18628 then 57 when date_diff('day', date '1970-01-01', bounded."started_on") < 19358 then 58 else 59 end as "started_on__code",
        case when bounded."los_days" < 1 then 0 when bounded."los_days" < 2 then 1 when bounded."los_days" < 3 then 2 when bounded."los_days" < 5 then 3 when bounded."los_days" < 8 then 4 when bounded."los_days" < 15 then 5 when bounded."los_days" < 31 then 6 when bounded."los_days" < 91 then 7 else 8 end as "los_days__code",
        coalesce("condition__number".number, 0) as "condition__rows",
        case when coalesce("condition__number".number, 0) < 1 then 0 when coalesce("condition__number".number, 0) < 2 then 1 when coalesce("condition__number".number, 0) < 3 then 2 when coalesce("condition__number".number, 0) < 4 then 3 when coalesce("condition__number".number, 0) < 5 then 4 when coalesce("condition__number".number, 0) < 7 then 5 else 6 end as "condition__count__code",
        coalesce("drug__number".number, 0) as "drug__rows",
        case when coalesce("drug__number".number, 0) < 1 then 0 when coalesce("drug__number".number, 0) < 2 then 1 when coalesce("drug__number".number, 0) < 3 then 2 when coalesce("drug__number".number, 0) < 4 then 3 when coalesce("drug__number".number, 0) < 5 then 4 when coalesce("drug__number".number, 0) < 7 then 5 else 6 end as "drug__count__code",
        coalesce("measurement__number".number, 0) as "measurement__rows",
        case when coalesce("measurement__number".number, 0) < 1 then 0 when coalesce("measurement__number".number, 0) < 2 then 1 when coalesce("measurement__number".number, 0) < 3 then 2 when coalesce("measurement__number".number, 0) < 4 then 3 when coalesce("measurement__number".number, 0) < 5 then 4 when coalesce("measurement__number".number, 0) < 7 then 5 when coalesce("measurement__number".number, 0) < 8 then 6 when coalesce("measurement__number".number, 0) < 10 then 7 when coalesce("measurement__number".number, 0) < 13 then 8 when coalesce("measurement__number".number, 0) < 16 then 9 else 10 end as "measurement__count__code"
    from bounded
    left join "condition__number" on "condition__number"."visit_id" = bounded."visit_id"
    left join "drug__number" on "drug__number"."visit_id" = bounded."visit_id"
    left join "measurement__number" on "measurement__number"."visit_id" = bounded."visit_id"
),
"finely" as (
    select
        *,
        "los_days__code" * 4 + greatest(0, least(("los_days" - list_extract([0, 1, 2, 3, 5, 8, 15, 31, 91]::bigint[], "los_days__code" + 1)) * list_extract([1, 1, 1, 2, 3, 4, 4, 4, 4]::bigint[], "los_days__code" + 1) // (list_extract([1, 2, 3, 5, 8, 15, 31, 91, 366]::bigint[], "los_days__code" + 1) - list_extract([0, 1, 2, 3, 5, 8, 15, 31, 91]::bigint[], "los_days__code" + 1)), list_extract([1, 1, 1, 2, 3, 4, 4, 4, 4]::bigint[], "los_days__code" + 1) - 1)) as "los_days__fine",
        "condition__count__code" * 4 + greatest(0, least(("condition__rows" - list_extract([0, 1, 2, 3, 4, 5, 7]::bigint[], "condition__count__code" + 1)) * list_extract([1, 1, 1, 1, 1, 2, 2]::bigint[], "condition__count__code" + 1) // (list_extract([1, 2, 3, 4, 5, 7, 9]::bigint[], "condition__count__code" + 1) - list_extract([0, 1, 2, 3, 4, 5, 7]::bigint[], "condition__count__code" + 1)), list_extract([1, 1, 1, 1, 1, 2, 2]::bigint[], "condition__count__code" + 1) - 1)) as "condition__count__fine",
        "drug__count__code" * 4 + greatest(0, least(("drug__rows" - list_extract([0, 1, 2, 3, 4, 5, 7]::bigint[], "drug__count__code" + 1)) * list_extract([1, 1, 1, 1, 1, 2, 2]::bigint[], "drug__count__code" + 1) // (list_extract([1, 2, 3, 4, 5, 7, 9]::bigint[], "drug__count__code" + 1) - list_extract([0, 1, 2, 3, 4, 5, 7]::bigint[], "drug__count__code" + 1)), list_extract([1, 1, 1, 1, 1, 2, 2]::bigint[], "drug__count__code" + 1) - 1)) as "drug__count__fine",
        "measurement__count__code" * 4 + greatest(0, least(("measurement__rows" - list_extract([0, 1, 2, 3, 4, 5, 7, 8, 10, 13, 16]::bigint[], "measurement__count__code" + 1)) * list_extract([1, 1, 1, 1, 1, 2, 1, 2, 3, 3, 1]::bigint[], "measurement__count__code" + 1) // (list_extract([1, 2, 3, 4, 5, 7, 8, 10, 13, 16, 17]::bigint[], "measurement__count__code" + 1) - list_extract([0, 1, 2, 3, 4, 5, 7, 8, 10, 13, 16]::bigint[], "measurement__count__code" + 1)), list_extract([1, 1, 1, 1, 1, 2, 1, 2, 3, 3, 1]::bigint[], "measurement__count__code" + 1) - 1)) as "measurement__count__fine"
    from own
),
"placed" as (
    select
        finely.*,
        "person__coded".__patient,
        "person__coded"."gender" as "person__gender",
        list_extract([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5], "person__coded"."birth_year" + 1) as "person__birth_year",
        "person__coded"."race" as "person__race",
        "person__coded"."ethnicity" as "person__ethnicity",
        "person__coded"."died" as "person__died",
        list_extract([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5], "person__coded"."visit__count" + 1) as "person__visit__count",
        date_diff('day', date '1970-01-01', finely."started_on") as __at,
        20088 as __limit,
        0 as __begin,
        -23741 as __low,
        row_number() over (partition by finely."person_id" order by finely."started_on", finely."kind__code", finely."los_days__code", finely."visit_id") as __row,
        count(*) over (partition by finely."person_id") as __rows
    from finely
    join "person__coded" on finely."person_id" = "person__coded"."person_id"
),
"neighbours" as (
    select
        *,
        lag(__at) over rows_of as __before,
        coalesce(lag(list_extract([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 10, 10, 10, 10, 10, 11, 11, 11, 11, 11], "started_on__code" + 1)) over rows_of, 12) as "started_on__prev",
        coalesce(lag("kind__code") over rows_of, 4) as "kind__prev",
        coalesce(lag("los_days__code") over (partition by "person_id", "kind__code" order by __row), 9) as "los_days__last",
        coalesce(lag("condition__count__code") over (partition by "person_id", "kind__code" order by __row), 7) as "condition__count__last",
        coalesce(lag("drug__count__code") over (partition by "person_id", "kind__code" order by __row), 7) as "drug__count__last",
        coalesce(lag(list_extract([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "measurement__count__code" + 1)) over (partition by "person_id", "kind__code" order by __row), 10) as "measurement__count__last"
    from placed
    window rows_of as (partition by "person_id" order by __row)
),
"measured" as (
    select
        *,
        (__rows - __row + 1) as __rest,
        __at - __before as __gap,
        case when __at = __before then 0 else (__at - __before) * (__rows - __row + 1) / greatest(greatest(__limit - coalesce(__before, __low), 0), 1e-9) end as __stride,
        case when __before is null then __at - __begin end as __start,
        greatest(__limit - coalesce(__before, __low), 0) as __left,
        greatest(__limit - coalesce(__before, __low), 0) // (__rows - __row + 1) as __pace
    from neighbours
),
"timed" as (
    select
        *,
        case when __rest < 1 then 0 when __rest < 2 then 1 when __rest < 3 then 2 when __rest < 4 then 3 when __rest < 5 then 4 when __rest < 7 then 5 when __rest < 8 then 6 when __rest < 10 then 7 when __rest < 13 then 8 when __rest < 16 then 9 when __rest < 20 then 10 when __rest < 25 then 11 when __rest < 31 then 12 when __rest < 39 then 13 when __rest < 48 then 14 when __rest < 60 then 15 else 16 end as __rest__code,
        case when __gap is not null then case when __stride <= 0 then 0 when __stride < 0.0009765625e0 then 1 when __stride < 0.001616705624775021e0 then 2 when __stride < 0.0026764667670314914e0 then 3 when __stride < 0.004430908289826025e0 then 4 when __stride < 0.00733539773954458e0 then 5 when __stride < 0.012143799076335305e0 then 6 when __stride < 0.020104139031397367e0 then 7 when __stride < 0.03328253404499883e0 then 8 when __stride < 0.05509945343725131e0 then 9 when __stride < 0.09121750660509036e0 then 10 when __stride < 0.15101118055055585e0 then 11 when __stride < 0.2499999999999999e0 then 12 when __stride < 0.4138766399424052e0 then 13 when __stride < 0.6851754923600616e0 then 14 when __stride < 1.1343125221954622e0 then 15 when __stride < 1.877861821323412e0 then 16 when __stride < 3.108812563541837e0 then 17 when __stride < 5.146659592037724e0 then 18 when __stride < 8.520328715519696e0 then 19 when __stride < 14.10546007993633e0 then 20 when __stride < 23.351681690903124e0 then 21 when __stride < 38.65886222094229e0 then 22 when __stride < 63.99999999999996e0 then 23 else 24 end end as __gap__code,
        case when __start is not null then case when __start < -23011 then 0 when __start < -22280 then 1 when __start < -21550 then 2 when __start < -20819 then 3 when __start < -20089 then 4 when __start < -19358 then 5 when __start < -18628 then 6 when __start < -17897 then 7 when __start < -17167 then 8 when __start < -16436 then 9 when __start < -15706 then 10 when __start < -14975 then 11 when __start < -14245 then 12 when __start < -13514 then 13 when __start < -12784 then 14 when __start < -12053 then 15 when __start < -11323 then 16 when __start < -10592 then 17 when __start < -9862 then 18 when __start < -9131 then 19 when __start < -8401 then 20 when __start < -7670 then 21 when __start < -6940 then 22 when __start < -6209 then 23 when __start < -5479 then 24 when __start < -4748 then 25 when __start < -4018 then 26 when __start < -3287 then 27 when __start < -2557 then 28 when __start < -1826 then 29 when __start < -1096 then 30 when __start < -365 then 31 when __start < 365 then 32 when __start < 1096 then 33 when __start < 1826 then 34 when __start < 2557 then 35 when __start < 3287 then 36 when __start < 4018 then 37 when __start < 4748 then 38 when __start < 5479 then 39 when __start < 6209 then 40 when __start < 6940 then 41 when __start < 7670 then 42 when __start < 8401 then 43 when __start < 9131 then 44 when __start < 9862 then 45 when __start < 10592 then 46 when __start < 11323 then 47 when __start < 12053 then 48 when __start < 12784 then 49 when __start < 13514 then 50 when __start < 14245 then 51 when __start < 14975 then 52 when __start < 15706 then 53 when __start < 16436 then 54 when __start < 17167 then 55 when __start < 17897 then 56 when __start < 18628 then 57 when __start < 19358 then 58 else 59 end end as __start__code,
        case when __left < 1 then 0 when __left < 2 then 1 when __left < 4 then 2 when __left < 6 then 3 when __left < 9 then 4 when __left < 14 then 5 when __left < 23 then 6 when __left < 37 then 7 when __left < 60 then 8 when __left < 98 then 9 when __left < 159 then 10 when __left < 258 then 11 when __left < 419 then 12 when __left < 681 then 13 when __left < 1107 then 14 when __left < 1799 then 15 when __left < 2924 then 16 when __left < 4752 then 17 when __left < 7725 then 18 when __left < 12556 then 19 when __left < 20410 then 20 when __left < 33176 then 21 else 22 end as __left__code,
        case when __pace < 1 then 0 when __pace < 2 then 1 when __pace < 4 then 2 when __pace < 6 then 3 when __pace < 9 then 4 when __pace < 14 then 5 when __pace < 23 then 6 when __pace < 37 then 7 when __pace < 60 then 8 when __pace < 98 then 9 when __pace < 159 then 10 when __pace < 258 then 11 when __pace < 419 then 12 when __pace < 681 then 13 when __pace < 1107 then 14 when __pace < 1799 then 15 when __pace < 2924 then 16 when __pace < 4752 then 17 when __pace < 7725 then 18 when __pace < 12556 then 19 when __pace < 20410 then 20 when __pace < 33176 then 21 else 22 end as __pace__code,
        case when __row = 1 then 0 when __gap = 0 then 1 else 2 end as __moved__code
    from measured
),
"together" as (
    select
        "visit_id",
        "person_id",
        __patient,
        __row,
        "person__gender",
        "person__birth_year",
        "person__race",
        "person__ethnicity",
        "person__died",
        "person__visit__count",
        "started_on__prev",
        "kind__prev",
        "los_days__last",
        "condition__count__last",
        "drug__count__last",
        "measurement__count__last",
        "los_days__fine",
        "condition__count__fine",
        "drug__count__fine",
        "measurement__count__fine",
        __start__code as "started_on__start",
        __gap__code as "started_on__gap",
        list_extract([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 10, 10, 10, 10, 10, 11, 11, 11, 11, 11], "started_on__code" + 1) as "started_on",
        list_extract([0, 0, 1, 2, 2, 3, 4, 4, 5, 6, 7, 7, 8, 9, 9, 10, 11], __rest__code + 1) as "visit__rest",
        __left__code as "started_on__left",
        __pace__code as "started_on__pace",
        __moved__code as "started_on__moved",
        "kind__code" as "kind",
        "los_days__code" as "los_days__coarse",
        "los_days__code" as "los_days",
        "condition__count__code" as "condition__count__coarse",
        "condition__count__code" as "condition__count",
        "drug__count__code" as "drug__count__coarse",
        "drug__count__code" as "drug__count",
        list_extract([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "measurement__count__code" + 1) as "measurement__count__coarse",
        "measurement__count__code" as "measurement__count",
        case when __start is not null then __start__code * 4 + greatest(0, least((__start - list_extract([-23741, -23011, -22280, -21550, -20819, -20089, -19358, -18628, -17897, -17167, -16436, -15706, -14975, -14245, -13514, -12784, -12053, -11323, -10592, -9862, -9131, -8401, -7670, -6940, -6209, -5479, -4748, -4018, -3287, -2557, -1826, -1096, -365, 365, 1096, 1826, 2557, 3287, 4018, 4748, 5479, 6209, 6940, 7670, 8401, 9131, 9862, 10592, 11323, 12053, 12784, 13514, 14245, 14975, 15706, 16436, 17167, 17897, 18628, 19358]::bigint[], __start__code + 1)) * list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], __start__code + 1) // (list_extract([-23011, -22280, -21550, -20819, -20089, -19358, -18628, -17897, -17167, -16436, -15706, -14975, -14245, -13514, -12784, -12053, -11323, -10592, -9862, -9131, -8401, -7670, -6940, -6209, -5479, -4748, -4018, -3287, -2557, -1826, -1096, -365, 365, 1096, 1826, 2557, 3287, 4018, 4748, 5479, 6209, 6940, 7670, 8401, 9131, 9862, 10592, 11323, 12053, 12784, 13514, 14245, 14975, 15706, 16436, 17167, 17897, 18628, 19358, 20089]::bigint[], __start__code + 1) - list_extract([-23741, -23011, -22280, -21550, -20819, -20089, -19358, -18628, -17897, -17167, -16436, -15706, -14975, -14245, -13514, -12784, -12053, -11323, -10592, -9862, -9131, -8401, -7670, -6940, -6209, -5479, -4748, -4018, -3287, -2557, -1826, -1096, -365, 365, 1096, 1826, 2557, 3287, 4018, 4748, 5479, 6209, 6940, 7670, 8401, 9131, 9862, 10592, 11323, 12053, 12784, 13514, 14245, 14975, 15706, 16436, 17167, 17897, 18628, 19358]::bigint[], __start__code + 1)), list_extract([4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], __start__code + 1) - 1)) end as "started_on__start__fine",
        case when __gap is not null then __gap__code * 4 + greatest(0, least(cast(floor((__stride - list_extract([0, 0, 0.0009765625e0, 0.001616705624775021e0, 0.0026764667670314914e0, 0.004430908289826025e0, 0.00733539773954458e0, 0.012143799076335305e0, 0.020104139031397367e0, 0.03328253404499883e0, 0.05509945343725131e0, 0.09121750660509036e0, 0.15101118055055585e0, 0.2499999999999999e0, 0.4138766399424052e0, 0.6851754923600616e0, 1.1343125221954622e0, 1.877861821323412e0, 3.108812563541837e0, 5.146659592037724e0, 8.520328715519696e0, 14.10546007993633e0, 23.351681690903124e0, 38.65886222094229e0, 63.99999999999996e0]::double[], __gap__code + 1)) * list_extract([1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], __gap__code + 1) / (case when list_extract([0, 0.0009765625e0, 0.001616705624775021e0, 0.0026764667670314914e0, 0.004430908289826025e0, 0.00733539773954458e0, 0.012143799076335305e0, 0.020104139031397367e0, 0.03328253404499883e0, 0.05509945343725131e0, 0.09121750660509036e0, 0.15101118055055585e0, 0.2499999999999999e0, 0.4138766399424052e0, 0.6851754923600616e0, 1.1343125221954622e0, 1.877861821323412e0, 3.108812563541837e0, 5.146659592037724e0, 8.520328715519696e0, 14.10546007993633e0, 23.351681690903124e0, 38.65886222094229e0, 63.99999999999996e0, 64]::double[], __gap__code + 1) > list_extract([0, 0, 0.0009765625e0, 0.001616705624775021e0, 0.0026764667670314914e0, 0.004430908289826025e0, 0.00733539773954458e0, 0.012143799076335305e0, 0.020104139031397367e0, 0.03328253404499883e0, 0.05509945343725131e0, 0.09121750660509036e0, 0.15101118055055585e0, 0.2499999999999999e0, 0.4138766399424052e0, 0.6851754923600616e0, 1.1343125221954622e0, 1.877861821323412e0, 3.108812563541837e0, 5.146659592037724e0, 8.520328715519696e0, 14.10546007993633e0, 23.351681690903124e0, 38.65886222094229e0, 63.99999999999996e0]::double[], __gap__code + 1) then list_extract([0, 0.0009765625e0, 0.001616705624775021e0, 0.0026764667670314914e0, 0.004430908289826025e0, 0.00733539773954458e0, 0.012143799076335305e0, 0.020104139031397367e0, 0.03328253404499883e0, 0.05509945343725131e0, 0.09121750660509036e0, 0.15101118055055585e0, 0.2499999999999999e0, 0.4138766399424052e0, 0.6851754923600616e0, 1.1343125221954622e0, 1.877861821323412e0, 3.108812563541837e0, 5.146659592037724e0, 8.520328715519696e0, 14.10546007993633e0, 23.351681690903124e0, 38.65886222094229e0, 63.99999999999996e0, 64]::double[], __gap__code + 1) - list_extract([0, 0, 0.0009765625e0, 0.001616705624775021e0, 0.0026764667670314914e0, 0.004430908289826025e0, 0.00733539773954458e0, 0.012143799076335305e0, 0.020104139031397367e0, 0.03328253404499883e0, 0.05509945343725131e0, 0.09121750660509036e0, 0.15101118055055585e0, 0.2499999999999999e0, 0.4138766399424052e0, 0.6851754923600616e0, 1.1343125221954622e0, 1.877861821323412e0, 3.108812563541837e0, 5.146659592037724e0, 8.520328715519696e0, 14.10546007993633e0, 23.351681690903124e0, 38.65886222094229e0, 63.99999999999996e0]::double[], __gap__code + 1) else 1 end)) as bigint), list_extract([1, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4]::bigint[], __gap__code + 1) - 1)) end as "started_on__gap__fine"
    from timed
)

select
    "visit_id",
    "person_id",
    "__patient",
    "__row",
    cast("person__gender" as utinyint) as "person__gender",
    cast("person__birth_year" as utinyint) as "person__birth_year",
    cast("person__race" as utinyint) as "person__race",
    cast("person__ethnicity" as utinyint) as "person__ethnicity",
    cast("person__died" as utinyint) as "person__died",
    cast("person__visit__count" as utinyint) as "person__visit__count",
    cast("started_on__start" as utinyint) as "started_on__start",
    cast("started_on__gap" as utinyint) as "started_on__gap",
    cast("started_on" as utinyint) as "started_on",
    cast("started_on__prev" as utinyint) as "started_on__prev",
    cast("visit__rest" as utinyint) as "visit__rest",
    cast("started_on__left" as utinyint) as "started_on__left",
    cast("started_on__pace" as utinyint) as "started_on__pace",
    cast("kind__prev" as utinyint) as "kind__prev",
    cast("started_on__moved" as utinyint) as "started_on__moved",
    cast("kind" as utinyint) as "kind",
    cast("los_days__coarse" as utinyint) as "los_days__coarse",
    cast("los_days__last" as utinyint) as "los_days__last",
    cast("los_days" as utinyint) as "los_days",
    cast("condition__count__coarse" as utinyint) as "condition__count__coarse",
    cast("condition__count__last" as utinyint) as "condition__count__last",
    cast("condition__count" as utinyint) as "condition__count",
    cast("drug__count__coarse" as utinyint) as "drug__count__coarse",
    cast("drug__count__last" as utinyint) as "drug__count__last",
    cast("drug__count" as utinyint) as "drug__count",
    cast("measurement__count__coarse" as utinyint) as "measurement__count__coarse",
    cast("measurement__count__last" as utinyint) as "measurement__count__last",
    cast("measurement__count" as utinyint) as "measurement__count",
    cast("started_on__start__fine" as utinyint) as "started_on__start__fine",
    cast("started_on__gap__fine" as utinyint) as "started_on__gap__fine",
    cast("los_days__fine" as utinyint) as "los_days__fine",
    cast("condition__count__fine" as utinyint) as "condition__count__fine",
    cast("drug__count__fine" as utinyint) as "drug__count__fine",
    cast("measurement__count__fine" as utinyint) as "measurement__count__fine"
from together
